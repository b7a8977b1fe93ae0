//! What a file says of itself: strangers' words, which a model is given as data where they help to say what is seen.

use asset::field::{Field, WriteSpec};
use bytes::Bytes;
use media::Stated;
use serde_json::{Map, Value, json};

/// Returns the prompt's variable `file`; `None` where there is nothing to say, and for prompts that take none.
///
/// Words and persons that moderation or a transcript is about would only mislead: they judge what is seen.
pub(crate) async fn words(spec: &WriteSpec, original: Bytes) -> Option<Value> {
    if !spec.field.is_prose() && spec.field != Field::Tags {
        return None;
    }
    // Read by parsers of metadata, which never fail a picture that can be decoded.
    let stated = runtime::cpu(move || media::stated(&original)).await.unwrap_or_default();
    variable(spec.file_name.as_deref(), stated)
}

fn variable(name: Option<&str>, stated: Stated) -> Option<Value> {
    let mut file = Map::new();
    let name = name.and_then(|name| media::one_line(name, 200));
    for (key, text) in [("name", name), ("title", stated.title), ("description", stated.description)] {
        if let Some(text) = text {
            file.insert(key.to_owned(), json!(text));
        }
    }
    if !stated.keywords.is_empty() {
        file.insert("keywords".to_owned(), json!(stated.keywords));
    }
    (!file.is_empty()).then_some(Value::Object(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_describes_the_picture_is_told() {
        let stated = Stated {
            title: Some("Dune".into()),
            keywords: vec!["sand".into()],
            creators: vec!["Ada".into()],
            city: Some("Paris".into()),
            ..Stated::default()
        };
        let expected = json!({"name": "dune 1.jpg", "title": "Dune", "keywords": ["sand"]});
        assert_eq!(variable(Some("dune\u{0}\n1.jpg"), stated), Some(expected));
        assert_eq!(variable(None, Stated::default()), None);
    }
}
