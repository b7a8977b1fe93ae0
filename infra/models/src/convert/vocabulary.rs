//! The tokens of Whisper out of a `tokenizer.json` of Hugging Face's. The same vocabulary is written in several ways (with the marks of
//! time or without, merges as texts or as pairs, or without the first of them), so what is installed is one way of ours: `{"languages",
//! "tokens"}`. What is merged first has the lower number, so the merges say nothing more.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// Tokens of text, and the two marks behind them. The languages follow.
const N_TEXT: usize = 50_257;
const N_BEFORE_LANGUAGES: usize = N_TEXT + 2;

/// What follows the languages.
const TRANSLATE: &str = "<|translate|>";

pub(super) fn convert(bytes: &[u8]) -> Result<Vec<u8>> {
    let file: Value = serde_json::from_slice(bytes).context("the tokenizer is no JSON")?;
    let vocabulary = file["model"]["vocab"].as_object().context("the tokenizer has no vocabulary")?;
    let mut tokens = vec![None; N_TEXT];
    for (token, id) in vocabulary {
        let id = id.as_u64().and_then(|id| usize::try_from(id).ok()).context("a token has no number")?;
        if let Some(place) = tokens.get_mut(id) {
            *place = Some(token.as_str());
        }
    }
    let tokens: Option<Vec<&str>> = tokens.into_iter().collect();
    let tokens = tokens.context("a number has no token")?;

    let mut marks: Vec<(u64, &str)> = Vec::new();
    for mark in file["added_tokens"].as_array().context("the tokenizer has no marks")? {
        marks.push((
            mark["id"].as_u64().context("a mark has no number")?,
            mark["content"].as_str().context("a mark has no name")?,
        ));
    }
    marks.sort_unstable();
    let from_first = marks.iter().skip_while(|(id, _)| *id < N_BEFORE_LANGUAGES as u64);
    let languages: Vec<&str> = from_first
        .map(|(_, name)| *name)
        .take_while(|name| *name != TRANSLATE)
        .map(|name| name.trim_start_matches("<|").trim_end_matches("|>"))
        .collect();
    ensure!(languages.first() == Some(&"en") && languages.len() < 200, "the languages are not where they should be");
    Ok(json!({"languages": languages, "tokens": tokens}).to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(first: &str, last: usize) -> Vec<u8> {
        let tokens: serde_json::Map<String, Value> = (0..=last).map(|id| (format!("t{id}"), id.into())).collect();
        let mark = |id: usize, name: &str| json!({"id": id, "content": name});
        let marks = [
            mark(N_TEXT + 4, TRANSLATE),
            mark(N_TEXT + 3, "<|de|>"),
            mark(N_TEXT + 2, first),
            mark(N_TEXT, "<|endoftext|>"),
        ];
        json!({"model": {"vocab": tokens}, "added_tokens": marks}).to_string().into_bytes()
    }

    #[test]
    fn tokens_are_in_order_and_languages_are_named() {
        let made: Value =
            serde_json::from_slice(&convert(&file("<|en|>", N_TEXT)).expect("it is whole")).expect("JSON");
        assert_eq!(made["languages"], json!(["en", "de"]));
        assert_eq!((&made["tokens"][7], made["tokens"].as_array().map(Vec::len)), (&json!("t7"), Some(N_TEXT)));
        assert!(convert(&file("<|xx|>", N_TEXT)).is_err());
        assert!(convert(&file("<|en|>", 100)).is_err());
        assert!(convert(b"{}").is_err() && convert(b"").is_err());
    }
}
