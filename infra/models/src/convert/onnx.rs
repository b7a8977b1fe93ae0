//! Writes ONNX files: the few messages of `onnx.proto` that our networks need, in the protobuf encoding.

/// A message under construction.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3);
        self.varint(value.cast_unsigned());
        self
    }

    fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn text(self, field: u64, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    fn message(self, field: u64, value: Message) -> Self {
        self.bytes(field, &value.0)
    }
}

/// A network under construction.
#[derive(Default)]
pub(super) struct Graph(Message);

pub(super) enum Attribute<'a> {
    Int(i64),
    Ints(&'a [i64]),
    Text(&'a str),
}

impl Graph {
    /// Adds an operator with one output, and returns the output's name.
    pub fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Attribute<'_>)],
    ) -> String {
        self.node_of_many(operator, inputs, &[output], attributes);
        output.to_owned()
    }

    /// Adds an operator with several outputs.
    pub fn node_of_many(
        &mut self,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&str, Attribute<'_>)],
    ) {
        let mut node = Message::default();
        for input in inputs {
            node = node.text(1, input);
        }
        for output in outputs {
            node = node.text(2, output);
        }
        node = node.text(4, operator);
        for (name, value) in attributes {
            node = node.message(5, attribute(name, value));
        }
        self.add(1, node);
    }

    /// Adds a tensor of weights.
    pub fn weights(&mut self, name: &str, shape: &[usize], data: &[f32]) {
        let raw: Vec<u8> = data.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(name, Kind::Float, shape, &raw);
    }

    /// Adds a list of whole numbers.
    pub fn numbers(&mut self, name: &str, data: &[i64]) {
        let raw: Vec<u8> = data.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(name, Kind::Int, &[data.len()], &raw);
    }

    /// Adds a tensor, whose bytes are in the order of little-endian machines.
    pub fn tensor(&mut self, name: &str, kind: Kind, shape: &[usize], raw: &[u8]) {
        let mut tensor = Message::default();
        for size in shape {
            tensor = tensor.number(1, *size as i64);
        }
        self.add(5, tensor.number(2, kind as i64).text(8, name).bytes(9, raw));
    }

    pub fn input(&mut self, name: &str, shape: &[i64]) {
        self.input_of(name, Kind::Float, &fixed(shape));
    }

    pub fn output(&mut self, name: &str, shape: &[i64]) {
        self.output_of(name, &fixed(shape));
    }

    /// Adds an input with sizes that only a run knows.
    pub fn input_of(&mut self, name: &str, kind: Kind, shape: &[Size<'_>]) {
        self.add(11, value_info(name, kind, shape));
    }

    /// Adds an output with sizes that only a run knows.
    pub fn output_of(&mut self, name: &str, shape: &[Size<'_>]) {
        self.add(12, value_info(name, Kind::Float, shape));
    }

    fn add(&mut self, field: u64, message: Message) {
        self.0 = std::mem::take(&mut self.0).message(field, message);
    }

    /// Returns the file. The version is that of the operators' meanings.
    pub fn finish(self, name: &str, version: i64) -> Vec<u8> {
        let opset = Message::default().text(1, "").number(2, version);
        let graph = self.0.text(2, name);
        Message::default().number(1, IR_VERSION).text(2, "greenroom").message(7, graph).message(8, opset).0
    }
}

/// `TensorProto.DataType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Float = 1,
    Int = 7,
    Half = 10,
}

/// An axis's length, or a name for it.
#[derive(Clone, Copy)]
pub(super) enum Size<'a> {
    Is(i64),
    Named(&'a str),
}

fn fixed(shape: &[i64]) -> Vec<Size<'static>> {
    shape.iter().map(|size| Size::Is(*size)).collect()
}

const IR_VERSION: i64 = 8;

fn attribute(name: &str, value: &Attribute<'_>) -> Message {
    let attribute = Message::default().text(1, name);
    // The last field is `AttributeProto.AttributeType`.
    match value {
        Attribute::Int(value) => attribute.number(3, *value).number(20, 2),
        Attribute::Text(value) => attribute.text(4, value).number(20, 3),
        Attribute::Ints(values) => {
            values.iter().fold(attribute, |attribute, value| attribute.number(8, *value)).number(20, 7)
        }
    }
}

fn value_info(name: &str, kind: Kind, shape: &[Size<'_>]) -> Message {
    let mut dimensions = Message::default();
    for size in shape {
        let dimension = match size {
            Size::Is(size) => Message::default().number(1, *size),
            Size::Named(name) => Message::default().text(2, name),
        };
        dimensions = dimensions.message(1, dimension);
    }
    let tensor = Message::default().number(1, kind as i64).message(2, dimensions);
    Message::default().text(1, name).message(2, Message::default().message(1, tensor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_the_encoding() {
        // The examples of protobuf's own documentation: 150 is 96 01, and field 2 with "testing" begins with 12 07.
        assert_eq!(Message::default().number(1, 150).0, [0x08, 0x96, 0x01]);
        assert_eq!(Message::default().text(2, "testing").0, b"\x12\x07testing");
        assert_eq!(Message::default().number(1, -1).0.len(), 11);
    }
}
