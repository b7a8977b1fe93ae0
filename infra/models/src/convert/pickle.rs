//! A reader of the part of Python's pickle format that PyTorch's legacy files use. It executes nothing: four names of classes and functions
//! are known, each has one meaning here, and every other name is refused. So is every opcode that those files do not have.
//!
//! Values refer to each other by index, so that neither a deep nor a circular file can exhaust the stack. Each opcode makes at most one
//! value, so memory stays proportional to the bytes that were read.

use anyhow::{Context, Result, bail, ensure};
use std::collections::HashMap;

/// Names and keys are short.
const MAX_TEXT: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Text(usize),
    Known(Known),
    Tuple(usize),
    List(usize),
    Dict(usize),
    Storage(usize),
    Tensor(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    OrderedDict,
    RebuildTensor,
    FloatStorage,
    LongStorage,
}

/// A run of numbers that follows the pickles, under a key.
#[derive(Clone, Debug)]
pub(super) struct Storage {
    pub kind: Known,
    pub key: String,
}

/// A view of a storage: strides count elements.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub storage: usize,
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

/// What a pickle held.
#[derive(Debug, Default)]
pub(super) struct Pickle {
    pub texts: Vec<String>,
    pub lists: Vec<Vec<Value>>,
    pub dicts: Vec<Vec<(Value, Value)>>,
    pub storages: Vec<Storage>,
    pub tensors: Vec<View>,
    tuples: Vec<Vec<Value>>,
}

impl Pickle {
    pub fn text(&self, value: Value) -> Result<&str> {
        match value {
            Value::Text(index) => Ok(&self.texts[index]),
            other => bail!("{other:?} is no text"),
        }
    }

    fn tuple(&self, value: Value) -> Result<&[Value]> {
        match value {
            Value::Tuple(index) => Ok(&self.tuples[index]),
            other => bail!("{other:?} is no tuple"),
        }
    }

    fn sizes(&self, value: Value) -> Result<Vec<usize>> {
        self.tuple(value)?.iter().map(|value| size(*value)).collect()
    }
}

fn size(value: Value) -> Result<usize> {
    match value {
        Value::Int(number) => usize::try_from(number).with_context(|| format!("{number} is no size")),
        other => bail!("{other:?} is no number"),
    }
}

/// Reads one pickle from the start of `bytes` and moves them behind it.
pub(super) fn read(bytes: &mut &[u8]) -> Result<(Pickle, Value)> {
    let mut machine =
        Machine { bytes, stack: Vec::new(), marks: Vec::new(), memo: HashMap::new(), made: Pickle::default() };
    let top = machine.run()?;
    Ok((machine.made, top))
}

struct Machine<'a, 'b> {
    bytes: &'a mut &'b [u8],
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    made: Pickle,
}

impl Machine<'_, '_> {
    fn run(&mut self) -> Result<Value> {
        loop {
            match self.byte()? {
                b'.' => return self.pop(),
                opcode => self.step(opcode).with_context(|| format!("in pickle opcode {opcode:#04x}"))?,
            }
        }
    }

    fn step(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            0x80 => ensure!(self.byte()? == 2, "the protocol is not 2"),
            b'(' => self.marks.push(self.stack.len()),
            b'N' => self.stack.push(Value::None),
            0x88 => self.stack.push(Value::Bool(true)),
            0x89 => self.stack.push(Value::Bool(false)),
            b'K' | b'M' | b'J' | 0x8a => self.number(opcode)?,
            b'X' => self.unicode()?,
            b'c' => self.known()?,
            b')' => self.push_tuple(Vec::new()),
            b't' => {
                let values = self.pop_mark()?;
                self.push_tuple(values);
            }
            0x85 => self.tuple_of(1)?,
            0x86 => self.tuple_of(2)?,
            b']' => {
                self.made.lists.push(Vec::new());
                self.stack.push(Value::List(self.made.lists.len() - 1));
            }
            b'e' => self.appends()?,
            b'}' => self.push_dict(),
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])?;
            }
            b'u' => {
                let values = self.pop_mark()?;
                self.set_items(&values)?;
            }
            b'q' | b'r' | b'h' | b'j' => self.remember(opcode)?,
            b'Q' => self.persistent()?,
            b'R' => self.reduce()?,
            // The state of an object: attributes of a dictionary, which say nothing that we need.
            b'b' => drop(self.pop()?),
            _ => bail!("it is not used by PyTorch's legacy files"),
        }
        Ok(())
    }

    fn take(&mut self, n: usize) -> Result<&[u8]> {
        let (taken, rest) = self.bytes.split_at_checked(n).context("the pickle is cut off")?;
        *self.bytes = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn word(&mut self) -> Result<u32> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn pop(&mut self) -> Result<Value> {
        let floor = self.marks.last().copied().unwrap_or(0);
        ensure!(self.stack.len() > floor, "the stack is empty");
        self.stack.pop().context("the stack is empty")
    }

    fn pop_mark(&mut self) -> Result<Vec<Value>> {
        let mark = self.marks.pop().context("there is no mark")?;
        Ok(self.stack.split_off(mark))
    }

    fn push_tuple(&mut self, values: Vec<Value>) {
        self.made.tuples.push(values);
        self.stack.push(Value::Tuple(self.made.tuples.len() - 1));
    }

    fn tuple_of(&mut self, n: usize) -> Result<()> {
        let mut values = (0..n).map(|_| self.pop()).collect::<Result<Vec<_>>>()?;
        values.reverse();
        self.push_tuple(values);
        Ok(())
    }

    fn push_dict(&mut self) {
        self.made.dicts.push(Vec::new());
        self.stack.push(Value::Dict(self.made.dicts.len() - 1));
    }

    fn number(&mut self, opcode: u8) -> Result<()> {
        let number = match opcode {
            b'K' => i128::from(self.byte()?),
            b'M' => i128::from(self.byte()?) | i128::from(self.byte()?) << 8,
            b'J' => i128::from(self.word()?.cast_signed()),
            _ => {
                let n = usize::from(self.byte()?);
                ensure!(n <= 16, "a number of {n} bytes is too long");
                let bytes = self.take(n)?;
                let sign = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
                let mut whole = [sign; 16];
                whole[..n].copy_from_slice(bytes);
                i128::from_le_bytes(whole)
            }
        };
        self.stack.push(Value::Int(number));
        Ok(())
    }

    fn unicode(&mut self) -> Result<()> {
        let n = self.word()? as usize;
        ensure!(n <= MAX_TEXT, "a text of {n} bytes is too long");
        let text = std::str::from_utf8(self.take(n)?).context("a text is no UTF-8")?.to_owned();
        self.made.texts.push(text);
        self.stack.push(Value::Text(self.made.texts.len() - 1));
        Ok(())
    }

    /// Reads a line, without its end.
    fn line(&mut self) -> Result<String> {
        let end = self.bytes.iter().take(MAX_TEXT).position(|byte| *byte == b'\n').context("a name has no end")?;
        let line = String::from_utf8_lossy(&self.take(end + 1)?[..end]).into_owned();
        Ok(line)
    }

    fn known(&mut self) -> Result<()> {
        let (module, name) = (self.line()?, self.line()?);
        let known = match (module.as_str(), name.as_str()) {
            ("collections", "OrderedDict") => Known::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Known::RebuildTensor,
            ("torch", "FloatStorage") => Known::FloatStorage,
            ("torch", "LongStorage") => Known::LongStorage,
            _ => {
                let name = format!("{module}.{name}");
                bail!("`{}` is not a name that a file of weights needs", name.escape_debug())
            }
        };
        self.stack.push(Value::Known(known));
        Ok(())
    }

    fn appends(&mut self) -> Result<()> {
        let values = self.pop_mark()?;
        match self.stack.last() {
            Some(Value::List(index)) => self.made.lists[*index].extend(values),
            other => bail!("{other:?} is no list"),
        }
        Ok(())
    }

    fn set_items(&mut self, values: &[Value]) -> Result<()> {
        ensure!(values.len().is_multiple_of(2), "a key has no value");
        match self.stack.last() {
            Some(Value::Dict(index)) => {
                self.made.dicts[*index].extend(values.chunks_exact(2).map(|pair| (pair[0], pair[1])));
            }
            other => bail!("{other:?} is no dictionary"),
        }
        Ok(())
    }

    fn remember(&mut self, opcode: u8) -> Result<()> {
        let key = if matches!(opcode, b'q' | b'h') { u32::from(self.byte()?) } else { self.word()? };
        if matches!(opcode, b'q' | b'r') {
            let value = *self.stack.last().context("there is nothing to remember")?;
            self.memo.insert(key, value);
        } else {
            let value = *self.memo.get(&key).with_context(|| format!("nothing was remembered as {key}"))?;
            self.stack.push(value);
        }
        Ok(())
    }

    /// `("storage", class, key, device, count, None)`.
    fn persistent(&mut self) -> Result<()> {
        let identity = self.pop()?;
        let &[kind, Value::Known(class), key, _, _, _] = self.made.tuple(identity)? else {
            bail!("it does not name a storage");
        };
        ensure!(self.made.text(kind)? == "storage", "it does not name a storage");
        ensure!(matches!(class, Known::FloatStorage | Known::LongStorage), "`{class:?}` is no storage");
        let storage = Storage { kind: class, key: self.made.text(key)?.to_owned() };
        self.made.storages.push(storage);
        self.stack.push(Value::Storage(self.made.storages.len() - 1));
        Ok(())
    }

    /// A call, in a real pickle. Here it is one of two shapes.
    fn reduce(&mut self) -> Result<()> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        match function {
            Value::Known(Known::OrderedDict) => {
                ensure!(self.made.tuple(arguments)?.is_empty(), "an OrderedDict begins empty");
                self.push_dict();
            }
            Value::Known(Known::RebuildTensor) => {
                let &[Value::Storage(storage), offset, shape, strides, _, _] = self.made.tuple(arguments)? else {
                    bail!("it does not rebuild a tensor");
                };
                let (shape, strides) = (self.made.sizes(shape)?, self.made.sizes(strides)?);
                ensure!(shape.len() == strides.len() && shape.len() <= 8, "shape and strides do not fit");
                self.made.tensors.push(View { storage, offset: size(offset)?, shape, strides });
                self.stack.push(Value::Tensor(self.made.tensors.len() - 1));
            }
            other => bail!("{other:?} is not called"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(bytes: &[u8]) -> String {
        format!("{:#}", read(&mut &bytes[..]).expect_err("it is refused"))
    }

    #[test]
    fn code_is_refused() {
        // What `pickle.loads` would run: os.system("id"), by GLOBAL and by the newer STACK_GLOBAL.
        let call = b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.";
        assert!(error(call).contains("`os.system` is not a name that a file of weights needs"));
        assert!(error(b"\x80\x02X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93.").contains("opcode 0x93"));
        assert!(error(b"\x80\x02X\x02\x00\x00\x00id)R.").contains("is not called"));
        assert!(error(b"\x80\x02ctorch\nFloatStorage\n)R.").contains("is not called"));
    }

    #[test]
    fn a_cut_file_is_refused_at_every_byte() {
        let head = b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01(X\x01\x00\x00\x00aq\x02J\xff\xff\xff\xff";
        let whole = [&head[..], b"X\x01\x00\x00\x00bM\x02\x01u."].concat();
        let (pickle, top) = read(&mut &whole[..]).expect("it is whole");
        assert_eq!(top, Value::Dict(0));
        assert_eq!(pickle.dicts[0], [(Value::Text(0), Value::Int(-1)), (Value::Text(1), Value::Int(258))]);
        for end in 0..whole.len() {
            assert!(read(&mut &whole[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_deep_file_costs_no_stack() {
        let mut deep = b"\x80\x02N".to_vec();
        deep.extend(std::iter::repeat_n(0x85, 2_000_000));
        deep.push(b'.');
        let (pickle, top) = read(&mut &deep[..]).expect("it nests");
        assert_eq!(top, Value::Tuple(1_999_999));
        drop(pickle);
        let marks = [&b"\x80\x02"[..], &vec![b'('; 1_000_000], b"."].concat();
        assert!(error(&marks).contains("the stack is empty"));
    }

    #[test]
    fn sizes_are_believed_only_as_far_as_there_are_bytes() {
        assert!(error(b"\x80\x02X\xff\xff\xff\xff").contains("too long"));
        assert!(error(b"\x80\x02\x8a\xff").contains("too long"));
        assert!(error(b"\x80\x02X\x00\x10\x00\x00abc").contains("cut off"));
        assert!(error(b"\x80\x02j\xff\xff\xff\xff.").contains("nothing was remembered"));
        assert!(error(b"\x80\x02t.").contains("no mark"));
        assert!(error(b"\x80\x02}(NNNu.").contains("a key has no value"));
        assert!(error(b"\x80\x03N.").contains("protocol"));
    }
}
