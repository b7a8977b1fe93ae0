//! What models of speech make up: a phrase over and over, more words than a mouth can say, words beyond the end.
//!
//! Whisper's own signs of it: a text that zlib compresses better than 2.4 times, windows without speech that are given words. Words
//! that repeat are kept once and flagged, so that nobody reads them as said and nobody misses that something was there.

use asset::field::{Finding, Severity};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use models::Word;
use std::io::Write;

/// The longest phrase that is looked for as a repetition, in words.
const MAX_PHRASE: usize = 12;

/// How often a phrase may follow itself: people do say `no, no, no`.
const MAX_TIMES: usize = 4;

/// Nobody says more than ten words a second for five seconds; auctioneers reach six.
const MAX_WORDS_A_SECOND: usize = 10;
const RATE_WINDOW_MS: u64 = 5_000;

/// OpenAI's own threshold for Whisper, over windows as long as its.
const MAX_COMPRESSION: f64 = 2.4;
const TEXT_WINDOW_MS: u64 = 30_000;

/// Returns the words that can be true, and what somebody should listen to. Times are from the part's start.
pub(crate) fn checked(words: Vec<Word>, duration_ms: u64) -> (Vec<Word>, Vec<Finding>) {
    let mut findings = Vec::new();
    let words = within(words, duration_ms, &mut findings);
    let words = without_repetitions(words, &mut findings);
    too_fast(&words, &mut findings);
    too_compressible(&words, &mut findings);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    (words, findings)
}

fn finding(check: &str, severity: Severity, words: String) -> Finding {
    Finding { check: check.to_owned(), severity, words }
}

fn clock(ms: u64) -> String {
    format!("{}:{:02}", ms / 60_000, ms / 1000 % 60)
}

/// Leaves out what begins after the end, and ends the rest there.
fn within(words: Vec<Word>, duration_ms: u64, findings: &mut Vec<Finding>) -> Vec<Word> {
    let n_words = words.len();
    let words: Vec<Word> = words
        .into_iter()
        .filter(|word| word.start_ms < duration_ms)
        .map(|word| Word { end_ms: word.end_ms.min(duration_ms), ..word })
        .collect();
    let n_beyond = n_words - words.len();
    if n_beyond > 0 {
        let what = format!("{n_beyond} words begin after the sound ends, and are left out: listen to the end");
        findings.push(finding("beyond_end", Severity::Warn, what));
    }
    words
}

/// Keeps one of each run of a phrase that follows itself more often than people do.
fn without_repetitions(words: Vec<Word>, findings: &mut Vec<Finding>) -> Vec<Word> {
    let spoken: Vec<String> = words.iter().map(|word| bare(&word.text)).collect();
    let mut kept = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let run = (1..=MAX_PHRASE).map(|n| (n, times(&spoken[at..], n))).find(|(_, times)| *times > MAX_TIMES);
        let Some((n, times)) = run else {
            kept.push(words[at].clone());
            at += 1;
            continue;
        };
        let phrase: Vec<&str> = words[at..at + n].iter().map(|word| word.text.as_str()).collect();
        let what = format!(
            "`{:.80}` {times} times from {}: kept once, listen to it",
            phrase.join(" "),
            clock(words[at].start_ms)
        );
        findings.push(finding("repetition", Severity::Fail, what));
        kept.extend_from_slice(&words[at..at + n]);
        at += n * times;
    }
    kept
}

/// Returns how often the first `n` words stand there one after another.
fn times(words: &[String], n: usize) -> usize {
    let Some(phrase) = words.get(..n) else { return 0 };
    words.chunks_exact(n).take_while(|chunk| *chunk == phrase).count()
}

fn bare(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn too_fast(words: &[Word], findings: &mut Vec<Finding>) {
    let most = MAX_WORDS_A_SECOND * (RATE_WINDOW_MS / 1000) as usize;
    let fast = words.windows(most + 1).find(|run| {
        let (first, last) = (&run[0], &run[most]);
        last.start_ms.saturating_sub(first.start_ms) < RATE_WINDOW_MS
    });
    if let Some(run) = fast {
        let what =
            format!("more than {MAX_WORDS_A_SECOND} words a second from {}: listen to it", clock(run[0].start_ms));
        findings.push(finding("too_fast", Severity::Fail, what));
    }
}

fn too_compressible(words: &[Word], findings: &mut Vec<Finding>) {
    let window = |word: &Word| word.start_ms / TEXT_WINDOW_MS;
    for run in words.chunk_by(|a, b| window(a) == window(b)) {
        let text = run.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        // A short text has nothing to compress.
        if text.len() >= 200 && compression(&text) > MAX_COMPRESSION {
            let what = format!("the words from {} repeat themselves: listen to them", clock(run[0].start_ms));
            findings.push(finding("compression", Severity::Fail, what));
        }
    }
}

fn compression(text: &str) -> f64 {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let packed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).map_or(1, |packed| packed.len());
    text.len() as f64 / packed.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, each_ms: u64) -> Vec<Word> {
        let word = |(index, word): (usize, &str)| Word {
            text: word.to_owned(),
            start_ms: index as u64 * each_ms,
            end_ms: (index as u64 + 1) * each_ms,
            confidence_thousandths: None,
            speaker: None,
        };
        text.split_whitespace().enumerate().map(word).collect()
    }

    fn check(text: &str, each_ms: u64, duration_ms: u64) -> (String, Vec<String>) {
        let (words, findings) = checked(said(text, each_ms), duration_ms);
        let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        (text, findings.into_iter().map(|finding| finding.check).collect())
    }

    #[test]
    fn what_people_say_stays() {
        let cases = [
            "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.",
            "No, no, no, no! I said no.",
            "row row row your boat gently down the stream merrily merrily merrily merrily life is but a dream",
            "",
        ];
        for text in cases {
            assert_eq!(check(text, 300, 60_000), (text.split_whitespace().collect::<Vec<_>>().join(" "), vec![]));
        }
    }

    #[test]
    fn a_phrase_over_and_over_is_kept_once_and_flagged() {
        let text = format!("Hello there. {} Goodbye.", "Thank you for watching. ".repeat(40));
        assert_eq!(
            check(&text, 300, 600_000),
            ("Hello there. Thank you for watching. Goodbye.".into(), vec!["repetition".into()])
        );
        let hums = "hm ".repeat(200);
        assert_eq!(check(&hums, 100, 600_000), ("hm".into(), vec!["repetition".into()]));
    }

    #[test]
    fn impossible_words_are_flagged() {
        let counted: Vec<String> = (1..=60u32).map(|n| format!("{:x}", n.wrapping_mul(2_654_435_761))).collect();
        assert_eq!(check(&counted.join(" "), 50, 60_000).1, ["too_fast"]);
        let (text, findings) = check("one two three four", 1000, 2500);
        assert_eq!((text.as_str(), findings), ("one two three", vec!["beyond_end".to_owned()]));
        // Twelve words are no phrase any more, but they compress.
        let long = "the quick brown fox jumps over the lazy dog and then it goes home ".repeat(6);
        assert_eq!(check(&long, 300, 60_000).1, ["compression"]);
    }
}
