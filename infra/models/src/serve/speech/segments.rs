//! Segments of a window: what stands between two marks of time, and how far the window has been heard.

use super::mel::FRAMES_PER_S;
use super::vocabulary::Token;

/// Frames of the spectrogram in a step of the marks of time.
const FRAMES_PER_STEP: usize = 2;

/// Text between two times.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    /// Frames from the beginning of the window.
    pub start: usize,
    pub end: usize,
    /// Tokens of text.
    pub tokens: Vec<Token>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Cut {
    pub pieces: Vec<Piece>,
    /// Frames that need not be heard again.
    pub heard: usize,
    /// Whether the model closed the last piece and opened no other: there is no speech behind it.
    pub is_closed: bool,
}

/// Cuts the tokens of a window of `size` frames.
pub(super) fn cut(tokens: &[Token], time: Token, end: Token, size: usize) -> Cut {
    let frame = |token: Token| (usize::try_from(token - time).unwrap_or(0) * FRAMES_PER_STEP).min(size);
    let is_time = |token: &Token| *token >= time;
    let is_closed = matches!(tokens, [.., a, b] if !is_time(a) && is_time(b));
    let mut borders: Vec<usize> =
        (1..tokens.len()).filter(|at| is_time(&tokens[at - 1]) && is_time(&tokens[*at])).collect();
    let text = |tokens: &[Token]| tokens.iter().copied().filter(|token| *token < end).collect();
    if borders.is_empty() {
        let last = tokens.iter().rev().find(|token| **token > time).map_or(size, |token| frame(*token));
        let piece = Piece { start: 0, end: last, tokens: text(tokens) };
        return Cut { pieces: vec![piece], heard: size, is_closed };
    }
    if is_closed {
        borders.push(tokens.len());
    }
    let (mut pieces, mut from) = (Vec::new(), 0);
    for to in borders {
        let piece = &tokens[from..to];
        if let (Some(first), Some(last)) = (piece.first(), piece.last()) {
            pieces.push(Piece { start: frame(*first), end: frame(*last), tokens: text(piece) });
        }
        from = to;
    }
    let heard = if is_closed { size } else { from.checked_sub(1).map_or(size, |at| frame(tokens[at])) };
    Cut { pieces, heard, is_closed }
}

/// Seconds of a frame.
pub(super) fn seconds(frame: usize) -> f64 {
    frame as f64 / FRAMES_PER_S as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Token = 1000;

    fn cut_of(tokens: &[Token]) -> (Vec<(usize, usize, usize)>, usize, bool) {
        let Cut { pieces, heard, is_closed } = cut(tokens, TIME, 900, 3000);
        let pieces = pieces.iter().map(|piece| (piece.start, piece.end, piece.tokens.len())).collect();
        (pieces, heard, is_closed)
    }

    #[test]
    fn windows_are_cut_at_pairs_of_times() {
        let t = |step: Token| TIME + step;
        assert_eq!(cut_of(&[t(0), 1, 2, t(50), t(50), 3, t(100)]), (vec![(0, 100, 2), (100, 200, 1)], 3000, true));
        assert_eq!(cut_of(&[t(0), 1, 2, t(50), t(60), 3, 4]), (vec![(0, 100, 2)], 100, false));
        assert_eq!(cut_of(&[t(5), 1, t(50), t(50)]), (vec![(10, 100, 1)], 100, false));
        assert_eq!(cut_of(&[t(0), 1, 2]), (vec![(0, 3000, 2)], 3000, false));
        assert_eq!(cut_of(&[t(0), 1, t(70)]), (vec![(0, 140, 1)], 3000, true));
        assert_eq!(cut_of(&[]), (vec![(0, 3000, 0)], 3000, false));
    }

    #[test]
    fn no_time_is_behind_the_window() {
        let Cut { pieces, heard, .. } = cut(&[TIME, 1, TIME + 1500], TIME, 900, 700);
        assert_eq!((pieces[0].end, heard), (700, 700));
    }
}
