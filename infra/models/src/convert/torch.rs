//! PyTorch's legacy files of weights: five pickles (a magic number, a version, the machine, the state, the keys of its storages), then the
//! storages. The layout is that of `torch.serialization._legacy_save`.

use super::pickle::{self, Known, Pickle, Value, View};
use anyhow::{Context, Result, bail, ensure};
use std::collections::HashMap;

const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;
const VERSION: i128 = 1001;

/// All elements of all tensors together: one gigabyte of weights.
const MAX_ELEMENTS: usize = 1 << 28;

/// A tensor in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tensor {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

/// Reads the tensors of floats of a file, by their names. Tensors of integers (counters of the training) are left out.
pub(super) fn read(mut bytes: &[u8]) -> Result<HashMap<String, Tensor>> {
    let bytes = &mut bytes;
    let (_, magic) = pickle::read(bytes)?;
    ensure!(magic == Value::Int(MAGIC), "it is no file of PyTorch's legacy format");
    let (_, version) = pickle::read(bytes)?;
    ensure!(version == Value::Int(VERSION), "its version is not {VERSION}");
    let (machine, system) = pickle::read(bytes)?;
    ensure!(is_little_endian(&machine, system), "it is not from a little-endian machine");
    let (state, top) = pickle::read(bytes)?;
    let (keys, list) = pickle::read(bytes)?;
    let storages = storages(bytes, &state, &keys, list)?;
    let Value::Dict(top) = top else { bail!("its state is no dictionary") };
    let mut tensors = HashMap::new();
    let mut left = MAX_ELEMENTS;
    for (name, value) in &state.dicts[top] {
        let Value::Tensor(index) = value else { continue };
        let (name, view) = (state.text(*name)?, &state.tensors[*index]);
        let storage = &state.storages[view.storage];
        if storage.kind == Known::FloatStorage {
            let data = storages.get(&storage.key).with_context(|| format!("storage `{}` is missing", storage.key))?;
            let tensor = gather(view, data, &mut left).with_context(|| format!("in tensor `{name}`"))?;
            tensors.insert(name.to_owned(), tensor);
        }
    }
    Ok(tensors)
}

fn is_little_endian(machine: &Pickle, system: Value) -> bool {
    let Value::Dict(index) = system else { return false };
    let is_it = |(key, value): &(Value, Value)| {
        machine.text(*key).is_ok_and(|key| key == "little_endian") && *value == Value::Bool(true)
    };
    machine.dicts[index].iter().any(is_it)
}

/// Returns the bytes of each storage: as many as the file has, whatever the state claims.
fn storages<'a>(bytes: &mut &'a [u8], state: &Pickle, keys: &Pickle, list: Value) -> Result<HashMap<String, &'a [u8]>> {
    let known: HashMap<&str, Known> =
        state.storages.iter().map(|storage| (storage.key.as_str(), storage.kind)).collect();
    let Value::List(list) = list else { bail!("there is no list of storages") };
    let mut found = HashMap::new();
    for key in &keys.lists[list] {
        let key = keys.text(*key)?;
        let kind = known.get(key).with_context(|| format!("storage `{key}` belongs to nothing"))?;
        let width = if *kind == Known::LongStorage { 8 } else { 4 };
        let (count, rest) = bytes.split_first_chunk().context("the file is cut off")?;
        let length = usize::try_from(i64::from_le_bytes(*count)).ok().and_then(|count| count.checked_mul(width));
        let length = length.with_context(|| format!("storage `{key}` has no size"))?;
        let (data, rest) = rest.split_at_checked(length).context("the file is cut off")?;
        *bytes = rest;
        found.insert(key.to_owned(), data);
    }
    Ok(found)
}

/// Copies a view's elements in row-major order. PyTorch keeps some weights in another.
fn gather(view: &View, data: &[u8], left: &mut usize) -> Result<Tensor> {
    let elements = view.shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    let elements = elements.filter(|elements| *elements <= *left).context("it is too large")?;
    *left -= elements;
    let (data, _) = data.as_chunks::<4>();
    let last = view
        .shape
        .iter()
        .zip(&view.strides)
        .try_fold(view.offset, |at, (size, stride)| at.checked_add(size.saturating_sub(1).checked_mul(*stride)?));
    ensure!(elements == 0 || last.is_some_and(|last| last < data.len()), "it reaches beyond its storage");
    let mut gathered = Vec::with_capacity(elements);
    let mut index = vec![0; view.shape.len()];
    for _ in 0..elements {
        let at = view.offset + index.iter().zip(&view.strides).map(|(i, stride)| i * stride).sum::<usize>();
        gathered.push(f32::from_le_bytes(data[at]));
        for axis in (0..index.len()).rev() {
            index[axis] += 1;
            if index[axis] < view.shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    Ok(Tensor { shape: view.shape.clone(), data: gathered })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one tensor `w` of 2×3 whose strides are (1, 2), as `torch.save` writes it.
    fn file(offset: u8, count: i64, values: &[f32]) -> Vec<u8> {
        let text = |text: &str| [&[b'X'][..], &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
        let mut bytes =
            b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}(".to_vec();
        bytes.extend(text("little_endian"));
        bytes.extend(b"\x88u.\x80\x02ccollections\nOrderedDict\n)R(");
        bytes.extend(text("w"));
        bytes.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        bytes.extend(text("storage"));
        bytes.extend(b"ctorch\nFloatStorage\n");
        bytes.extend([text("7"), text("cpu")].concat());
        bytes.extend(b"K\x06NtQK");
        bytes.push(offset);
        bytes.extend(b"(K\x02K\x03t(K\x01K\x02t\x89ccollections\nOrderedDict\n)RtRu.\x80\x02](");
        bytes.extend(text("7"));
        bytes.extend(b"e.");
        bytes.extend(count.to_le_bytes());
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    const SIX: [f32; 6] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];

    #[test]
    fn strides_are_followed() {
        let tensors = read(&file(0, 6, &SIX)).expect("it is whole");
        let wanted = Tensor { shape: vec![2, 3], data: vec![0.0, 2.0, 4.0, 1.0, 3.0, 5.0] };
        assert_eq!(tensors["w"], wanted);
    }

    #[test]
    fn a_lying_file_is_refused() {
        let error = |bytes: &[u8]| format!("{:#}", read(bytes).expect_err("it is refused"));
        assert!(error(&file(1, 6, &SIX)).contains("reaches beyond its storage"));
        assert!(error(&file(0, 5, &SIX[..5])).contains("reaches beyond its storage"));
        assert!(
            error(&file(0, i64::MAX, &SIX)).contains("no size") || error(&file(0, i64::MAX, &SIX)).contains("cut off")
        );
        assert!(error(&file(0, -1, &SIX)).contains("no size"));
        let whole = file(0, 6, &SIX);
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err(), "cut at {end}");
        }
        assert!(error(b"PK\x03\x04").contains("opcode"));
    }

    #[test]
    fn a_huge_view_allocates_nothing() {
        let view = View { storage: 0, offset: 0, shape: vec![1 << 31, 1 << 31], strides: vec![0, 0] };
        assert!(gather(&view, &[0; 4], &mut MAX_ELEMENTS.clone()).is_err());
        let view = View { shape: vec![1 << 40, 1 << 40], ..view };
        assert!(gather(&view, &[0; 4], &mut MAX_ELEMENTS.clone()).is_err());
    }
}
