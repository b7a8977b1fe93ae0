//! One window after the other: what is said in it, its segments, and when each word is said.

use super::decode::{Decoder, Flaw, Said, compression};
use super::mel::{FRAMES_PER_S, Mel};
use super::network::{Heard, MAX_POSITIONS};
use super::segments::{Piece, cut, seconds};
use super::silence::Levels;
use super::vocabulary::Token;
use super::words::{self, Agreement, Word};
use super::{Segment, Transcriber, align, rules};
use anyhow::Result;
use std::ops::Range;

/// Positions of the encoder for a short window: it was trained on 30 s, and understands half of them as well in less than half the time.
const SHORT_POSITIONS: usize = 768;

/// Of the last window's positions, some stay silent, so that the end is heard as one.
const SILENT_POSITIONS: usize = 32;

/// A recording being written down.
pub(super) struct Work<'a> {
    pub of: &'a Transcriber,
    pub decoder: Decoder<'a>,
    pub levels: &'a Levels,
    pub mel: Mel,
    pub prompt: Vec<Token>,
    pub language: Option<(String, Token)>,
    /// Seconds.
    pub spoken_until: f64,
    pub segments: Vec<Segment>,
    pub dropped: Vec<(Range<f64>, Flaw)>,
}

impl Work<'_> {
    /// Leaves out a span of frames.
    pub fn drop(&mut self, frames: Range<usize>, flaw: Flaw) {
        if !frames.is_empty() {
            self.dropped.push((seconds(frames.start)..seconds(frames.end), flaw));
        }
    }

    /// Writes down a window of frames, and returns how many of them are done with.
    pub fn window(&mut self, window: &Range<usize>) -> Result<usize> {
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
