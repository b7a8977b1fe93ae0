//! Recordings that come in requests: WAV and FLAC, whatever their rate, as mono at the rate of the model. Strangers send them.

mod flac;
mod resample;
mod wav;

use super::RATE;
use crate::serve::error::{ApiError, ApiResult};
use resample::Resampler;

/// Longest recording of a request, in seconds.
const MAX_S: usize = 30 * 60;

/// Hertz that a recording may have.
const RATES: std::ops::RangeInclusive<u32> = 1_000..=384_000;

/// Channels that a recording may have.
const MAX_CHANNELS: usize = 64;

/// A recording, as the model hears it.
#[derive(Debug)]
pub(crate) struct Recording {
    /// Mono, at `RATE`, of -1 to 1.
    pub samples: Vec<f32>,
}

impl Recording {
    /// Reads WAV (PCM of 8 to 32 bits, or floats) or FLAC.
    ///
    /// # Errors
    /// If it is neither, broken, longer than half an hour, or silent for want of any sample. All of it is the client's.
    pub fn read(bytes: &[u8]) -> ApiResult<Self> {
        let samples = match bytes {
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', chunks @ ..] => wav::read(chunks)?,
            [b'f', b'L', b'a', b'C', ..] => flac::read(bytes)?,
            _ => {
                let message = "the file is neither WAV nor FLAC, and nothing else is read here: convert it first";
                return Err(ApiError::refused("unsupported_audio", message));
            }
        };
        if samples.is_empty() {
            return Err(refused("the recording is empty"));
        }
        Ok(Recording { samples })
    }

    /// Returns its length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / RATE as f64
    }
}

fn refused(message: impl Into<String>) -> ApiError {
    ApiError::refused("bad_audio", message)
}

/// Makes one channel of many, at the rate of the model.
struct Mixer {
    n_channels: usize,
    resampler: Resampler,
    /// Of one channel, on their way.
    mono: Vec<f32>,
    samples: Vec<f32>,
}

impl Mixer {
    fn new(rate: u32, n_channels: usize) -> ApiResult<Self> {
        if !RATES.contains(&rate) {
            return Err(refused(format!(
                "the recording has {rate} Hz; from {} to {} are read",
                RATES.start(),
                RATES.end()
            )));
        }
        if n_channels == 0 || n_channels > MAX_CHANNELS {
            return Err(refused(format!("the recording has {n_channels} channels; from 1 to {MAX_CHANNELS} are read")));
        }
        let resampler = Resampler::new(rate as usize, RATE);
        Ok(Mixer { n_channels, resampler, mono: Vec::new(), samples: Vec::new() })
    }

    /// Takes the samples of all channels at one time.
    fn push(&mut self, channels: impl Iterator<Item = f32>) -> ApiResult<()> {
        let sum: f32 = channels.filter(|sample| sample.is_finite()).map(|sample| sample.clamp(-16.0, 16.0)).sum();
        self.mono.push(sum / self.n_channels as f32);
        if self.mono.len() >= 1 << 14 { self.pass_on() } else { Ok(()) }
    }

    fn pass_on(&mut self) -> ApiResult<()> {
        self.resampler.push(&self.mono, &mut self.samples);
        self.mono.clear();
        if self.samples.len() > MAX_S * RATE {
            return Err(ApiError::refused(
                "too_long",
                format!("the recording is longer than {} min: send it in parts", MAX_S / 60),
            ));
        }
        Ok(())
    }

    fn finish(mut self) -> ApiResult<Vec<f32>> {
        self.pass_on()?;
        self.resampler.finish(&mut self.samples);
        Ok(self.samples)
    }
}

#[cfg(test)]
mod tests;
