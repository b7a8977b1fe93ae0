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

#[cfg(test)]
mod tests {
    use super::super::vocabulary::tests::small;
    use super::*;

    /// What may follow: text, the end, and marks of time by their steps.
    fn may_follow(said: &[Token], likely: Token) -> (bool, bool, Vec<Token>) {
        let words = small();
        let mut scores = vec![0.0; (words.time + 100) as usize];
        scores[likely as usize] = 20.0;
        let rules = Rules { never: vec![words.start, 66], never_first: vec![32, words.end] };
        rules.apply(&words, said, &mut scores);
        assert!(scores[66] == f32::NEG_INFINITY && scores[words.no_times as usize] == f32::NEG_INFINITY);
        let may = |token: Token| scores[token as usize] > f32::NEG_INFINITY;
        (may(65), may(words.end), (0..100).filter(|step| may(words.time + step)).collect())
    }

    #[test]
    fn times_come_in_pairs_and_go_forward() {
        let time = small().time;
        let steps = |from: Token, to: Token| (from..to).collect::<Vec<Token>>();
        assert_eq!(may_follow(&[], 65), (false, false, steps(0, 51)), "a window begins with a time");
        assert_eq!(may_follow(&[time + 5], 65), (true, true, vec![]), "the first is a pair");
        assert_eq!(may_follow(&[time + 5, 65], 65), (true, true, steps(6, 100)));
        let end = small().end;
        assert_eq!(may_follow(&[time, 65, time + 9], end), (false, true, steps(9, 100)), "what ends begins again");
        assert_eq!(may_follow(&[time, 65, time + 9, time + 9], 65), (true, true, vec![]));
        assert_eq!(may_follow(&[time, 65, time + 9, time + 9, 65], 65), (true, true, steps(10, 100)));
    }

    #[test]
    fn times_that_are_likelier_together_are_preferred() {
        let time = small().time;
        // A score of 20 for one time is more than any text.
        assert_eq!(may_follow(&[time, 65], time + 50), (false, false, (1..100).collect()));
    }

    #[test]
    fn probabilities_sum_up() {
        let mut scores = vec![1.0, 2.0, f32::NEG_INFINITY, 0.5];
        log_softmax(&mut scores);
        let sum: f32 = scores.iter().map(|score| score.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-6 && scores[2] == f32::NEG_INFINITY, "{scores:?}");
    }
}
