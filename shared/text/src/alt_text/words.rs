//! Words of a text and phrases of a list, folded so that case, width and vowel marks do not keep them apart.

use std::ops::Range;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// A word and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub folded: String,
    pub range: Range<usize>,
    pub gap: Gap,
    /// Whether it stands in a quotation: then it is the picture's word, not the writer's.
    pub is_quoted: bool,
}

/// What is between a word and the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Nothing but white space.
    Space,
    /// An apostrophe or a hyphen.
    Joint,
    /// Anything else, or the start of the text.
    Apart,
}

/// An entry of a list: words in a row. `^` before the first: only at the text's start. `*` after a word: whatever the
/// word goes on with.
#[derive(Clone, Debug)]
pub(super) struct Phrase {
    is_at_start: bool,
    words: Vec<(String, Ending)>,
    /// For scripts without spaces: the letters in a row.
    letters: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Whole,
    Open,
}

impl Phrase {
    /// Returns nothing where the entry has no word.
    pub(super) fn parse(entry: &str) -> Option<Self> {
        let (is_at_start, entry) = entry.strip_prefix('^').map_or((false, entry), |rest| (true, rest));
        let mut words = Vec::new();
        for piece in entry.split_whitespace() {
            words.extend(tokens(piece, &[]).into_iter().map(|token| (token.folded, Ending::Whole)));
            if let (true, Some(last)) = (piece.ends_with('*'), words.last_mut()) {
                last.1 = Ending::Open;
            }
        }
        let letters = letters(entry);
        (!words.is_empty() && !letters.is_empty()).then_some(Phrase { is_at_start, words, letters })
    }

    /// Returns how many words match, if the phrase stands at a word.
    pub(super) fn len_at(&self, tokens: &[Token], index: usize) -> Option<usize> {
        let here = tokens.get(index..index + self.words.len())?;
        let is_here = here.iter().zip(&self.words).enumerate().all(|(n, (token, (word, ending)))| {
            let is_joined = n == 0 || token.gap != Gap::Apart;
            is_joined
                && match ending {
                    Ending::Whole => token.folded == *word,
                    Ending::Open => token.folded.starts_with(word.as_str()),
                }
        });
        is_here.then_some(self.words.len())
    }

    /// Returns the words where the phrase stands first.
    pub(super) fn find(&self, tokens: &[Token]) -> Option<Range<usize>> {
        let n_starts = if self.is_at_start { tokens.len().min(1) } else { tokens.len() };
        (0..n_starts).find_map(|index| self.len_at(tokens, index).map(|length| index..index + length))
    }

    /// Returns whether the phrase is all of the words.
    pub(super) fn is_all(&self, tokens: &[Token]) -> bool {
        self.len_at(tokens, 0) == Some(tokens.len())
    }

    /// Returns whether the phrase ends the words, and which word it starts at.
    pub(super) fn start_at_end(&self, tokens: &[Token]) -> Option<usize> {
        let start = tokens.len().checked_sub(self.words.len())?;
        self.len_at(tokens, start).map(|_| start)
    }

    /// Returns whether the phrase is in a row of letters: the way to look in scripts without spaces.
    pub(super) fn is_in_letters(&self, letters: &str) -> bool {
        if self.is_at_start { letters.starts_with(&self.letters) } else { letters.contains(&self.letters) }
    }

    pub(super) fn letters(&self) -> &str {
        &self.letters
    }
}

/// Returns the words of a text. Apostrophes divide words: an elided article is a word of its own.
pub(super) fn tokens(text: &str, quotations: &[Range<usize>]) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut quotations = quotations.iter().peekable();
    for (word_start, word) in text.unicode_word_indices() {
        let mut start = word_start;
        for piece in word.split(is_apostrophe) {
            let range = start..start + piece.len();
            // The next piece begins after the apostrophe, which may take several bytes.
            start = range.end + text[range.end..].chars().next().map_or(0, char::len_utf8);
            let folded = fold(piece);
            if folded.is_empty() {
                continue;
            }
            while quotations.next_if(|quotation| quotation.end <= range.start).is_some() {}
            let is_quoted = quotations.peek().is_some_and(|quotation| quotation.start <= range.start);
            let gap = tokens.last().map_or(Gap::Apart, |last| gap(&text[last.range.end..range.start]));
            tokens.push(Token { folded, range, gap, is_quoted });
        }
    }
    tokens
}

/// Returns what is between two words.
pub(crate) fn gap(between: &str) -> Gap {
    let is_joint = |c: char| is_apostrophe(c) || matches!(c, '-' | '\u{2010}' | '\u{2011}');
    if between.chars().all(char::is_whitespace) {
        Gap::Space
    } else if between.chars().all(|c| c.is_whitespace() || is_joint(c)) {
        Gap::Joint
    } else {
        Gap::Apart
    }
}

pub(crate) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{02bc}' | '\u{ff07}')
}

/// Returns the text without what does not change its words: case, width, marks of vowels, invisible characters.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkc().filter(|c| !is_silent(*c)) {
        match c {
            'ß' | 'ẞ' => folded.push_str("ss"),
            'ς' => folded.push('σ'),
            'İ' => folded.push('i'),
            // Arabic spells the same word with and without these marks on a letter.
            'أ' | 'إ' | 'آ' | 'ٱ' => folded.push('ا'),
            'ى' => folded.push('ي'),
            _ => folded.extend(c.to_lowercase()),
        }
    }
    folded
}

/// Returns nothing but the folded letters and digits, in a row.
pub(super) fn letters(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Joiners, directional marks, the soft hyphen, variation selectors, Arabic vowel marks and the stretch.
fn is_silent(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{0640}' | '\u{064b}'..='\u{065f}' | '\u{0670}')
}

/// Returns the byte ranges of quotations, with their marks. A mark that is never closed quotes nothing.
pub(crate) fn quotations(text: &str) -> Vec<Range<usize>> {
    let mut quotations = Vec::new();
    let mut open: Option<(usize, &str)> = None;
    for (index, c) in text.char_indices() {
        match open {
            Some((start, closing)) if closing.contains(c) => {
                quotations.push(start..index + c.len_utf8());
                open = None;
            }
            Some(_) => {}
            None => open = closing(c).map(|closing| (index, closing)),
        }
    }
    quotations
}

/// Returns the marks that close what a mark opens. Languages use the same marks in opposite directions.
fn closing(c: char) -> Option<&'static str> {
    match c {
        '"' => Some("\""),
        '“' => Some("”"),
        '”' => Some("”"),
        '„' | '‚' => Some("“”"),
        '«' => Some("»"),
        '»' => Some("«»"),
        '‹' => Some("›"),
        '›' => Some("‹"),
        '「' => Some("」"),
        '『' => Some("』"),
        '＂' => Some("＂"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(entry: &str, text: &str) -> Option<Range<usize>> {
        Phrase::parse(entry).expect("it has a word").find(&tokens(text, &[]))
    }

    #[test]
    fn phrases_stand_at_whole_words_of_any_case_width_and_spelling() {
        assert_eq!(find("photo of", "A PHOTO\u{a0}of a cat"), Some(1..3));
        assert_eq!(find("photo of", "a photo, of a cat"), None);
        assert_eq!(find("^photo of", "a photo of a cat"), None);
        assert_eq!(find("straße", "Die STRASSE"), Some(1..2));
        assert_eq!(find("image de", "L’image de la mer"), Some(1..3));
        assert_eq!(find("i'm sorry", "I’m sorry"), Some(0..3));
        assert_eq!(find("traurig*", "eine traurige Frau"), Some(1..2));
        assert_eq!(find("traurig", "eine traurige Frau"), None);
        assert_eq!(find("صورة", "صُـورة"), Some(0..1));
        assert!(Phrase::parse("^ … *").is_none());
    }

    #[test]
    fn quotations_are_paired() {
        let quoted = |text: &str| quotations(text).into_iter().map(|range| text[range].to_owned()).collect::<Vec<_>>();
        assert_eq!(quoted("says “Open” and \"Shut\""), ["“Open”", "\"Shut\""]);
        assert_eq!(quoted("Schild „Auf“, dann »Zu«"), ["„Auf“", "»Zu«"]);
        assert_eq!(quoted("a 5\" screen"), Vec::<String>::new());
        let words = tokens("a “red sign” here", &quotations("a “red sign” here"));
        assert_eq!(words.iter().map(|token| token.is_quoted).collect::<Vec<_>>(), [false, true, true, false]);
    }
}
