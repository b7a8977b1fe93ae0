//! What can be mended without changing a word.

use super::flow::Flow;
use super::language::{Count, Language};
use super::segment::{Piece, Segmenter};
use super::unit::Units;
use super::{Check, Cue, Line, Profile, Track};
use serde::{Deserialize, Serialize};

/// A track, and what was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixed {
    pub track: Track,
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What was wrong.
    pub check: Check,
    /// When the cue started before.
    pub at_ms: u64,
    /// What was done, with its numbers.
    pub what: String,
}

/// Mends a track: sorts cues, removes empty ones, splits those that are too long (their time by length), joins those that
/// are too short, breaks lines anew, and moves the ends of cues.
///
/// Words and their order in each cue stay as they are; so do starts, but for the parts of a split cue. A dialogue is never
/// split, joined or broken anew. What cannot be mended so stays, and [`lint`](super::lint) finds it. Takes any track, in
/// time that grows with its length.
pub fn fix(track: &Track, profile: &Profile) -> Fixed {
    let tag = track.language.clone().unwrap_or_default();
    let mut fixer = Fixer { profile, tag: &tag, count: Count::of(&tag), changes: Vec::new() };
    let mut cues = fixer.sort(track.cues.clone());
    fixer.part(&mut cues);
    cues = cues.into_iter().flat_map(|cue| fixer.split(cue)).collect();
    cues = fixer.merge(cues);
    fixer.times(&mut cues);
    Fixed { track: Track { cues, ..track.clone() }, changes: fixer.changes }
}

struct Fixer<'a> {
    profile: &'a Profile,
    tag: &'a str,
    count: Count,
    changes: Vec<Change>,
}

impl Fixer<'_> {
    fn changed(&mut self, check: Check, at_ms: u64, what: impl Into<String>) {
        self.changes.push(Change { check, at_ms, what: what.into() });
    }

    fn sort(&mut self, mut cues: Vec<Cue>) -> Vec<Cue> {
        if !cues.is_sorted_by_key(|cue| cue.start_ms) {
            cues.sort_by_key(|cue| cue.start_ms);
            self.changed(Check::Order, 0, "sorted the cues by their starts");
        }
        let (kept, empty): (Vec<_>, Vec<_>) = cues.into_iter().partition(|cue| !cue.text().trim().is_empty());
        for cue in empty {
            self.changed(Check::Empty, cue.start_ms, "removed a cue without words");
        }
        kept
    }

    /// Gives ends to cues that have none, and ends each before the next one starts.
    fn part(&mut self, cues: &mut [Cue]) {
        for i in 0..cues.len() {
            let next_ms = cues.get(i + 1).map_or(u64::MAX, |next| next.start_ms);
            let need_ms = self.need_ms(&cues[i]);
            let cue = &mut cues[i];
            let (start, end) = (cue.start_ms, cue.end_ms);
            if end <= start {
                cue.end_ms = start.saturating_add(need_ms).min(next_ms).max(start.saturating_add(1));
                let what = format!(
                    "ended it {} ms after its start, where it ended {} ms before",
                    cue.end_ms - start,
                    start - end
                );
                self.changed(Check::Order, start, what);
            } else if end > next_ms && next_ms > start {
                cue.end_ms = next_ms;
                self.changed(
                    Check::Overlap,
                    start,
                    format!("ended it {} ms earlier, where the next one starts", end - next_ms),
                );
            }
        }
    }

    fn need_ms(&self, cue: &Cue) -> u64 {
        let halves = self.count.halves(&cue.text());
        let (min, max) = (self.profile.min_duration_ms(), self.profile.max_duration_ms());
        self.profile.reading_ms(halves, self.tag).clamp(min, max)
    }

    /// Splits a cue that has too many words, and breaks its lines anew where they are too long, too many or badly broken.
    fn split(&mut self, mut cue: Cue) -> Vec<Cue> {
        if Flow::is_dialogue(&cue) {
            return vec![cue];
        }
        let flow = Flow::new(&cue.lines);
        let units = Units::of_text(&flow.text, cue.start_ms, cue.end_ms, self.tag);
        let segmenter = Segmenter::new(&units.all, self.profile, self.tag);
        let all = 0..units.all.len();
        let lines = |piece: &Piece| -> Vec<Line> {
            let starts = piece.line_starts.iter().copied();
            let ends = piece.line_starts.iter().skip(1).copied().chain([piece.units.end]);
            let byte = |at: usize| units.all.get(at).map_or(flow.text.len(), |unit| unit.range.start);
            let last = |at: usize| units.all.get(at.wrapping_sub(1)).map_or(0, |unit| unit.range.end);
            starts.zip(ends).map(|(start, end)| flow.line(byte(start)..last(end))).collect()
        };
        let is_slow =
            cue.duration_ms() <= self.profile.max_duration_ms() || self.need_ms(&cue) < self.profile.max_duration_ms();
        if segmenter.fits(&all) && is_slow {
            if self.is_ill_broken(&cue) {
                let piece = Piece { line_starts: segmenter.lines(&all), units: all };
                let lines = lines(&piece);
                if self.badness(&lines) < self.badness(&cue.lines) {
                    let check = match self.badness(&cue.lines) {
                        (1.., ..) => Check::Lines,
                        (_, 1.., _) => Check::Cpl,
                        _ => Check::BadBreak,
                    };
                    let what = format!("broke its lines anew: {} instead of {}", lines.len(), cue.lines.len());
                    self.changed(check, cue.start_ms, what);
                    cue.lines = lines;
                }
            }
            return vec![cue];
        }
        let pieces = segmenter.run();
        if pieces.len() > 1 {
            let what = format!("split it into {} cues, timed by their lengths", pieces.len());
            self.changed(Check::Lines, cue.start_ms, what);
        }
        let part = |(i, piece): (usize, &Piece)| Cue {
            id: cue.id.clone().filter(|_| i == 0),
            start_ms: units.all.get(piece.units.start).map_or(cue.start_ms, |unit| unit.start_ms),
            end_ms: units.all.get(piece.units.end.wrapping_sub(1)).map_or(cue.end_ms, |unit| unit.end_ms),
            lines: lines(piece),
            speaker: cue.speaker.clone(),
            settings: cue.settings.clone(),
        };
        let parts: Vec<_> = pieces.iter().enumerate().map(part).collect();
        // Two parts of one time would be one on top of the other.
        if parts.iter().any(|part| part.end_ms <= part.start_ms) { vec![cue] } else { parts }
    }

    /// Returns whether lines are too long, too many, or end inside a phrase.
    fn is_ill_broken(&self, cue: &Cue) -> bool {
        self.badness(&cue.lines) > (0, 0, 0)
    }

    /// Returns how many lines are too many, by how many half characters lines are too long, and how many end badly.
    fn badness(&self, lines: &[Line]) -> (usize, u32, usize) {
        let texts: Vec<_> = lines.iter().map(Line::text).collect();
        let limit = self.profile.halves(self.tag);
        let n_more = lines.len().saturating_sub(self.profile.max_lines());
        let over = texts.iter().map(|text| self.count.halves(text.trim()).saturating_sub(limit)).sum();
        let language = Language::of(self.tag);
        let is_bad = |pair: &[String]| super::linting::breaks_badly(language, &pair[0], &pair[1]);
        (n_more, over, texts.windows(2).filter(|pair| is_bad(pair)).count())
    }

    /// Joins a cue that is too short, and cannot be longer, to the next one or the one before it.
    fn merge(&mut self, cues: Vec<Cue>) -> Vec<Cue> {
        let mut merged: Vec<Cue> = Vec::with_capacity(cues.len());
        let mut cues = cues.into_iter().peekable();
        while let Some(cue) = cues.next() {
            let next_ms = cues.peek().map_or(u64::MAX, |next| next.start_ms);
            let is_short = |cue: &Cue, next_ms: u64| {
                let room = next_ms.saturating_sub(self.profile.min_gap_ms()).saturating_sub(cue.start_ms);
                room < self.profile.min_duration_ms()
            };
            let joined = merged.last().and_then(|last| {
                let is_needed = is_short(last, cue.start_ms) || is_short(&cue, next_ms);
                is_needed.then(|| self.joined(last, &cue)).flatten()
            });
            match (joined, merged.last_mut()) {
                (Some(joined), Some(last)) => {
                    *last = joined;
                    self.changed(Check::MinDur, cue.start_ms, "joined it to the one before it");
                }
                _ => merged.push(cue),
            }
        }
        merged
    }

    fn joined(&self, first: &Cue, second: &Cue) -> Option<Cue> {
        let is_alike = first.speaker == second.speaker && first.settings == second.settings;
        let pause_ms = second.start_ms.checked_sub(first.end_ms)?;
        let duration_ms = second.end_ms.checked_sub(first.start_ms)?;
        if !is_alike
            || Flow::is_dialogue(first)
            || Flow::is_dialogue(second)
            || super::flow::dash(&second.text()).is_some()
        {
            return None;
        }
        if pause_ms > self.profile.max_pause_ms() || duration_ms > self.profile.max_duration_ms() {
            return None;
        }
        let flow = Flow::new(first.lines.iter().chain(&second.lines));
        let units = Units::of_text(&flow.text, first.start_ms, second.end_ms, self.tag);
        let segmenter = Segmenter::new(&units.all, self.profile, self.tag);
        let all = 0..units.all.len();
        if !segmenter.fits(&all) {
            return None;
        }
        let starts = segmenter.lines(&all);
        let ends = starts.iter().skip(1).copied().chain([all.end]);
        let range = |(start, end): (&usize, usize)| units.all[*start].range.start..units.all[end - 1].range.end;
        let lines = starts.iter().zip(ends).map(|ends| flow.line(range(ends))).collect();
        Some(Cue { end_ms: second.end_ms, lines, ..first.clone() })
    }

    /// Moves ends: to the gap before the next cue, to the time that reading needs, to the longest time allowed.
    fn times(&mut self, cues: &mut [Cue]) {
        let profile = self.profile;
        for i in 0..cues.len() {
            let next_ms = cues.get(i + 1).map(|next| next.start_ms);
            let need_ms = self.need_ms(&cues[i]);
            let cue = &mut cues[i];
            let (start, old) = (cue.start_ms, cue.end_ms);
            if old <= start || next_ms.is_some_and(|next| next < old) {
                continue;
            }
            let latest = next_ms.map_or(u64::MAX, |next| next.saturating_sub(profile.min_gap_ms()));
            let mut end = old;
            let mut check = Check::Gap;
            if end - start < need_ms && end < latest {
                check = if end - start < profile.min_duration_ms() { Check::MinDur } else { Check::Cps };
                end = start.saturating_add(need_ms).min(latest);
            }
            if end - start > profile.max_duration_ms() {
                (check, end) = (Check::MaxDur, start + profile.max_duration_ms());
            }
            let is_close = next_ms.is_some_and(|next| next - end <= profile.close_gap_ms());
            let is_allowed = latest > start && latest - start <= profile.max_duration_ms();
            // A gap is not worth a cue that nobody can read.
            let is_enough = latest > end || latest.saturating_sub(start) >= need_ms.min(profile.min_duration_ms());
            if is_close && is_allowed && is_enough {
                end = latest;
            }
            if end != old {
                cue.end_ms = end;
                let (ms, direction) = (end.abs_diff(old), if end > old { "later" } else { "earlier" });
                self.changed(check, start, format!("ended it {ms} ms {direction}"));
            }
        }
    }
}
