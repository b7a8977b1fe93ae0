//! Words out of tokens, with their times. The rules are those of OpenAI's code.

use super::vocabulary::{Token, Vocabulary};

/// Languages that are written without spaces.
const WITHOUT_SPACES: [&str; 6] = ["zh", "ja", "th", "lo", "my", "yue"];

/// Goes with the word behind it, and with the word before it.
const OPENING: &str = "\"'“¿([{-";
const CLOSING: &str = "\"'.。,，!！?？:：”)]}、";

const ENDS_OF_SENTENCES: [&str; 6] = [".", "。", "!", "！", "?", "？"];

/// Seconds: a word of usual length is not longer.
const MAX_USUAL_S: f64 = 0.7;

/// Words whose beginning is farther from that of their segment, in seconds, are believed less than the segment.
const MAX_APART_S: f64 = 0.5;

/// A word, in seconds from the beginning of its window first and of the recording in the end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Word {
    pub text: String,
    pub start: f64,
    pub end: f64,
    /// Mean of its tokens'.
    pub probability: f32,
    /// Tokens that it is made of. A word that went into another has none of its own.
    pub n_tokens: usize,
}

/// Cuts tokens of text into words: their texts, and how many tokens each has.
pub(super) fn split(words: &Vocabulary, tokens: &[Token], language: &str) -> Vec<(String, usize)> {
    let mut units: Vec<(String, usize)> = Vec::new();
    let mut from = 0;
    for to in 1..=tokens.len() {
        // A letter may be cut in two tokens or more.
        let is_cut = match std::str::from_utf8(&words.bytes_of(&tokens[from..to])) {
            Ok(_) => false,
            Err(error) => error.error_len().is_none(),
        };
        if !is_cut || to == tokens.len() {
            units.push((words.text_of(&tokens[from..to]), to - from));
            from = to;
        }
    }
    if WITHOUT_SPACES.contains(&language) {
        return units;
    }
    let mut split: Vec<(String, usize)> = Vec::new();
    for (text, n) in units {
        let bare = text.trim();
        let is_mark = !bare.is_empty() && bare.chars().count() == 1 && bare.chars().all(|c| c.is_ascii_punctuation());
        match split.last_mut() {
            Some(last) if !text.starts_with(' ') && !is_mark => {
                last.0.push_str(&text);
                last.1 += n;
            }
            _ => split.push((text, n)),
        }
    }
    split
}

/// Returns the length of a usual word and the longest that is believed, in seconds.
pub(super) fn usual_length(words: &[Word]) -> (f64, f64) {
    let mut lengths: Vec<f64> = words.iter().map(|word| word.end - word.start).filter(|length| *length > 0.0).collect();
    lengths.sort_unstable_by(f64::total_cmp);
    let (low, high) = (lengths.len().saturating_sub(1) / 2, lengths.len() / 2);
    let median = match (lengths.get(low), lengths.get(high)) {
        (Some(low), Some(high)) => (low + high) / 2.0,
        _ => 0.0,
    };
    let usual = median.min(MAX_USUAL_S);
    (usual, 2.0 * usual)
}

/// Shortens words at ends of sentences, which take the pause with them.
pub(super) fn shorten(words: &mut [Word], longest: f64) {
    for at in 1..words.len() {
        if words[at].end - words[at].start <= longest {
            continue;
        }
        if ENDS_OF_SENTENCES.contains(&words[at].text.as_str()) {
            words[at].end = words[at].start + longest;
        } else if ENDS_OF_SENTENCES.contains(&words[at - 1].text.as_str()) {
            words[at].start = words[at].end - longest;
        }
    }
}

/// Puts punctuation to the words that it belongs to.
pub(super) fn join_punctuation(words: &mut [Word]) {
    let is_one_of = |text: &str, marks: &str| !text.is_empty() && marks.contains(text);
    let mut behind = words.len().saturating_sub(1);
    for at in (0..behind).rev() {
        if words[at].text.starts_with(' ') && is_one_of(words[at].text.trim(), OPENING) {
            let text = std::mem::take(&mut words[at].text);
            words[behind].text.insert_str(0, &text);
            words[behind].n_tokens += std::mem::take(&mut words[at].n_tokens);
        } else {
            behind = at;
        }
    }
    let mut before = 0;
    for at in 1..words.len() {
        if !words[before].text.ends_with(' ') && is_one_of(&words[at].text, CLOSING) {
            let text = std::mem::take(&mut words[at].text);
            words[before].text.push_str(&text);
            words[before].n_tokens += std::mem::take(&mut words[at].n_tokens);
        } else {
            before = at;
        }
    }
}

/// What a segment and its words agree on, in seconds.
pub(super) struct Agreement {
    pub usual: f64,
    pub longest: f64,
    /// When the segment before ended.
    pub spoken_until: f64,
}

impl Agreement {
    /// Moves the ends of a segment and those of its first and last word towards each other.
    pub fn find(&mut self, start: &mut f64, end: &mut f64, words: &mut [Word]) {
        let (usual, longest) = (self.usual, self.longest);
        if let [first, rest @ ..] = &mut *words {
            let is_long = |end: f64, start: f64, by: f64| end - start > by;
            let second = rest.first_mut();
            let two_long = second.as_ref().is_some_and(|second| is_long(second.end, first.start, 2.0 * longest));
            // After a pause, the first words take it with them.
            if first.end - self.spoken_until > 4.0 * usual && (is_long(first.end, first.start, longest) || two_long) {
                if let Some(second) = second.filter(|second| is_long(second.end, second.start, longest)) {
                    let border = (second.end / 2.0).max(second.end - longest);
                    (first.end, second.start) = (border, border);
                }
                first.start = (first.end - longest).max(0.0);
            }
            if *start < first.end && *start - MAX_APART_S > first.start {
                first.start = (first.end - usual).min(*start).max(0.0);
            } else {
                *start = first.start;
            }
        }
        if let Some(last) = words.last_mut() {
            if *end > last.start && *end + MAX_APART_S < last.end {
                last.end = (last.start + usual).max(*end);
            } else {
                *end = last.end;
            }
        }
        self.spoken_until = *end;
    }
}

#[cfg(test)]
mod tests {
    use super::super::vocabulary::tests::small;
    use super::*;

    fn words(list: &[(&str, f64, f64)]) -> Vec<Word> {
        let word = |(text, start, end): &(&str, f64, f64)| Word {
            text: (*text).to_owned(),
            start: *start,
            end: *end,
            probability: 1.0,
            n_tokens: 1,
        };
        list.iter().map(word).collect()
    }

    #[test]
    fn languages_without_spaces_have_words_by_letter() {
        let words = small();
        let split = |text: &str, language: &str| -> Vec<String> {
            split(&words, &words.tokens_of(text), language).into_iter().map(|(text, _)| text).collect()
        };
        assert_eq!(split(" an an, Banana!", "en"), [" an", " an", ",", " Banana", "!"]);
        assert_eq!(split("日本", "ja"), ["日", "本"], "three tokens a letter");
        assert_eq!(split("日本", "en"), ["日本"]);
        let cut = &words.tokens_of("日")[..2];
        assert_eq!(super::split(&words, cut, "ja"), [("\u{fffd}".to_owned(), 2)]);
        assert!(split("", "en").is_empty());
    }

    #[test]
    fn punctuation_goes_to_its_words() {
        let mut found =
            words(&[(" \"", 0.0, 0.1), ("Ask", 0.1, 0.5), (",", 0.5, 0.6), (" not", 0.6, 0.9), (".", 0.9, 1.0)]);
        join_punctuation(&mut found);
        let texts: Vec<(&str, usize)> = found.iter().map(|word| (word.text.as_str(), word.n_tokens)).collect();
        assert_eq!(texts, [("", 0), (" \"Ask,", 3), ("", 0), (" not.", 2), ("", 0)]);
        join_punctuation(&mut []);
    }

    #[test]
    fn pauses_do_not_belong_to_words() {
        let mut found = words(&[(" a", 0.0, 0.3), (".", 0.3, 2.3), (" b", 2.3, 5.0), (" c", 5.0, 5.2)]);
        let (usual, longest) = (0.3, 0.6);
        shorten(&mut found, longest);
        assert!((found[1].end - 0.9).abs() < 1e-9 && (found[2].start - 4.4).abs() < 1e-9, "{found:?}");
        let mut late = words(&[(" d", 6.0, 9.0), (" e", 9.0, 9.2)]);
        let (mut start, mut end) = (8.5, 9.2);
        Agreement { usual, longest, spoken_until: 5.2 }.find(&mut start, &mut end, &mut late);
        assert!((late[0].start - 8.4).abs() < 1e-9 && (start - 8.4).abs() < 1e-9, "{late:?}");
        assert!((usual_length(&found[3..]).0 - 0.2).abs() < 1e-9);
        assert_eq!(usual_length(&[]), (0.0, 0.0));
    }
}
