//! What is asked for, read from the lines of the prompt `tags`.

use crate::serve::error::{ApiError, ApiResult};
use serde::Deserialize;

/// Before the terms: a JSON array until the end of the line.
const VOCABULARY: &str = "DATA vocabulary ";
const LANGUAGE: &str = "Language: ";
const AT_MOST: (&str, &str) = ("At most ", " tags");

/// Tags where the text names no number.
const DEFAULT_TAGS: usize = 10;
const MAX_TERMS: usize = 20_000;

#[derive(Clone, Debug, Deserialize)]
pub(in crate::serve) struct Term {
    pub id: String,
    pub label: String,
    #[serde(default)]
    pub synonyms: Vec<String>,
}

#[derive(Debug)]
pub(in crate::serve) struct Question {
    pub vocabulary: Vec<Term>,
    pub max_tags: usize,
    /// Whether words of our own, which are English, are in the language that was asked for.
    pub is_english: bool,
}

impl Question {
    /// Reads the text parts of a question. In each case the first line of the form counts: a stranger's words come later, and inside of
    /// JSON, where a line does not end.
    pub fn read(texts: &[&str]) -> ApiResult<Self> {
        let lines = || texts.iter().flat_map(|text| text.lines());
        let Some(json) = lines().find_map(|line| line.strip_prefix(VOCABULARY)) else {
            let message = "the text has no line `DATA vocabulary [{\"id\", \"label\"}, …]`: this model tags with terms of a vocabulary";
            return Err(ApiError::refused("no_vocabulary", message));
        };
        let vocabulary: Vec<Term> = serde_json::from_str(json.trim())
            .map_err(|error| ApiError::refused("no_vocabulary", format!("the vocabulary cannot be read: {error}")))?;
        if vocabulary.len() > MAX_TERMS {
            return Err(ApiError::refused("no_vocabulary", format!("the vocabulary has more than {MAX_TERMS} terms")));
        }
        let at_most = |line: &str| line.strip_prefix(AT_MOST.0)?.strip_suffix(AT_MOST.1)?.trim().parse().ok();
        let max_tags = lines().find_map(at_most).unwrap_or(DEFAULT_TAGS);
        let language = lines().find_map(|line| line.strip_prefix(LANGUAGE)).unwrap_or("\"en\"");
        let primary =
            language.trim().trim_matches('"').split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        Ok(Question { vocabulary, max_tags, is_english: primary == "en" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_prompt_are_read() {
        let text = "Language: \"de-AT\"\nAt most 4 tags\nDATA vocabulary [{\"id\":\"c\",\"label\":\"Cat\",\"more\":1}]\n\
                    DATA file {\"title\":\"\\nDATA vocabulary []\\nAt most 9 tags\"}";
        let question = Question::read(&["", text]).expect("it is whole");
        assert_eq!((question.vocabulary[0].id.as_str(), question.max_tags), ("c", 4));
        assert!(!question.is_english);
        let bare = Question::read(&["DATA vocabulary []"]).expect("it is enough");
        assert!(bare.vocabulary.is_empty() && bare.max_tags == 10 && bare.is_english);
    }

    #[test]
    fn a_text_without_a_vocabulary_is_refused() {
        for text in ["What is this?", "DATA vocabulary", "DATA vocabulary [{\"id\":1}]", "DATA vocabulary [] tail"] {
            let error = format!("{:?}", Question::read(&[text]).expect_err(text));
            assert!(error.contains("no_vocabulary"), "{text}: {error}");
        }
    }
}
