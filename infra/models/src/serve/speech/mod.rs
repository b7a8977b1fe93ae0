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

use crate::folder::Folder;
use crate::manifest::Model;
use anyhow::{Context, Result, ensure};
pub(crate) use decode::Flaw;
use decode::{Decoder, Said, compression};
pub(crate) use mel::RATE;
use mel::{FRAMES_PER_S, Mel};
use network::{Head, Heard, MAX_POSITIONS, Networks};
use rules::Rules;
use segments::{Piece, cut, seconds};
use serde::Deserialize;
use silence::Levels;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use vocabulary::{Token, Vocabulary};
use words::Agreement;
pub(crate) use words::Word;

/// Frames of the longest window.
const MAX_FRAMES: usize = 2 * MAX_POSITIONS;

/// Frames of a window that are not worth another look.
const MIN_FRAMES: usize = FRAMES_PER_S / 5;

/// Frames that a window is always ahead of the one before, so that no recording takes for ever.
const MIN_ADVANCE: usize = FRAMES_PER_S / 2;

/// Positions of the encoder for a short window: it was trained on 30 s, and understands half of them as well in less than half the time.
const SHORT_POSITIONS: usize = 768;

/// Of the last window's positions, some stay silent, so that the end is heard as one.
const SILENT_POSITIONS: usize = 32;

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

/// A recording being written down.
struct Work<'a> {
    of: &'a Transcriber,
    decoder: Decoder<'a>,
    levels: &'a Levels,
    mel: Mel,
    prompt: Vec<Token>,
    language: Option<(String, Token)>,
    /// Seconds.
    spoken_until: f64,
    segments: Vec<Segment>,
    dropped: Vec<(Range<f64>, Flaw)>,
}

impl Work<'_> {
    fn drop(&mut self, frames: Range<usize>, flaw: Flaw) {
        if !frames.is_empty() {
            self.dropped.push((seconds(frames.start)..seconds(frames.end), flaw));
        }
    }

    /// Writes down a window of frames, and returns how many of them are done with.
    fn window(&mut self, window: &Range<usize>) -> Result<usize> {
        let size = window.len();
        let n_positions = match size.div_ceil(2) + SILENT_POSITIONS {
            n if n <= SHORT_POSITIONS => SHORT_POSITIONS,
            _ => MAX_POSITIONS,
        };
        let heard = self.of.networks.hear(self.mel.window(window.start, size, 2 * n_positions), n_positions)?;
        let language = match &self.language {
            Some(language) => language.clone(),
            None => self.decoder.language(&heard)?,
        };
        let start = [self.of.words.start, language.1, self.of.words.transcribe];
        let said = self.decoder.window(&heard, &[&self.prompt, &start[..]].concat())?;
        if let Some(flaw) = said.flaw() {
            self.drop(window.clone(), flaw);
            return Ok(size);
        }
        let code = self.language.get_or_insert(language).0.clone();
        let words = &self.of.words;
        let cut = cut(&said.tokens, words.time, words.end, size);
        let mut pieces = cut.pieces;
        pieces.retain(|piece| piece.start < piece.end && !words.text_of(&piece.tokens).trim().is_empty());
        let spoken = self.segments(window, &heard, &start, n_positions, pieces, &said, &code)?;
        // Where the model stopped in the middle, it goes on behind the last word.
        Ok(match spoken {
            Some(end) if !cut.is_closed && end > seconds(window.start) => {
                ((end * FRAMES_PER_S as f64).round() as usize).saturating_sub(window.start).min(size)
            }
            _ => cut.heard,
        })
    }

    /// Adds the segments of a window, and returns when the last of them ends.
    #[expect(clippy::too_many_arguments, reason = "all of it is this window's")]
    fn segments(
        &mut self,
        window: &Range<usize>,
        heard: &Heard,
        start: &[Token],
        n_positions: usize,
        pieces: Vec<Piece>,
        said: &Said,
        language: &str,
    ) -> Result<Option<f64>> {
        let tokens: Vec<Token> = pieces.iter().flat_map(|piece| piece.tokens.iter().copied()).collect();
        let mut timed = self.of.times(heard, start, &tokens, n_positions, window.len().div_ceil(2), language)?;
        let (usual, longest) = words::usual_length(&timed);
        words::shorten(&mut timed, longest);
        words::join_punctuation(&mut timed);
        let offset = seconds(window.start);
        for word in &mut timed {
            (word.start, word.end) = self.levels.fit(word.start + offset, word.end + offset);
        }
        let mut agreement = Agreement { usual, longest, spoken_until: self.spoken_until };
        let mut timed = timed.into_iter();
        for piece in pieces {
            let (mut words, mut n_tokens) = (Vec::new(), 0);
            while n_tokens < piece.tokens.len() {
                let Some(word) = timed.next() else { break };
                n_tokens += word.n_tokens;
                if !word.text.is_empty() {
                    words.push(word);
                }
            }
            let (mut start, mut end) = (offset + seconds(piece.start), offset + seconds(piece.end));
            agreement.find(&mut start, &mut end, &mut words);
            let last = seconds(window.end);
            (start, end) = (start.min(last), end.min(last));
            words.iter_mut().for_each(|word| (word.start, word.end) = (word.start.min(last), word.end.min(last)));
            let text = self.of.words.text_of(&piece.tokens);
            self.segments.push(Segment {
                start,
                end,
                compression: compression(text.trim()),
                text,
                words,
                log_probability: said.log_probability,
                no_speech: said.no_speech,
                temperature: said.temperature,
            });
        }
        let ends = !tokens.is_empty();
        self.spoken_until = agreement.spoken_until;
        Ok(ends.then_some(agreement.spoken_until))
    }
}

impl Transcriber {
    /// Returns the words of tokens of text, in seconds from the beginning of the window.
    fn times(
        &self,
        heard: &Heard,
        start: &[Token],
        tokens: &[Token],
        n_positions: usize,
        n_heard: usize,
        language: &str,
    ) -> Result<Vec<Word>> {
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let all = [start, &[self.words.no_times], tokens, &[self.words.end]].concat();
        let (mut scores, looks) = self.networks.say(heard)?.look(&all, &self.heads)?;
        let begin = align::beginnings(&looks, n_positions, n_heard, start.len());
        let n_scores = scores.len() / all.len();
        // The scores after a token are those of the next; marks do not count.
        let rows = scores.chunks_exact_mut(n_scores).skip(start.len()).zip(tokens);
        let n_text = usize::try_from(self.words.end).unwrap_or(0).min(n_scores);
        let probability = |(row, token): (&mut [f32], &Token)| {
            rules::log_softmax(&mut row[..n_text]);
            row.get(*token as usize).map_or(0.0, |value| value.exp())
        };
        let probabilities: Vec<f32> = rows.map(probability).collect();
        let time = |token: usize| begin.get(token).map_or(0.0, |position| seconds(2 * position));
        let (mut words, mut from) = (Vec::new(), 0);
        for (text, n_tokens) in words::split(&self.words, tokens, language) {
            let to = from + n_tokens;
            let mean = probabilities[from..to].iter().sum::<f32>() / n_tokens.max(1) as f32;
            words.push(Word { text, start: time(from), end: time(to), probability: mean, n_tokens });
            from = to;
        }
        Ok(words)
    }
}
