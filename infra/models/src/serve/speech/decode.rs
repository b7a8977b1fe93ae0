//! What is said in a window: greedily first, then with more and more chance as long as the result looks wrong.

use super::Cancelled;
use super::network::{Heard, Networks};
use super::rules::{Rules, log_softmax};
use super::vocabulary::{Token, Vocabulary};
use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

/// How much chance there is, one try after the other.
const TEMPERATURES: [f32; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];

/// A text that is so much shorter when it is compressed repeats itself.
const MAX_COMPRESSION: f32 = 2.4;

/// A text with a mean below was guessed: the logarithm of a token's probability.
const MIN_LOG_PROBABILITY: f32 = -1.0;

/// What is likelier no speech than this, and was guessed, is none.
const MAX_NO_SPEECH: f32 = 0.6;

/// Tokens of a window: half of what the decoder can keep in mind.
const MAX_TOKENS: usize = 224;

/// The same few tokens again and again, at least so often and so many, are a loop.
const LOOPS: usize = 4;
const LOOP_TOKENS: usize = 12;

/// What was said in a window.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// With marks of time, without the mark of the end.
    pub tokens: Vec<Token>,
    /// Mean logarithm of the tokens' probabilities.
    pub log_probability: f32,
    /// Length of the text by its length when compressed.
    pub compression: f32,
    pub no_speech: f32,
    pub temperature: f32,
}

/// Why a window's text is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Nothing is to be heard: no network was asked.
    Silence,
    /// The model heard no speech.
    NoSpeech,
    /// The text repeats itself.
    Repetition,
}

impl Flaw {
    pub fn name(self) -> &'static str {
        match self {
            Flaw::Silence => "silence",
            Flaw::NoSpeech => "no_speech",
            Flaw::Repetition => "repetition",
        }
    }
}

impl Said {
    fn is_guessed(&self) -> bool {
        self.log_probability < MIN_LOG_PROBABILITY
    }

    fn repeats(&self) -> bool {
        self.compression > MAX_COMPRESSION || loops(&self.tokens)
    }

    /// Says what is wrong with it, if it must not be kept.
    pub fn flaw(&self) -> Option<Flaw> {
        match self {
            _ if self.no_speech > MAX_NO_SPEECH && self.is_guessed() => Some(Flaw::NoSpeech),
            _ if self.repeats() => Some(Flaw::Repetition),
            _ => None,
        }
    }
}

/// Decodes windows.
pub(super) struct Decoder<'a> {
    pub networks: &'a Networks,
    pub words: &'a Vocabulary,
    pub rules: &'a Rules,
    pub cancelled: &'a Cancelled,
}

impl Decoder<'_> {
    /// Returns the likeliest language of a window: its code and token.
    pub fn language(&self, heard: &Heard) -> Result<(String, Token)> {
        let scores = self.networks.say(heard)?.go_on(&[self.words.start], &[0])?;
        let score = |token: Token| scores.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
        let likeliest = self.words.languages().max_by(|a, b| score(a.1).total_cmp(&score(b.1)));
        let (code, token) = likeliest.unwrap_or(("en", self.words.start + 1));
        Ok((code.to_owned(), token))
    }

    /// Decodes a window after a prompt: text that helps and the marks of the start.
    pub fn window(&self, heard: &Heard, prompt: &[Token]) -> Result<Said> {
        let mut best: Option<Said> = None;
        for temperature in TEMPERATURES {
            let said = self.try_once(heard, prompt, temperature)?;
            let is_silent = said.no_speech > MAX_NO_SPEECH && said.is_guessed();
            let is_done = is_silent || !(said.repeats() || said.is_guessed());
            // A text that does not repeat itself is better than one that does, and then the likelier one.
            let rank = |said: &Said| (!said.repeats(), said.log_probability);
            if is_done || best.as_ref().is_none_or(|best| rank(&said) > rank(best)) {
                best = Some(said);
            }
            if is_done {
                break;
            }
        }
        best.context("nothing was tried")
    }

    fn try_once(&self, heard: &Heard, prompt: &[Token], temperature: f32) -> Result<Said> {
        let mut speech = self.networks.say(heard)?;
        let start = prompt.iter().position(|token| *token == self.words.start).unwrap_or(0);
        let last = prompt.len().saturating_sub(1);
        let mut scores = speech.go_on(prompt, &[start as i32, last as i32])?;
        let mut after_start = scores.drain(..scores.len() / 2).collect::<Vec<f32>>();
        log_softmax(&mut after_start);
        let no_speech = after_start.get(self.words.no_speech as usize).map_or(0.0, |value| value.exp());

        let mut chance = Chance::new(temperature);
        let (mut tokens, mut sum) = (Vec::new(), 0.0);
        loop {
            self.cancelled.check()?;
            self.rules.apply(self.words, &tokens, &mut scores);
            let token = if temperature > 0.0 { chance.pick(&scores, temperature) } else { likeliest(&scores) };
            log_softmax(&mut scores);
            sum += scores.get(token as usize).copied().unwrap_or(0.0);
            if token == self.words.end {
                break;
            }
            tokens.push(token);
            // A loop does not end by itself, and what comes of it is not kept.
            if tokens.len() == MAX_TOKENS || loops(&tokens) {
                break;
            }
            scores = speech.go_on(&[token], &[0])?;
        }
        let text = self.words.text_of(&tokens);
        let log_probability = sum / (tokens.len() + 1) as f32;
        Ok(Said { compression: compression(text.trim()), tokens, log_probability, no_speech, temperature })
    }
}

fn likeliest(scores: &[f32]) -> Token {
    let mut best = (0, f32::NEG_INFINITY);
    for (token, score) in (0..).zip(scores) {
        if *score > best.1 {
            best = (token, *score);
        }
    }
    best.0
}

/// Returns how many times shorter a text becomes.
pub(super) fn compression(text: &str) -> f32 {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    // Writing to memory does not fail.
    packed.map_or(0.0, |packed| text.len() as f32 / packed.len().max(1) as f32)
}

/// Says whether the text ends with the same few tokens again and again.
fn loops(tokens: &[Token]) -> bool {
    let is_loop = |length: usize| {
        let times = LOOPS.max(LOOP_TOKENS.div_ceil(length));
        let Some(from) = tokens.len().checked_sub(length * times) else { return false };
        let (first, rest) = tokens[from..].split_at(length);
        rest.chunks_exact(length).all(|again| again == first)
    };
    (1..=MAX_TOKENS / LOOPS).any(is_loop)
}

/// Chance that is the same every time, so that the same recording has the same text.
struct Chance {
    state: u64,
}

impl Chance {
    fn new(temperature: f32) -> Self {
        Chance { state: u64::from(temperature.to_bits()) }
    }

    /// A number from 0 to 1: SplitMix64.
    fn next(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Picks a token, each as likely as its score says.
    fn pick(&mut self, scores: &[f32], temperature: f32) -> Token {
        let best = likeliest(scores);
        let highest = scores.get(best as usize).copied().unwrap_or(0.0);
        let weight = |score: f32| f64::from(((score - highest) / temperature).exp());
        let mut left = self.next() * scores.iter().map(|score| weight(*score)).sum::<f64>();
        for (token, score) in (0..).zip(scores) {
            left -= weight(*score);
            if left < 0.0 {
                return token;
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_found_and_refrains_are_not() {
        assert!(loops(&[7; 12]));
        assert!(!loops(&[7; 11]));
        assert!(loops(&[1, 2, 3, 4].repeat(4)) && !loops(&[1, 2, 3, 4].repeat(3)));
        assert!(loops(&[vec![9, 9], [1, 2].repeat(6)].concat()));
        assert!(!loops(&(0..200).collect::<Vec<Token>>()));
    }

    #[test]
    fn repeated_text_is_shorter() {
        assert!(compression("We choose to go to the moon in this decade and do the other things.") < 1.5);
        assert!(compression(&"Thank you for watching. ".repeat(12)) > MAX_COMPRESSION);
        assert!(compression("") < 1.0);
    }

    #[test]
    fn chance_follows_the_scores() {
        let mut chance = Chance::new(1.0);
        let scores = [0.0f32, 3.0f32.ln(), f32::NEG_INFINITY];
        let picked: Vec<Token> = (0..4000).map(|_| chance.pick(&scores, 1.0)).collect();
        let n = picked.iter().filter(|token| **token == 1).count();
        assert!((2900..3100).contains(&n) && !picked.contains(&2), "{n}");
    }
}
