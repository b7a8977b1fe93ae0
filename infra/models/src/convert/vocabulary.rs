//! The tokens of Whisper out of a `tokenizer.json` of Hugging Face's. The same vocabulary is written in several ways (merges as texts or
//! as pairs, with the marks of time or without), so what is installed is one way of ours: `{"languages", "merges", "tokens"}`.

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

    let merges = file["model"]["merges"].as_array().context("the tokenizer has no merges")?;
    let merges: Option<Vec<String>> = merges.iter().map(merge).collect();
    let merges = merges.context("a merge has not two sides")?;

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
    Ok(json!({"languages": languages, "merges": merges, "tokens": tokens}).to_string().into_bytes())
}

fn merge(merge: &Value) -> Option<String> {
    match merge {
        Value::String(text) => text.contains(' ').then(|| text.clone()),
        Value::Array(pair) => match &pair[..] {
            [left, right] => Some(format!("{} {}", left.as_str()?, right.as_str()?)),
            _ => None,
        },
        _ => None,
    }
}
