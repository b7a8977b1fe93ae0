//! Captions as they are, whatever file they came from or go to.

use serde::{Deserialize, Serialize};

/// Captions of one recording in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// BCP 47. WebVTT and SRT files mostly do not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// In the order of the file. [`lint`](super::lint) says where that is not the order of time.
    pub cues: Vec<Cue>,
    /// The `STYLE` and `REGION` blocks of a WebVTT file as they stood there, without the blank line behind them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<String>,
}

/// Words that are on the screen from one time to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cue {
    /// A name that the file gives. SRT's numbers are positions, not names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub start_ms: u64,
    pub end_ms: u64,
    /// From top to bottom, in logical order also where the script runs from right to left.
    pub lines: Vec<Line>,
    /// Who speaks, where one person speaks the whole cue; else [`Style::voice`] says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    #[serde(default, skip_serializing_if = "Settings::is_default")]
    pub settings: Settings,
}

/// One line of a cue, in pieces of one style each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub spans: Vec<Span>,
}

/// Text of one style. It has no line break.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub text: String,
    #[serde(default, skip_serializing_if = "Style::is_plain")]
    pub style: Style,
    /// The reading that stands above the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ruby: Option<String>,
    /// When the text appears, if that is later than its cue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<u64>,
}

/// How text looks, and whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Style {
    pub is_bold: bool,
    pub is_italic: bool,
    pub is_underlined: bool,
    /// WebVTT's classes, such as `yellow`.
    pub classes: Vec<String>,
    /// BCP 47, where it is another than the track's.
    pub language: Option<String>,
    /// Who speaks, in a cue of several speakers.
    pub voice: Option<String>,
}

/// Where a cue stands: WebVTT's cue settings, each valid by its grammar. `None` is the default place, bottom centre.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub region: Option<String>,
    /// `rl` or `lr`.
    pub vertical: Option<String>,
    /// A line number or percentage, and an alignment: `0`, `-1`, `84.5%,end`.
    pub line: Option<String>,
    /// A percentage, and an alignment: `10%,line-left`.
    pub position: Option<String>,
    /// A percentage.
    pub size: Option<String>,
    /// `start`, `center`, `end`, `left` or `right`.
    pub align: Option<String>,
}

/// A spoken word, as a transcriber gives it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// With the punctuation that belongs to it. A word of punctuation alone is joined to the one before it.
    pub text: String,
    pub start_ms: u64,
    pub end_ms: u64,
    /// From 0 to 1.
    pub confidence: Option<f32>,
    pub speaker: Option<String>,
}

impl Cue {
    /// Returns a cue of plain text; `\n` separates its lines.
    pub fn new(start_ms: u64, end_ms: u64, text: &str) -> Self {
        Cue { start_ms, end_ms, lines: text.lines().map(Line::plain).collect(), ..Cue::default() }
    }

    /// Returns the words, with `\n` between lines and without styles.
    pub fn text(&self) -> String {
        self.lines.iter().map(Line::text).collect::<Vec<_>>().join("\n")
    }

    /// Returns how long it is on the screen; 0 where it ends before it starts.
    pub fn duration_ms(&self) -> u64 {
        self.end_ms.saturating_sub(self.start_ms)
    }

    /// Moves a voice that all the text has to the cue. Parsers call this, so that one speaker is written one way.
    pub(super) fn lift_voice(&mut self) {
        let mut spans = self.lines.iter_mut().flat_map(|line| &mut line.spans).peekable();
        let Some(voice) = spans.peek().and_then(|span| span.style.voice.clone()) else { return };
        if self.speaker.is_none() && spans.all(|span| span.style.voice.as_ref() == Some(&voice)) {
            for span in self.lines.iter_mut().flat_map(|line| &mut line.spans) {
                span.style.voice = None;
            }
            self.lines.iter_mut().for_each(Line::join);
            self.speaker = Some(voice);
        }
    }
}

impl Line {
    pub fn plain(text: &str) -> Self {
        let span = Span { text: text.to_owned(), ..Span::default() };
        Line { spans: if text.is_empty() { Vec::new() } else { vec![span] } }
    }

    /// Returns the words without styles and readings.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    /// Adds text; what has the style of the text before it continues that.
    pub(super) fn push(&mut self, span: Span) {
        if span.text.is_empty() && span.ruby.is_none() {
            return;
        }
        match self.spans.last_mut() {
            Some(last) if last.continues(&span) => last.text.push_str(&span.text),
            _ => self.spans.push(span),
        }
    }

    pub(super) fn join(&mut self) {
        let spans = std::mem::take(&mut self.spans);
        spans.into_iter().for_each(|span| self.push(span));
    }
}

impl Span {
    fn continues(&self, next: &Span) -> bool {
        self.style == next.style && self.at_ms == next.at_ms && self.ruby.is_none() && next.ruby.is_none()
    }
}

impl Style {
    pub fn is_plain(&self) -> bool {
        *self == Style::default()
    }
}

impl Settings {
    pub fn is_default(&self) -> bool {
        *self == Settings::default()
    }

    /// Returns whether the cue stands in the upper half of the picture.
    pub fn is_top(&self) -> bool {
        let Some(line) = self.line.as_deref() else { return false };
        let line = line.split(',').next().unwrap_or_default();
        match line.strip_suffix('%') {
            Some(percent) => percent.parse::<f32>().is_ok_and(|percent| percent < 50.0),
            None => line.parse::<f32>().is_ok_and(|line| (0.0..8.0).contains(&line)) && !line.starts_with('-'),
        }
    }
}
