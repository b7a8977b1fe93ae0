//! From a model's answer to words.

use asset::field::Field;
use serde_json::Value;

/// What a model said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub text: String,
    pub is_decorative: bool,
    /// Ids of the rules of the brand guide that the model says it followed.
    pub evidence: Vec<String>,
}

/// Reads an answer that matches the prompt's schema.
pub(crate) fn words(field: Field, answer: &Value) -> Option<Words> {
    let text = |name: &str| Some(answer.get(name)?.as_str()?.trim().to_owned());
    let evidence = answer.get("evidence").and_then(Value::as_array).into_iter().flatten();
    let evidence = evidence.filter_map(Value::as_str).map(str::to_owned).collect();
    match field {
        Field::AltText => {
            let is_decorative = answer.get("decorative")?.as_bool()?;
            Some(Words { text: text("alt")?, is_decorative, evidence })
        }
        Field::Description => Some(Words { text: text("description")?, is_decorative: false, evidence }),
        Field::Tags | Field::VisibleText | Field::Moderation => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_of_another_shape_has_no_words() {
        let alt = json!({"alt": " A cat. ", "decorative": false, "evidence": ["tone.1"]});
        let words = |field, answer: &Value| super::words(field, answer);
        let found = words(Field::AltText, &alt).expect("words");
        assert_eq!(found, Words { text: "A cat.".into(), is_decorative: false, evidence: vec!["tone.1".into()] });
        assert_eq!(words(Field::Description, &alt), None);
        assert_eq!(words(Field::AltText, &json!({"alt": 3, "decorative": false})), None);
    }
}
