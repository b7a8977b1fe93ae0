//! Speech to text by Whisper: windows of up to 30 s, greedy with fallbacks, times of words from where the decoder looks.

mod align;
pub(crate) mod audio;
mod decode;
mod mel;
mod network;
mod rules;
mod segments;
mod silence;
mod vocabulary;
mod words;
mod work;

use crate::folder::Folder;
use crate::manifest::Model;
use anyhow::{Context, Result, ensure};
use decode::Decoder;
pub(crate) use decode::Flaw;
pub(crate) use mel::RATE;
use mel::{FRAMES_PER_S, Mel};
use network::{Head, MAX_POSITIONS, Networks};
use rules::Rules;
use serde::Deserialize;
use silence::Levels;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use vocabulary::Token;
pub use vocabulary::Vocabulary;
pub(crate) use words::Word;
use work::Work;

/// Frames of the longest window.
const MAX_FRAMES: usize = 2 * MAX_POSITIONS;

/// Frames of a window that are not worth another look.
const MIN_FRAMES: usize = FRAMES_PER_S / 5;

/// Frames that a window is always ahead of the one before, so that no recording takes for ever.
const MIN_ADVANCE: usize = FRAMES_PER_S / 2;

/// Tokens of a prompt that are read, and characters in which they are looked for.
const MAX_PROMPT: usize = 223;
const MAX_PROMPT_CHARS: usize = 2000;

/// What is asked of a recording.
#[derive(Clone, Debug, Default)]
pub(crate) struct Task {
    /// A code that the model knows; it listens for it itself where absent.
    pub language: Option<String>,
    /// Text that helps with names and spelling.
    pub prompt: String,
}

/// What was heard.
#[derive(Debug)]
pub(crate) struct Transcript {
    pub language: Option<String>,
    pub segments: Vec<Segment>,
    /// Spans that have no text, and why, in seconds.
    pub dropped: Vec<(Range<f64>, Flaw)>,
}

/// What is said without a break. Times are in seconds.
#[derive(Debug)]
pub(crate) struct Segment {
    pub start: f64,
    pub end: f64,
    pub text: String,
    pub words: Vec<Word>,
    pub log_probability: f32,
    pub compression: f32,
    pub no_speech: f32,
    pub temperature: f32,
}

/// Whether anyone still waits for the answer, and for how long.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cancelled {
    is_cancelled: Arc<AtomicBool>,
    until: Option<Instant>,
}

impl Cancelled {
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Returns the same with an end.
    pub fn within(&self, time: Duration) -> Self {
        Cancelled { is_cancelled: self.is_cancelled.clone(), until: Instant::now().checked_add(time) }
    }

    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed) || self.until.is_some_and(|until| Instant::now() > until)
    }

    fn check(&self) -> Result<()> {
        ensure!(!self.is_cancelled(), "nobody waits for the answer");
        Ok(())
    }
}

/// What the model's own file says about it.
#[derive(Deserialize)]
struct Config {
    alignment_heads: Vec<(usize, usize)>,
    suppress_ids: Vec<Token>,
    suppress_ids_begin: Vec<Token>,
}

pub(crate) struct Transcriber {
    networks: Networks,
    words: Vocabulary,
    rules: Rules,
    heads: Vec<Head>,
}

impl Transcriber {
    pub fn load(folder: &Folder, model: &Model) -> Result<Self> {
        let config = folder.read(model, "config.json")?;
        let config: Config = serde_json::from_slice(&config).context("the model's settings are broken")?;
        let mut heads: Vec<Head> =
            config.alignment_heads.into_iter().map(|(layer, head)| Head { layer, head }).collect();
        heads.sort_unstable_by_key(|head| (head.layer, head.head));
        Ok(Transcriber {
            networks: Networks::load(folder.read(model, "encoder.onnx")?, folder.read(model, "decoder.onnx")?)?,
            words: Vocabulary::parse(&folder.read(model, "vocabulary.json")?)?,
            rules: Rules { never: config.suppress_ids, never_first: config.suppress_ids_begin },
            heads,
        })
    }

    /// Says whether the model knows a language.
    pub fn knows(&self, language: &str) -> bool {
        self.words.language(language).is_some()
    }

    /// Writes down what is said in samples at `RATE`.
    ///
    /// # Errors
    /// If a network fails, or nobody waits any longer.
    pub fn transcribe(&self, samples: &[f32], task: &Task, cancelled: &Cancelled) -> Result<Transcript> {
        let (levels, mel) = (Levels::of(samples), Mel::of(samples));
        let decoder = Decoder { networks: &self.networks, words: &self.words, rules: &self.rules, cancelled };
        let language = task.language.as_deref().and_then(|code| Some((code.to_owned(), self.words.language(code)?)));
        let mut work = Work {
            of: self,
            decoder,
            levels: &levels,
            mel,
            prompt: self.prompt(&task.prompt),
            language,
            spoken_until: 0.0,
            segments: Vec::new(),
            dropped: Vec::new(),
        };
        let mut quiet_from = 0;
        for sound in levels.sounds() {
            work.drop(quiet_from..sound.start, Flaw::Silence);
            quiet_from = sound.end;
            let mut from = sound.start;
            while from + MIN_FRAMES < sound.end {
                cancelled.check()?;
                let window = from..sound.end.min(from + MAX_FRAMES);
                from = if levels.is_level(&window) {
                    work.drop(window.clone(), Flaw::Silence);
                    window.end
                } else {
                    window.start + work.window(&window)?.max(MIN_ADVANCE)
                };
            }
        }
        work.drop(quiet_from..samples.len() * FRAMES_PER_S / RATE, Flaw::Silence);
        Ok(Transcript {
            language: work.language.map(|language| language.0),
            segments: work.segments,
            dropped: work.dropped,
        })
    }

    /// Returns the tokens of a text that stands before each window.
    fn prompt(&self, text: &str) -> Vec<Token> {
        let text = text.trim();
        if text.is_empty() {
            return Vec::new();
        }
        // The end of it is nearest.
        let from = text.char_indices().rev().nth(MAX_PROMPT_CHARS).map_or(0, |(at, _)| at);
        let tokens = self.words.tokens_of(&format!(" {}", &text[from..]));
        let last = &tokens[tokens.len().saturating_sub(MAX_PROMPT)..];
        [&[self.words.previous], last].concat()
    }
}
