//! Our part of JSON Schema against an independent validator, on thousands of made-up pairs.

use prompts::Schema;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// SplitMix64, so that every run asks the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }

    fn is_likely(&mut self) -> bool {
        self.below(3) > 0
    }

    fn value(&mut self, depth: u64) -> Value {
        let scalars = [
            json!(null),
            json!(true),
            json!(false),
            json!(0),
            json!(1),
            json!(1.0),
            json!(1.5),
            json!(-1),
            json!(""),
            json!("a"),
            json!("日本"),
            json!("abc"),
            json!([]),
            json!({}),
        ];
        match self.below(if depth == 0 { 3 } else { 6 }) {
            3 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            4 | 5 => self.fields(|dice| dice.value(depth - 1)).into(),
            _ => scalars[usize::try_from(self.below(14)).expect("small")].clone(),
        }
    }

    fn fields(&mut self, mut make: impl FnMut(&mut Dice) -> Value) -> Map<String, Value> {
        let names: Vec<&str> = ["a", "b", "c"].into_iter().filter(|_| self.is_likely()).collect();
        names.into_iter().map(|name| (name.to_owned(), make(self))).collect()
    }

    fn kind(&mut self) -> Value {
        let kinds = ["array", "boolean", "integer", "null", "number", "object", "string"];
        let mut one = || kinds[usize::try_from(self.below(7)).expect("small")];
        let (first, second) = (one(), one());
        if self.is_likely() || first == second { first.into() } else { json!([first, second]) }
    }

    fn schema(&mut self, depth: u64) -> Value {
        let bounds = |dice: &mut Dice, minimum: &str, maximum: &str, kind: &str| json!({"type": kind, minimum: dice.below(3), maximum: dice.below(4)});
        match self.below(if depth == 0 { 7 } else { 12 }) {
            0 | 1 => json!({"type": self.kind()}),
            2 => json!({"enum": (0..1 + self.below(4)).map(|_| self.value(1)).collect::<Vec<_>>()}),
            3 => json!({"const": self.value(1)}),
            4 => bounds(self, "minLength", "maxLength", "string"),
            5 => bounds(self, "minimum", "maximum", "number"),
            6 => json!({"description": "anything"}),
            7 | 8 => {
                let mut schema = bounds(self, "minItems", "maxItems", "array");
                schema["items"] = self.schema(depth - 1);
                schema
            }
            _ => {
                let properties = self.fields(|dice| dice.schema(depth - 1));
                let required: Vec<&str> = ["a", "b"].into_iter().filter(|_| !self.is_likely()).collect();
                let mut schema = json!({"type": "object", "properties": properties, "required": required});
                match self.below(4) {
                    0 => schema["additionalProperties"] = self.schema(0),
                    1 | 2 => schema["additionalProperties"] = false.into(),
                    _ => {}
                }
                schema
            }
        }
    }
}

fn ask_python(pairs: &Value) -> Vec<bool> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = package.join("../../target/tools/venv/bin/python");
    assert!(python.exists(), "Python's jsonschema is not there: run `cargo xtask setup`");
    let mut child = Command::new(python)
        .arg(package.join("tests/jsonschema_check.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(pairs.to_string().as_bytes()).expect("python reads");
    drop(input);
    let output = child.wait_with_output().expect("python ends");
    assert!(output.status.success(), "Python's jsonschema failed: run `cargo xtask setup`");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn an_independent_validator_agrees() {
    let mut dice = Dice(1);
    let mut pairs = Vec::new();
    for _ in 0..1500 {
        let schema = dice.schema(2);
        pairs.extend((0..4).map(|_| (schema.clone(), dice.value(2))));
    }
    let answers = ask_python(&json!(pairs));
    let mut n_valid = 0;
    for ((schema, value), theirs) in pairs.iter().zip(&answers) {
        let violations = Schema::new(schema.clone()).expect("a schema").check(value);
        assert_eq!(violations.is_empty(), *theirs, "{value} by {schema}: {violations:?}");
        n_valid += usize::from(*theirs);
    }
    assert_eq!(answers.len(), 6000);
    assert!((500..5500).contains(&n_valid), "both answers occur: {n_valid} of 6000 are valid");
}
