//! A cue's styled text as one line, to be broken anew.

use super::language::breaks_anywhere;
use super::{Cue, Line, Span};
use std::ops::Range;

pub(super) struct Flow {
    pub(super) text: String,
    /// Styled pieces, and where each begins.
    spans: Vec<(usize, Span)>,
}

impl Flow {
    /// Joins lines with a space, or with nothing between characters of a script that has none.
    pub(super) fn new<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Flow {
        let mut flow = Flow { text: String::new(), spans: Vec::new() };
        for line in lines {
            let text = line.text();
            let (last, first) = (flow.text.chars().next_back(), text.chars().next());
            if let (Some(last), Some(first)) = (last, first) {
                let is_spaced = last.is_whitespace() || first.is_whitespace();
                let needs_none = breaks_anywhere(last) && breaks_anywhere(first);
                if !is_spaced && !needs_none {
                    flow.text.push(' ');
                    if let Some((_, span)) = flow.spans.last_mut() {
                        span.text.push(' ');
                    }
                }
            }
            for span in &line.spans {
                flow.spans.push((flow.text.len(), span.clone()));
                flow.text.push_str(&span.text);
            }
        }
        flow
    }

    /// Returns a part of the text as a line, with its styles. A reading goes with the start of its text.
    pub(super) fn line(&self, range: Range<usize>) -> Line {
        let mut line = Line::default();
        let first = self.spans.partition_point(|(start, span)| start + span.text.len() <= range.start);
        for (start, span) in self.spans[first..].iter().take_while(|(start, _)| *start < range.end) {
            let from = range.start.saturating_sub(*start);
            let to = (range.end - start).min(span.text.len());
            let text = span.text.get(from..to).unwrap_or_default().to_owned();
            line.push(Span { text, ruby: span.ruby.clone().filter(|_| from == 0), ..span.clone() });
        }
        line
    }

    /// Returns whether a cue's lines are each somebody's: they begin with a dash, or have voices of their own.
    pub(super) fn is_dialogue(cue: &Cue) -> bool {
        let n_dashes = cue.lines.iter().filter(|line| dash(&line.text()).is_some()).count();
        let mut voices = cue.lines.iter().flat_map(|line| &line.spans).map(|span| &span.style.voice);
        let first = voices.next();
        n_dashes > 0 && cue.lines.len() > 1 || voices.any(|voice| Some(voice) != first)
    }
}

/// Returns the dash that a line of a dialogue begins with.
pub(super) fn dash(line: &str) -> Option<char> {
    let line = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200e}' | '\u{200f}'));
    let mut chars = line.chars();
    let first = chars.next().filter(|c| matches!(c, '-' | '‐' | '–' | '—' | '−'))?;
    // A minus before a number, or an arrow, is none.
    chars.next().is_some_and(|next| !next.is_ascii_digit() && !matches!(next, '-' | '>')).then_some(first)
}
