//! Text of a person as a full-text query.

/// Returns an FTS5 query for entries in which each word of `text` begins a word; `None` if there is no word in it.
///
/// Only letters and digits get through (and accents that stand as characters of their own, which the tokenizer drops), each word in
/// quotes: no syntax of the query language is left in it.
pub(super) fn query_of(text: &str) -> Option<String> {
    let is_accent = |c: char| ('\u{300}'..='\u{36f}').contains(&c);
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && !is_accent(c))
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| format!("\"{word}\"*"))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::query_of;

    #[test]
    fn words_are_quoted_and_syntax_is_gone() {
        assert_eq!(query_of("café IMG_41").as_deref(), Some(r#""café"* "IMG"* "41"*"#));
        assert_eq!(query_of(r#"" OR NEAR(a) key:b *"#).as_deref(), Some(r#""OR"* "NEAR"* "a"* "key"* "b"*"#));
        assert_eq!(query_of(" \"*-\u{301}"), None);
    }
}
