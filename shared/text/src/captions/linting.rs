//! What is wrong with a track, cue by cue.

use super::align::Aligned;
use super::flow::{Flow, dash};
use super::language::{Count, Language, fold, primary};
use super::reference::Reference;
use super::{Check, Cue, Finding, Line, Profile, Track, Word};

/// What else is known. What is not known stays empty; the checks that need it find nothing then.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context<'a> {
    /// The transcriber's words of this recording in this language: for `low_conf`, `late_audio` and `number_mismatch`.
    pub words: &'a [Word],
    /// The captions that these are a translation of: for `untranslated` and `number_mismatch`.
    pub source: Option<&'a Track>,
    /// Words that must not occur, beside the shipped list: for `profanity`.
    pub unwanted: &'a [String],
}

/// A word below this confidence is `low_conf`: Transcribe's own documentation calls nothing sure; this is our choice.
const SURE: f32 = 0.5;

/// Returns what is wrong with a track, by cue and then in the order of [`Check`]. Takes any track, in time that grows with
/// its length. A check that is off in the profile finds nothing; `parse` is found by parsers only.
pub fn lint(track: &Track, profile: &Profile, context: &Context<'_>) -> Vec<Finding> {
    let tag = track.language.as_deref().unwrap_or_default();
    let linter = Linter {
        profile,
        tag,
        language: Language::of(tag),
        count: Count::of(tag),
        aligned: Aligned::new(context.words, &track.cues),
        words: context.words,
        source: context.source.map(|source| Reference::new(source, tag)),
        unwanted: context.unwanted.iter().map(|word| fold(word)).filter(|word| !word.is_empty()).collect(),
        dash: track
            .cues
            .iter()
            .filter(|cue| Flow::is_dialogue(cue))
            .find_map(|cue| cue.lines.iter().find_map(|line| dash(&line.text()))),
    };
    let mut findings = Vec::new();
    let mut latest_ms = 0;
    for (i, cue) in track.cues.iter().enumerate() {
        let mut found =
            linter.times(cue, i.checked_sub(1).and_then(|i| track.cues.get(i)), track.cues.get(i + 1), latest_ms);
        found.extend(linter.text(cue, track.cues.get(i + 1)));
        found.extend(linter.sources(i, cue));
        found.sort_by_key(|(check, _)| *check);
        latest_ms = latest_ms.max(cue.end_ms);
        for (check, found) in found {
            let Some(severity) = profile.severity(check) else { continue };
            let (cue, at_ms) = (Some(i + 1), Some(cue.start_ms));
            findings.push(Finding { check, severity, cue, at_ms, line: None, found, fix: check.fix().to_owned() });
        }
    }
    if let (Some(source), Some(severity)) = (&linter.source, profile.severity(Check::NumberMismatch)) {
        for (number, at_ms) in source.missing_numbers(&track.cues) {
            let found = format!("the source says `{number:.40}` about here, and these captions do not");
            let check = Check::NumberMismatch;
            findings.push(Finding {
                check,
                severity,
                cue: None,
                at_ms: Some(at_ms),
                line: None,
                found,
                fix: check.fix().to_owned(),
            });
        }
    }
    findings
}

type Found = Vec<(Check, String)>;

struct Linter<'a> {
    profile: &'a Profile,
    tag: &'a str,
    language: &'static Language,
    count: Count,
    aligned: Aligned,
    words: &'a [Word],
    source: Option<Reference>,
    unwanted: Vec<String>,
    /// The dash of the track's first dialogue.
    dash: Option<char>,
}

impl Linter<'_> {
    fn times(&self, cue: &Cue, before: Option<&Cue>, next: Option<&Cue>, latest_ms: u64) -> Found {
        let mut found = Found::new();
        let profile = self.profile;
        let (start, end) = (cue.start_ms, cue.end_ms);
        if end <= start {
            found.push((Check::Order, format!("it ends {} ms before it starts", start - end)));
        }
        if let Some(before) = before.filter(|before| before.start_ms > start) {
            found.push((Check::Order, format!("it starts {} ms before the one above it", before.start_ms - start)));
        } else if latest_ms > start {
            found.push((Check::Overlap, format!("it starts {} ms before an earlier one ends", latest_ms - start)));
        }
        let duration = cue.duration_ms();
        let (min, max) = (profile.min_duration_ms(), profile.max_duration_ms());
        if end > start && duration < min {
            found.push((Check::MinDur, format!("it is {duration} ms on the screen, at least {min} are needed")));
        }
        if duration > max {
            found.push((Check::MaxDur, format!("it is {duration} ms on the screen, at most {max} are allowed")));
        }
        if let Some(gap) = next.and_then(|next| next.start_ms.checked_sub(end)).filter(|_| end > start) {
            let (least, close) = (profile.min_gap_ms(), profile.close_gap_ms());
            // Files hold whole milliseconds, and frames mostly are none.
            if gap + 1 < least {
                found.push((
                    Check::Gap,
                    format!("{gap} ms are between it and the next one, at least {least} are needed"),
                ));
            } else if gap > least + 1 && gap <= close && duration + gap - least <= max {
                let what = format!("{gap} ms are between it and the next one: up to {close} look like flicker");
                found.push((Check::Gap, what));
            }
        }
        found
    }

    fn text(&self, cue: &Cue, next: Option<&Cue>) -> Found {
        let mut found = Found::new();
        let text = cue.text();
        if text.trim().is_empty() {
            found.push((Check::Empty, "it has no words".to_owned()));
            return found;
        }
        let lines: Vec<_> = cue.lines.iter().map(Line::text).collect();
        let limit = self.profile.halves(self.tag);
        let longest = lines.iter().map(|line| self.count.halves(line.trim())).max().unwrap_or(0);
        if longest > limit {
            let what = format!("a line has {} characters, {} are allowed", half(longest), half(limit));
            found.push((Check::Cpl, what));
        }
        if lines.len() > self.profile.max_lines() {
            let what = format!("it has {} lines, {} are allowed", lines.len(), self.profile.max_lines());
            found.push((Check::Lines, what));
        }
        let halves = self.count.halves(&lines.join(" "));
        if cue.end_ms > cue.start_ms && self.profile.reading_ms(halves, self.tag) > cue.duration_ms().saturating_add(1)
        {
            let cps = f64::from(halves) * 500.0 / cue.duration_ms() as f64;
            let what = format!("{cps:.1} characters a second, {} are allowed", self.profile.cps(self.tag));
            found.push((Check::Cps, what));
        }
        found.extend(self.bad_break(cue, &lines, next));
        found.extend(self.speaker_dash(cue, &lines));
        if let Some(c) = text.chars().find(|c| is_bad_glyph(*c)) {
            found.push((Check::Glyph, format!("it has the character U+{:04X}", u32::from(c))));
        } else if let Some(wrong) = MOJIBAKE.iter().find(|wrong| text.contains(**wrong)) {
            found.push((Check::Glyph, format!("it has `{wrong}`, which a wrong encoding makes")));
        }
        let is_profane = |word: &String| self.language.profanity.contains(word) || self.unwanted.contains(word);
        if let Some(word) = text.split_whitespace().map(fold).find(is_profane) {
            found.push((Check::Profanity, format!("it says `{word:.40}`")));
        }
        found
    }

    fn bad_break(&self, cue: &Cue, lines: &[String], next: Option<&Cue>) -> Option<(Check, String)> {
        // Dialogues break where the speaker changes.
        let inside = lines.windows(2).filter(|pair| dash(&pair[1]).is_none());
        let inside = inside.map(|pair| (pair[0].clone(), pair[1].clone()));
        let follows = |next: &&Cue| {
            let pause_ms = next.start_ms.saturating_sub(cue.end_ms);
            next.speaker == cue.speaker
                && pause_ms <= self.profile.max_pause_ms().min(1000)
                && next.start_ms >= cue.end_ms
        };
        let across = next.filter(follows).and_then(|next| Some((lines.last()?.clone(), next.lines.first()?.text())));
        let across = across.filter(|(_, after)| dash(after).is_none());
        let (before, after) =
            inside.chain(across).find(|(before, after)| breaks_badly(self.language, before, after))?;
        let word = |word: Option<&str>| word.unwrap_or_default().chars().take(30).collect::<String>();
        let (last, first) = (word(before.split_whitespace().next_back()), word(after.split_whitespace().next()));
        Some((Check::BadBreak, format!("a line ends between `{last}` and `{first}`")))
    }

    fn speaker_dash(&self, cue: &Cue, lines: &[String]) -> Option<(Check, String)> {
        let dashes: Vec<_> = lines.iter().filter_map(|line| dash(line)).collect();
        let mut voices: Vec<_> = Vec::new();
        for voice in cue.lines.iter().flat_map(|line| &line.spans).map(|span| span.style.voice.as_deref()) {
            if voices.last() != Some(&voice) {
                voices.push(voice);
            }
        }
        let what = match (dashes.first(), lines.len()) {
            (Some(_), 2) if dashes.len() == 1 => "one of its two lines begins with a dash".to_owned(),
            (Some(first), n) if n > 1 && dashes.iter().any(|dash| dash != first) => {
                "its lines begin with different dashes".to_owned()
            }
            (Some(first), n) if n > 1 && self.dash.is_some_and(|usual| usual != *first) => {
                format!("its lines begin with `{first}`, other cues' with `{}`", self.dash.unwrap_or('-'))
            }
            (None, _) if voices.len() > 1 => format!("{} voices speak and no line begins with a dash", voices.len()),
            _ => return None,
        };
        Some((Check::SpeakerDash, what))
    }

    fn sources(&self, i: usize, cue: &Cue) -> Found {
        let mut found = Found::new();
        if let Some(source) = &self.source {
            if source.has_text(cue) {
                found.push((Check::Untranslated, "it has the words of the source".to_owned()));
            }
            if let Some(number) = source.unknown_number(cue) {
                found.push((Check::NumberMismatch, format!("it says `{number:.40}`, and the source does not")));
            }
        }
        let Some(range) = self.aligned.words_of(i) else { return found };
        let words = &self.words[range.clone()];
        if self.source.is_none()
            && let Some(number) = self.aligned.other_number(cue, words)
        {
            found.push((Check::NumberMismatch, format!("it says `{number:.40}`, and the recording does not")));
        }
        let unsure: Vec<_> = words.iter().filter(|word| word.confidence.is_some_and(|sure| sure < SURE)).collect();
        if let Some(word) = unsure.first() {
            let (text, sure) = (word.text.trim(), word.confidence.unwrap_or_default());
            let what = format!("{} words are below {SURE}, the first is `{text:.40}` with {sure:.2}", unsure.len());
            found.push((Check::LowConf, what));
        }
        let (Some(first), Some(last)) = (words.first(), words.last()) else { return found };
        let limit = self.profile.max_sync_ms();
        if cue.start_ms.abs_diff(first.start_ms) > limit {
            let direction = if cue.start_ms > first.start_ms { "after" } else { "before" };
            let ms = cue.start_ms.abs_diff(first.start_ms);
            found
                .push((Check::LateAudio, format!("it starts {ms} ms {direction} its first word, {limit} are allowed")));
        } else if last.end_ms > cue.end_ms.saturating_add(limit) {
            let ms = last.end_ms - cue.end_ms;
            found.push((Check::LateAudio, format!("it ends {ms} ms before its last word does, {limit} are allowed")));
        }
        found
    }
}

/// Returns whether a line ends inside a phrase.
pub(super) fn breaks_badly(language: &Language, before: &str, after: &str) -> bool {
    let (Some(last), Some(first)) = (before.split_whitespace().next_back(), after.split_whitespace().next()) else {
        return false;
    };
    language.rate(last, first).is_bad
}

/// Writes half characters as characters.
fn half(halves: u32) -> String {
    if halves.is_multiple_of(2) { (halves / 2).to_string() } else { format!("{}.5", halves / 2) }
}

/// What UTF-8 looks like when it was read as Windows-1252.
const MOJIBAKE: [&str; 8] = ["â€™", "â€œ", "â€“", "â€¦", "Ã©", "Ã¨", "Ã¼", "Ã¶"];

/// Characters that no font shows: controls, those for private use, what a decoder puts where it failed. Marks of direction
/// are left alone, for scripts that need them.
fn is_bad_glyph(c: char) -> bool {
    let is_format = matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffd}' | '\u{e0000}'..='\u{e007f}');
    let is_private = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}');
    let is_noncharacter = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    (c.is_control() && c != '\n') || is_format || is_private || is_noncharacter
}

/// Returns the digits of each number in a text, without what groups them.
pub(super) fn numbers(text: &str) -> Vec<String> {
    let mut numbers: Vec<String> = Vec::new();
    let mut is_open = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some(digit) = c.to_digit(10) {
            if !is_open {
                numbers.push(String::new());
            }
            is_open = true;
            numbers.last_mut().into_iter().for_each(|number| number.push_str(&digit.to_string()));
        } else {
            // `1,000`, `1.000`, `1 000` and `1’000` are one number each, in one language or another.
            let groups = matches!(c, ',' | '.' | '\'' | '’' | '\u{a0}' | '\u{202f}');
            is_open = is_open && groups && chars.peek().is_some_and(char::is_ascii_digit);
        }
    }
    numbers
}

/// Returns whether two tags are of one language.
pub(super) fn is_same_language(a: &str, b: &str) -> bool {
    primary(a) == primary(b)
}
