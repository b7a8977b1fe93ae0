//! What is quiet is not sent to the model, which would dream something up.

use super::mel::{FRAMES_PER_S, HOP, RATE};
use std::ops::Range;

/// Samples of a level: 20 ms.
const STEP: usize = RATE / 50;
const STEPS_PER_S: usize = RATE / STEP;

/// Below this there is nothing to hear: a thousandth of the loudest that a recording can have, -60 dBFS.
const QUIET: f32 = 0.001;

/// Seconds of silence at which a window ends, and of what is left of it around sound.
const PAUSE_S: f64 = 3.0;
const MARGIN_S: f64 = 0.3;

/// Steps with sound that make a sound: less is a click.
const MIN_STEPS: usize = 3;

/// Steps in which speech rises and falls, and by how much (as a ratio) if not at all: 4 dB. Noise and hum stay level.
const LEVEL_STEPS: usize = 2 * STEPS_PER_S;
const LEVEL: f32 = 1.6;

/// Steps of silence inside of a word that show that a pause was taken for a part of it: 0.2 s.
const PAUSE_STEPS: usize = STEPS_PER_S / 5;

/// Where a pause's level lies between that of the quietest tenth and that of speech, as a share of the decibels.
const PAUSE_SHARE: f32 = 0.4;

/// How loud a recording is, step by step.
pub(super) struct Levels {
    steps: Vec<f32>,
    /// What is below is a pause between words.
    pause: f32,
    /// Frames of the whole recording.
    n_frames: usize,
}

impl Levels {
    /// Measures samples at `RATE`.
    pub fn of(samples: &[f32]) -> Self {
        let level = |step: &[f32]| {
            let mean = step.iter().sum::<f32>() / step.len() as f32;
            // A constant is no sound.
            (step.iter().map(|sample| (sample - mean).powi(2)).sum::<f32>() / step.len() as f32).sqrt()
        };
        let steps: Vec<f32> = samples.chunks(STEP).map(level).collect();
        let mut loud: Vec<f32> = steps.iter().copied().filter(|level| *level > QUIET).collect();
        loud.sort_unstable_by(f32::total_cmp);
        let at = |share: f64| loud.get((loud.len() as f64 * share) as usize).copied().unwrap_or(QUIET);
        let (floor, speech) = (at(0.1), at(0.9));
        Levels { steps, pause: floor * (speech / floor).powf(PAUSE_SHARE), n_frames: samples.len() / HOP }
    }

    /// Takes pauses off a word, whose times are in seconds: of what pauses part it into, the loudest is the word.
    pub fn fit(&self, start: f64, end: f64) -> (f64, f64) {
        let step = |seconds: f64| ((seconds * STEPS_PER_S as f64).round() as usize).min(self.steps.len());
        let (first, last) = (step(start), step(end));
        let mut parts: Vec<(Range<usize>, f32)> = Vec::new();
        for (at, level) in
            (first..last).zip(&self.steps[first..last.max(first)]).filter(|(_, level)| **level > self.pause)
        {
            match parts.last_mut() {
                Some((part, power)) if at - part.end < PAUSE_STEPS => {
                    part.end = at + 1;
                    *power += level * level;
                }
                _ => parts.push((at..at + 1, level * level)),
            }
        }
        let loudest = parts.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((part, _)) = loudest else { return (start, end) };
        let seconds = |step: usize| step as f64 / STEPS_PER_S as f64;
        // A little silence at its ends is the word's own.
        let from = if part.start >= first + PAUSE_STEPS { seconds(part.start - 1) } else { start };
        let to = if part.end + PAUSE_STEPS <= last { seconds(part.end + 1) } else { end };
        (from, to)
    }

    /// Returns the parts with sound, in frames of the spectrogram.
    pub fn sounds(&self) -> Vec<Range<usize>> {
        let mut sounds: Vec<Range<usize>> = Vec::new();
        let (pause, margin) = ((PAUSE_S * STEPS_PER_S as f64) as usize, (MARGIN_S * STEPS_PER_S as f64) as usize);
        let mut n_loud = Vec::new();
        for (step, _) in self.steps.iter().enumerate().filter(|(_, level)| **level > QUIET) {
            match (sounds.last_mut(), n_loud.last_mut()) {
                (Some(sound), Some(n)) if step - sound.end < pause => {
                    sound.end = step + 1;
                    *n += 1;
                }
                _ => {
                    sounds.push(step..step + 1);
                    n_loud.push(1);
                }
            }
        }
        let sounds = sounds.into_iter().zip(n_loud).filter(|(_, n)| *n >= MIN_STEPS);
        let in_frames = |(sound, _): (Range<usize>, usize)| {
            let end = frames(sound.end + margin).min(self.n_frames);
            frames(sound.start.saturating_sub(margin))..end
        };
        sounds.map(in_frames).collect()
    }

    /// Says whether a part, in frames, is noise or hum that neither rises nor falls. Of a short one that cannot be said.
    pub fn is_level(&self, part: &Range<usize>) -> bool {
        let step = |frame: usize| (frame * HOP / STEP).min(self.steps.len());
        let mut levels = self.steps[step(part.start)..step(part.end)].to_vec();
        if levels.len() < LEVEL_STEPS {
            return false;
        }
        levels.sort_unstable_by(f32::total_cmp);
        let at = |share: f64| levels[((levels.len() - 1) as f64 * share) as usize];
        at(0.97) < at(0.1) * LEVEL
    }
}

fn frames(steps: usize) -> usize {
    steps * FRAMES_PER_S / STEPS_PER_S
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(seconds: f64, amplitude: f32) -> Vec<f32> {
        (0..(seconds * RATE as f64) as usize).map(|at| (at as f32 * 0.2).sin() * amplitude).collect()
    }

    #[test]
    fn sounds_are_found_between_silences() {
        let samples = [tone(5.0, 0.0), tone(2.0, 0.1), tone(1.0, 0.0005), tone(1.0, 0.1), tone(4.0, 0.0)].concat();
        assert_eq!(Levels::of(&samples).sounds().first(), Some(&(470..930)));
        let two = [tone(1.0, 0.1), tone(4.0, 0.0), tone(1.0, 0.1)].concat();
        assert_eq!(Levels::of(&two).sounds(), [0..130, 470..600]);
        assert!(Levels::of(&[]).sounds().is_empty());
        assert!(Levels::of(&vec![0.5; 5 * RATE]).sounds().is_empty(), "a constant is no sound");
        let click = [tone(1.0, 0.0), tone(0.02, 0.9), tone(1.0, 0.0)].concat();
        assert!(Levels::of(&click).sounds().is_empty());
    }

    #[test]
    fn pauses_are_no_part_of_words() {
        let samples = [tone(1.0, 0.1), tone(1.0, 0.002), tone(0.5, 0.1), tone(1.0, 0.002)].concat();
        let levels = Levels::of(&samples);
        let near = |found: (f64, f64), start: f64, end: f64| {
            assert!((found.0 - start).abs() < 0.03 && (found.1 - end).abs() < 0.03, "{found:?}");
        };
        near(levels.fit(0.9, 2.5), 1.98, 2.5);
        near(levels.fit(2.1, 3.4), 2.1, 2.52);
        near(levels.fit(0.2, 0.7), 0.2, 0.7);
        near(levels.fit(1.2, 1.8), 1.2, 1.8);
        near(levels.fit(9.0, 9.5), 9.0, 9.5);
    }

    #[test]
    fn noise_stays_level_and_speech_does_not() {
        let mut state = 1u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        let noise: Vec<f32> = (0..10 * RATE).map(|_| random() * 0.02).collect();
        assert!(Levels::of(&noise).is_level(&(0..1000)));
        assert!(!Levels::of(&noise).is_level(&(0..100)), "too short to say");
        let rising: Vec<f32> = noise.iter().enumerate().map(|(at, x)| x * (1.0 + (at as f32 / 4000.0).sin())).collect();
        assert!(!Levels::of(&rising).is_level(&(0..1000)));
    }
}
