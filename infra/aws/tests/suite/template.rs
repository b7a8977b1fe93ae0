//! The template, expanded once per run, and hands to change it with.

use serde_json::Value;
use stack::Calls;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What `expand.py` makes of `template.yaml`.
pub static TEMPLATE: LazyLock<Value> = LazyLock::new(|| {
    let python = workspace().join("target/tools/venv/bin/python");
    assert!(python.exists(), "`{}` is missing: run `cargo xtask setup` first", python.display());
    let out = workspace().join("target/infra/stack.json");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("expand.py");
    let run = Command::new(python).arg(script).arg(&out).output().expect("python starts");
    assert!(run.status.success(), "the template does not expand:\n{}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&std::fs::read(out).expect("the expanded template is there")).expect("it is JSON")
});

pub fn calls() -> Calls {
    Calls::parse(include_str!("../../calls.json")).expect("`calls.json` is as it should be")
}

/// A template that is about to be broken. `StoreBucket/VersioningConfiguration` is a property; a path that begins
/// with a slash is one from the template's top. Every hand fails if there is nothing where it reaches: a fault that
/// is not planted proves nothing.
pub struct Hands(pub Value);

impl Hands {
    /// Replaces what is there.
    pub fn set(&mut self, pointer: &str, value: Value) {
        let there = self.at(pointer);
        assert_ne!(*there, value, "`{pointer}` is so already");
        *there = value;
    }

    /// Adds a field that is not there yet.
    pub fn add(&mut self, pointer: &str, field: &str, value: Value) {
        let before = self.fields(pointer).insert(field.to_owned(), value);
        assert!(before.is_none(), "`{pointer}` has `{field}` already");
    }

    /// Removes a field.
    pub fn cut(&mut self, pointer: &str, field: &str) {
        assert!(self.fields(pointer).remove(field).is_some(), "`{pointer}` has no `{field}`");
    }

    /// Appends to a list.
    pub fn push(&mut self, pointer: &str, value: Value) {
        self.at(pointer).as_array_mut().unwrap_or_else(|| panic!("`{pointer}` is no list")).push(value);
    }

    /// Takes an item that equals `value` out of a list.
    pub fn take(&mut self, pointer: &str, value: &Value) {
        let list = self.at(pointer).as_array_mut().unwrap_or_else(|| panic!("`{pointer}` is no list"));
        let n_before = list.len();
        list.retain(|item| item != value);
        assert!(list.len() < n_before, "`{pointer}` has no {value}");
    }

    /// A field of a role's statement, by the statement's `Sid`.
    pub fn grant(&self, role: &str, sid: &str, field: &str) -> String {
        let statements = format!("/Resources/{role}/Properties/Policies/0/PolicyDocument/Statement");
        self.statement(&statements, sid, field)
    }

    /// A field of a resource policy's statement.
    pub fn rule(&self, policy: &str, sid: &str, field: &str) -> String {
        let statements = format!("/Resources/{policy}/Properties/PolicyDocument/Statement");
        self.statement(&statements, sid, field)
    }

    fn statement(&self, statements: &str, sid: &str, field: &str) -> String {
        let list = self.0.pointer(statements).and_then(Value::as_array).unwrap_or_else(|| panic!("no `{statements}`"));
        let index = list.iter().position(|statement| statement["Sid"] == sid);
        let index = index.unwrap_or_else(|| panic!("`{statements}` has no `{sid}`"));
        if field.is_empty() { format!("{statements}/{index}") } else { format!("{statements}/{index}/{field}") }
    }

    fn at(&mut self, path: &str) -> &mut Value {
        let pointer = match path.split_once('/') {
            Some((name, rest)) if !name.is_empty() => format!("/Resources/{name}/Properties/{rest}"),
            _ => path.to_owned(),
        };
        let pointer = pointer.trim_end_matches('/');
        self.0.pointer_mut(pointer).unwrap_or_else(|| panic!("there is no `{pointer}`"))
    }

    fn fields(&mut self, pointer: &str) -> &mut serde_json::Map<String, Value> {
        self.at(pointer).as_object_mut().unwrap_or_else(|| panic!("`{pointer}` has no fields"))
    }
}
