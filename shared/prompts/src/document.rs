//! A prompt file: YAML between two lines `---`, then a Handlebars template.

use crate::yaml;
use serde_json::{Map, Value};

/// Keys that dotprompt gives a meaning to. Others need a namespace (`greenroom.owner`).
pub(crate) const RESERVED: [&str; 12] = [
    "config",
    "description",
    "ext",
    "input",
    "model",
    "name",
    "output",
    "raw",
    "toolDefs",
    "tools",
    "variant",
    "version",
];

/// The namespace of Greenroom's own keys.
const NAMESPACE: &str = "greenroom.";

/// A prompt file, taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// The front matter as it stands; empty if there is none.
    pub front: Map<String, Value>,
    /// The template; trimmed if there is front matter.
    pub template: String,
}

impl Document {
    /// Takes a file apart; `source` has LF line ends. Fails with words.
    pub(crate) fn parse(source: &str) -> Result<Document, String> {
        let Some((front, body)) = split(source)? else {
            return Ok(Document { front: Map::new(), template: source.to_owned() });
        };
        let front: Option<Map<String, Value>> = yaml::read(front)?;
        Ok(Document { front: front.unwrap_or_default(), template: body.trim().to_owned() })
    }

    /// Returns one of Greenroom's own keys, `key` without its namespace.
    pub fn own(&self, key: &str) -> Option<&Value> {
        self.front.get(&format!("{NAMESPACE}{key}"))
    }

    pub(crate) fn own_text(&self, key: &str) -> Option<&str> {
        self.own(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Returns the model or route that the prompt asks for.
    pub fn model(&self) -> Option<&str> {
        self.front.get("model").and_then(Value::as_str)
    }

    /// Returns the model's parameters: `temperature`, `maxOutputTokens`…
    pub fn config(&self) -> Map<String, Value> {
        self.front.get("config").and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// Returns keys with a dot as dotprompt does, one object per namespace: what is before the last dot.
    pub fn extensions(&self) -> Map<String, Value> {
        let mut namespaces = Map::new();
        for (key, value) in &self.front {
            let Some((namespace, field)) = key.rsplit_once('.') else { continue };
            if !RESERVED.contains(&key.as_str()) {
                let fields = namespaces.entry(namespace).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(fields) = fields {
                    fields.insert(field.to_owned(), value.clone());
                }
            }
        }
        namespaces
    }

    /// Returns `input.schema` or `output.schema` as written.
    pub(crate) fn schema(&self, side: &str) -> Option<&Value> {
        self.front.get(side)?.get("schema").filter(|schema| !schema.is_null())
    }

    /// Returns `input.default`: values for what a caller leaves out.
    pub fn defaults(&self) -> Map<String, Value> {
        let default = self.front.get("input").and_then(|input| input.get("default"));
        default.and_then(Value::as_object).cloned().unwrap_or_default()
    }
}

/// Returns the text with LF line ends only, so that a checkout's settings do not change an identity.
pub fn with_unix_line_ends(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn split(source: &str) -> Result<Option<(&str, &str)>, String> {
    let is_fence = |line: &str| line.trim_end() == "---";
    let Some((first, rest)) = source.split_once('\n') else { return Ok(None) };
    if !is_fence(first) {
        return Ok(None);
    }
    let mut start = 0;
    for line in rest.split_inclusive('\n') {
        if is_fence(line) && line.ends_with('\n') {
            return Ok(Some((&rest[..start], &rest[start + line.len()..])));
        }
        start += line.len();
    }
    // dotprompt would take the whole file for a template and send its settings to the model.
    Err("the front matter has no end: a line `---` with a line end".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_without_an_end_is_an_error() {
        assert!(Document::parse("---\nmodel: a\nHello").is_err());
        assert!(Document::parse("---\nmodel: a\n---").is_err());
    }

    #[test]
    fn broken_yaml_is_an_error_not_a_template() {
        assert!(Document::parse("---\nmodel: [a\n---\nHello").is_err());
        assert!(Document::parse("---\nmodel: a\nmodel: b\n---\nHello").is_err(), "duplicate keys");
    }

    #[test]
    fn words_of_yaml_1_1_stay_words() {
        let document = Document::parse("---\nanswer: yes\nmode: 0644x\n---\nHello\n").expect("parses");
        assert_eq!(document.front["answer"], "yes");
        assert_eq!(document.template, "Hello");
    }
}
