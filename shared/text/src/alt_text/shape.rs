//! How long a text is, how it begins and ends, and what characters it has.

use super::finding::Findings;
use super::reading::{Reading, excerpt};
use super::rules::Matching;
use super::words::Gap;
use super::{Check, Placement};
use unicode_segmentation::UnicodeSegmentation;

pub(super) fn check(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    length(reading, findings);
    whitespace(reading, findings);
    hidden(reading, findings);
    repeated_characters(reading, findings);
    repetition(reading, findings);
    end(reading, findings);
    quoted(reading, findings);
    markup(reading, findings);
}

fn length(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let n = reading.n_characters;
    if let Some(lengths) = reading.rules.lengths(reading.alt.locale) {
        let limits = [(Check::FarTooLong, lengths.max), (Check::TooLong, lengths.long), (Check::Long, lengths.fine)];
        if let Some((check, limit)) = limits.into_iter().find(|(_, limit)| n > *limit) {
            findings.add(check, format!("the text has {n} characters, more than {limit}"));
        }
    }
    if let Some(max) = reading.alt.max_characters.filter(|max| n > *max) {
        findings.add(Check::OverLimit, format!("the text has {n} characters, and the collection allows {max}"));
    }
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn whitespace(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let text = reading.alt.text;
    if text.contains(is_line_break) {
        findings.add(Check::LineBreak, "the text has a line break");
    }
    if reading.text.len() != text.len() {
        findings.add(Check::Whitespace, "the text begins or ends with a space");
    }
    let is_space = |c: char| c.is_whitespace() && !is_line_break(c);
    if text.chars().zip(text.chars().skip(1)).any(|(a, b)| is_space(a) && is_space(b)) {
        findings.add(Check::Whitespace, "the text has several spaces in a row");
    }
}

fn hidden(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let hidden = reading.alt.text.graphemes(true).find_map(|grapheme| {
        // The flags of England, Scotland and Wales are spelled with tags.
        let is_flag = grapheme.starts_with('\u{1f3f4}');
        grapheme.chars().find(|c| is_hidden(*c) && !(is_flag && is_tag(*c)))
    });
    if let Some(c) = hidden {
        findings.add(Check::HiddenCharacters, format!("the text has the character U+{:04X}", u32::from(c)));
    }
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// Joiners and the plain directional marks are left: scripts need them.
pub(crate) fn is_hidden(c: char) -> bool {
    let is_control = c.is_control() && !is_line_break(c);
    let is_override =
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffd}');
    let is_private = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
    let is_nonchar = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    is_control || is_override || is_private || is_nonchar || is_tag(c)
}

fn repeated_characters(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let limit = reading.rules.limits.repeated_characters;
    let mut run = ("", 0);
    for grapheme in reading.text.graphemes(true) {
        run = if run.0 == grapheme { (grapheme, run.1 + 1) } else { (grapheme, 1) };
        // Digits repeat in numbers; spaces have a check of their own.
        let may_repeat = grapheme.chars().all(|c| c.is_numeric() || c.is_whitespace());
        if run.1 >= limit && !may_repeat {
            findings.add(Check::RepeatedCharacters, format!("{} is there {limit} times in a row", excerpt(grapheme)));
            return;
        }
    }
}

/// The longest group of words that is looked for again and again.
const MAX_GROUP: usize = 12;

fn repetition(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let tokens = &reading.tokens;
    let is_spaced = reading.matching == Matching::Words;
    let may_double = |word: &str| reading.lists.iter().any(|l| l.reduplicates || l.doubles.iter().any(|d| d == word));
    for (index, pair) in tokens.windows(2).enumerate() {
        let [first, second] = pair else { continue };
        let is_word = first.folded.chars().nth(1).is_some() && first.folded.chars().any(char::is_alphabetic);
        let is_double = first.folded == second.folded && second.gap == Gap::Space;
        if is_spaced && is_double && is_word && !may_double(&first.folded) {
            findings.add(Check::Repetition, format!("{} is said twice", excerpt(reading.written(index..index + 1))));
            return;
        }
    }
    for size in 1..=MAX_GROUP {
        // One character three times in a row is a word in scripts whose words are characters.
        let n_needed = if size == 1 && !is_spaced { 4 * size } else { 2 * size };
        let mut n_same = 0;
        for index in size..tokens.len() {
            let is_number = tokens[index].folded.chars().all(char::is_numeric);
            n_same = if tokens[index].folded == tokens[index - size].folded && !is_number { n_same + 1 } else { 0 };
            if n_same >= n_needed {
                let group = excerpt(reading.written(index + 1 - size..index + 1));
                findings.add(Check::Repetition, format!("{group} is said again and again"));
                return;
            }
        }
    }
}

fn end(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    if reading.alt.placement == Placement::Text {
        return;
    }
    let text = reading.text.trim_end_matches(['"', '”', '“', '»', '«', '’', '\'', ')', ']', '」', '』', '）']);
    let Some(last) = text.chars().next_back() else { return };
    if reading.rules.cuts.contains(last) || text.ends_with("..") {
        findings.add(Check::CutOff, format!("the text ends with `{last}`"));
        return;
    }
    let language = reading.alt.locale.split(['-', '_']).next().unwrap_or_default();
    let needs_mark = !reading.rules.without_end_mark.iter().any(|other| other.eq_ignore_ascii_case(language));
    // A link's text is a name or an order, not a sentence.
    let is_description = matches!(reading.alt.placement, Placement::Informative | Placement::Complex);
    if is_description && needs_mark && !reading.rules.ends.contains(last) {
        findings.add(Check::PunctuationEnd, format!("the text ends with {}", excerpt(&last.to_string())));
    }
}

fn quoted(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let is_in_single = ['\'', '‘', '’', '‚'].iter().any(|mark| reading.text.starts_with(*mark))
        && reading.text.ends_with(['\'', '’', '‘'])
        && reading.text.chars().filter(|c| matches!(c, '\'' | '‘' | '’' | '‚')).count() == 2
        && reading.tokens.len() > 1;
    if reading.is_quoted || is_in_single {
        findings.add(Check::Quoted, "the whole text is in quotation marks");
    }
}

fn markup(reading: &Reading<'_>, findings: &mut Findings<'_>) {
    let text = reading.text;
    let kind = if has_tag(text) || has_entity(text) {
        "HTML"
    } else if text.starts_with(['{', '[']) && text.contains("\":") {
        "JSON"
    } else if has_markdown(text) {
        "Markdown"
    } else {
        return;
    };
    findings.add(Check::Markup, format!("the text has {kind} in it"));
}

fn has_tag(text: &str) -> bool {
    text.match_indices('<').any(|(index, _)| {
        let mut rest = text[index + 1..].chars();
        let first = rest.next();
        first.is_some_and(|c| c.is_ascii_alphabetic())
            || (matches!(first, Some('/' | '!')) && rest.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '-'))
    })
}

/// The longest name of an entity has 31 letters; most have under ten.
const MAX_ENTITY: usize = 32;

fn has_entity(text: &str) -> bool {
    text.match_indices('&').any(|(index, _)| {
        let rest = &text.as_bytes()[index + 1..];
        let rest = rest.strip_prefix(b"#").unwrap_or(rest);
        let n = rest.iter().take(MAX_ENTITY).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        n >= 2 && rest.get(n) == Some(&b';')
    })
}

fn has_markdown(text: &str) -> bool {
    let is_block = |line: &str| {
        let line = line.trim_start();
        let is_heading = line.starts_with('#') && line.trim_start_matches('#').starts_with(' ');
        is_heading || ["- ", "* ", "+ ", "> "].iter().any(|mark| line.starts_with(mark))
    };
    text.contains("](") || text.matches('`').nth(1).is_some() || text.lines().any(is_block) || has_emphasis(text)
}

/// Returns whether `*` or `_` opens before a word and closes after one.
fn has_emphasis(text: &str) -> bool {
    ['*', '_'].into_iter().any(|mark| {
        let mut before = ' ';
        let mut is_open = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let after = chars.peek().copied().unwrap_or(' ');
            if c == mark {
                if is_open && is_inside(before) && !after.is_alphanumeric() {
                    return true;
                }
                is_open |= !before.is_alphanumeric() && after.is_alphanumeric();
            }
            before = c;
        }
        false
    })
}

fn is_inside(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '!' | '?' | ',' | ')' | '"')
}
