//! What is wrong with captions.

use super::Track;
use asset::field::Severity;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A check. Its id in profiles, JSON and on a command line is stable: the name in snake case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The file breaks its format's grammar. Parsers find this, [`lint`](super::lint) does not.
    Parse,
    /// A cue starts before the one before it, or does not end after its start.
    Order,
    /// Two cues are on the screen at once.
    Overlap,
    /// Too short to be noticed and read.
    MinDur,
    /// Stays longer than the words need.
    MaxDur,
    /// The pause before the next cue is so short that the change is not seen, or that it flickers.
    Gap,
    /// A line has too many characters.
    Cpl,
    /// Too many lines.
    Lines,
    /// Too many characters a second.
    Cps,
    /// A line or cue ends inside a phrase: after an article, a preposition, an auxiliary.
    BadBreak,
    /// There are no words.
    Empty,
    /// A cue of a translation has the words of the source.
    Untranslated,
    /// Speakers of a dialogue are not marked alike.
    SpeakerDash,
    /// Characters that no font shows, or that a wrong encoding made.
    Glyph,
    /// Numbers differ from those of the source or of the recording.
    NumberMismatch,
    /// A word that many do not want to read.
    Profanity,
    /// The transcriber was not sure of a word.
    LowConf,
    /// A cue is earlier or later than its words are heard.
    LateAudio,
}

impl Check {
    /// All, in the order of findings of one cue.
    pub const ALL: [Check; 18] = [
        Check::Parse,
        Check::Order,
        Check::Overlap,
        Check::MinDur,
        Check::MaxDur,
        Check::Gap,
        Check::Cpl,
        Check::Lines,
        Check::Cps,
        Check::BadBreak,
        Check::Empty,
        Check::Untranslated,
        Check::SpeakerDash,
        Check::Glyph,
        Check::NumberMismatch,
        Check::Profanity,
        Check::LowConf,
        Check::LateAudio,
    ];

    pub fn id(self) -> &'static str {
        match self {
            Check::Parse => "parse",
            Check::Order => "order",
            Check::Overlap => "overlap",
            Check::MinDur => "min_dur",
            Check::MaxDur => "max_dur",
            Check::Gap => "gap",
            Check::Cpl => "cpl",
            Check::Lines => "lines",
            Check::Cps => "cps",
            Check::BadBreak => "bad_break",
            Check::Empty => "empty",
            Check::Untranslated => "untranslated",
            Check::SpeakerDash => "speaker_dash",
            Check::Glyph => "glyph",
            Check::NumberMismatch => "number_mismatch",
            Check::Profanity => "profanity",
            Check::LowConf => "low_conf",
            Check::LateAudio => "late_audio",
        }
    }

    pub fn of_id(id: &str) -> Option<Check> {
        Check::ALL.into_iter().find(|check| check.id() == id)
    }

    pub(super) fn fix(self) -> &'static str {
        match self {
            Check::Parse => "write it as the format's specification says",
            Check::Order => "sort the cues by time, and let each end after its start",
            Check::Overlap => "end the earlier cue before the later one starts",
            Check::MinDur => "show it longer, or join it to a neighbour",
            Check::MaxDur => "end it earlier, or split it",
            Check::Gap => "end the cue exactly the profile's gap before the next one",
            Check::Cpl => "break the line elsewhere, or split the cue",
            Check::Lines => "break the lines anew, or split the cue",
            Check::Cps => "show it longer, or use fewer words",
            Check::BadBreak => "break before the phrase or after it",
            Check::Empty => "remove the cue, or give it words",
            Check::Untranslated => "translate it, or leave the cue out if all of it is names",
            Check::SpeakerDash => "begin each speaker's line with the same dash, and no other line",
            Check::Glyph => "write the character that was meant, in UTF-8",
            Check::NumberMismatch => "compare the number with the source",
            Check::Profanity => "check that it was said, and that the audience may read it",
            Check::LowConf => "listen to it",
            Check::LateAudio => "move the cue to its words",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// One thing to put right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub check: Check,
    pub severity: Severity,
    /// Which cue, from 1; `None` where it is about the whole file. A parser counts the cues that it could read.
    pub cue: Option<usize>,
    /// When: the start of the cue.
    pub at_ms: Option<u64>,
    /// Which line of the file, from 1; only parsers know.
    pub line: Option<usize>,
    /// What was found, with its numbers.
    pub found: String,
    /// How to mend it.
    pub fix: String,
}

impl Finding {
    pub(super) fn parse(severity: Severity, line: usize, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Finding {
            check: Check::Parse,
            severity,
            cue: None,
            at_ms: None,
            line: Some(line),
            found: found.into(),
            fix: fix.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.severity, self.check)?;
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(cue) = self.cue {
            write!(f, "cue {cue} at {}: ", super::time::vtt(self.at_ms.unwrap_or_default()))?;
        }
        write!(f, "{}; {}", self.found, self.fix)
    }
}

/// Captions that were read, and what was wrong with the file. What could be read is in the track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    pub track: Track,
    pub findings: Vec<Finding>,
}

/// Findings of a hostile file are as many as its lines; nobody reads more than this.
const MAX_FINDINGS: usize = 1000;

impl Parsed {
    pub(super) fn add(&mut self, severity: Severity, line: usize, found: impl Into<String>, fix: impl Into<String>) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(Finding::parse(severity, line, found, fix));
        }
    }
}
