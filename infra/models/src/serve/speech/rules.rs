//! What may be said next: never marks in the middle of text, and times in pairs that only go forward. As OpenAI's code has it.

use super::vocabulary::{Token, Vocabulary};

/// The first mark of time is not later, in steps of 0.02 s.
const MAX_FIRST_TIME: Token = 50;

/// Tokens that are never said: of the model's own settings.
pub(super) struct Rules {
    pub never: Vec<Token>,
    pub never_first: Vec<Token>,
}

impl Rules {
    /// Takes from the scores what may not follow `said`, which are the tokens of this window so far.
    pub fn apply(&self, words: &Vocabulary, said: &[Token], scores: &mut [f32]) {
        for token in &self.never {
            forbid(scores, *token, *token + 1);
        }
        forbid(scores, words.no_times, words.no_times + 1);
        let (end, time, last) = (words.end, words.time, scores.len() as Token);
        if said.is_empty() {
            for token in &self.never_first {
                forbid(scores, *token, *token + 1);
            }
            // It begins with a time.
            forbid(scores, 0, time);
            forbid(scores, time + MAX_FIRST_TIME + 1, last);
        } else {
            let is_time = |at: usize| at.checked_sub(1).and_then(|at| said.get(at)).is_none_or(|token| *token >= time);
            let was_time = said.last().is_some_and(|token| *token >= time);
            let was_pair = was_time && is_time(said.len() - 1);
            if was_pair {
                forbid(scores, time, last);
            } else if was_time {
                forbid(scores, 0, end);
            }
            if let Some(latest) = said.iter().rev().find(|token| **token >= time) {
                // What ends may begin again at the same time; anything else is later.
                let from = if was_time && !was_pair { *latest } else { *latest + 1 };
                forbid(scores, time, from);
            }
        }
        if prefers_time(scores, time) {
            forbid(scores, 0, time);
        }
    }
}

fn forbid(scores: &mut [f32], from: Token, to: Token) {
    let index = |token: Token| usize::try_from(token).unwrap_or(0);
    if let Some(scores) = scores.get_mut(index(from)..index(to).max(index(from))) {
        scores.fill(f32::NEG_INFINITY);
    }
}

/// Says whether all times together are likelier than any other token.
fn prefers_time(scores: &[f32], time: Token) -> bool {
    let Some((texts, times)) = scores.split_at_checked(usize::try_from(time).unwrap_or(0)) else { return false };
    let text = texts.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let all: f32 = times.iter().map(|score| (score - text).exp()).sum();
    text == f32::NEG_INFINITY || all > 1.0
}

/// Turns scores into the logarithms of probabilities.
pub(super) fn log_softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = scores.iter().map(|score| f64::from((score - highest).exp())).sum();
    let total = highest + sum.ln() as f32;
    scores.iter_mut().for_each(|score| *score -= total);
}
