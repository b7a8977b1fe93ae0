//! The picture that stands for a film.

use crate::args::{self, words};
use crate::error::Error;
use crate::frames::{Keyframe, Strip, Way, nearest};
use crate::recording::Recording;
use crate::refuse;
use crate::score::{self, Grey, Look};

/// Pictures that are compared.
const N_CANDIDATES: u64 = 16;
/// With fewer keyframes than this, pictures between them are looked at too.
const ENOUGH_KEYFRAMES: usize = 5;
/// Films up to here are looked at whole; longer ones between 2 and 60 hundredths.
const SHORT_MS: u64 = 60_000;
/// How much is decoded where keyframes do not do, and how much of a stream is read for its keyframes.
const DECODED_MS: u64 = 20_000;
const STREAMED_MS: u64 = 180_000;
/// Longer edge of what is compared, and of a poster, in pixels.
const LOOK_EDGE: u32 = 320;
const MAX_EDGE: u32 = 3840;

/// The picture that stands for a film.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poster {
    /// A PNG, upright, with square pixels.
    pub png: Vec<u8>,
    /// Pixels.
    pub width: u32,
    pub height: u32,
    /// When it is shown.
    pub at_ms: u64,
    /// Nothing better was found than a black, white or plain one.
    pub is_blank: bool,
    /// What an editor should know of it, in whole sentences.
    pub notes: Vec<String>,
}

impl Recording<'_> {
    /// Chooses a sharp, bright picture that is not black, and decodes it. The same film gives the same picture.
    ///
    /// # Errors
    /// `unsupported` without pictures, `corrupt`, `too_large`, `timed_out`, or whatever the source says.
    pub fn poster(&mut self) -> Result<Poster, Error> {
        let video = self.video()?.clone();
        let duration_ms = self.probe.duration_ms.max(1);
        let mut choice: Option<(Strip, usize, bool)> = None;
        let mut failure = None;
        for strip in self.strips(duration_ms) {
            match self.choose(&strip) {
                Ok(Some((place, is_blank))) => {
                    let is_better = choice.as_ref().is_none_or(|(_, _, was_blank)| *was_blank && !is_blank);
                    if is_better {
                        choice = Some((strip, place, is_blank));
                    }
                    if !is_blank {
                        break;
                    }
                }
                Ok(None) => {}
                Err(error @ Error::Io { .. }) => return Err(error),
                // Single pictures may be broken where the film is not.
                Err(error) => failure = Some(error),
            }
        }
        let nothing = || refuse::corrupt(self.probe.container, "no picture can be decoded").into();
        let Some((strip, place, is_blank)) = choice else { return Err(failure.unwrap_or_else(nothing)) };
        let (width, height) = match video.width.max(video.height) > MAX_EDGE {
            true => args::fit(video.width, video.height, MAX_EDGE),
            false => (video.width, video.height),
        };
        let at_ms = strip.times_ms.get(place).copied().unwrap_or(0);
        let png = self.png(&strip, place, width, height)?;
        let mut notes = Vec::new();
        if video.hdr && !self.tools.maps_tones() {
            notes.push(
                "it is HDR, and this build of ffmpeg has no `zscale`: its colours are paler than they should be"
                    .to_owned(),
            );
        }
        if is_blank {
            notes.push("no picture was found that is not nearly black, white or plain".to_owned());
        }
        Ok(Poster { png, width, height, at_ms, is_blank, notes })
    }

    /// What is tried, one after another, until something is found.
    fn strips(&self, duration_ms: u64) -> Vec<Strip> {
        let (from, to) = match duration_ms <= SHORT_MS {
            true => (0, duration_ms),
            false => (duration_ms / 50, duration_ms / 5 * 3),
        };
        let spread = |from: u64, to: u64, n: u64| -> Vec<u64> {
            (0..n).map(|place| from + (to - from) * (2 * place + 1) / (2 * n)).collect()
        };
        let keyframes = self.keyframes();
        let mut strips = Vec::new();
        let chosen = nearest(&keyframes, &spread(from, to, N_CANDIDATES));
        if chosen.len() >= ENOUGH_KEYFRAMES {
            strips.push(singles(chosen.into_iter().map(|(keyframe, _)| keyframe).collect()));
        }
        if self.index.is_none() && duration_ms > DECODED_MS {
            let until_ms = (duration_ms / 5 * 3).min(STREAMED_MS);
            let times_ms = (0..N_CANDIDATES).map(|place| until_ms * place / N_CANDIDATES).collect();
            strips.push(Strip { from: Way::Streamed { until_ms }, times_ms });
        }
        let until_ms = duration_ms.min(DECODED_MS);
        let times_ms = (0..N_CANDIDATES).map(|place| until_ms * place / N_CANDIDATES).collect();
        strips.push(Strip { from: Way::All { until_ms }, times_ms });
        if keyframes.len() > 1 {
            // Nothing so far: the whole film, its end too.
            let chosen = nearest(&keyframes, &spread(0, duration_ms, 2 * N_CANDIDATES));
            strips.push(singles(chosen.into_iter().map(|(keyframe, _)| keyframe).collect()));
        }
        strips
    }

    fn choose(&mut self, strip: &Strip) -> Result<Option<(usize, bool)>, Error> {
        let (width, height, pictures) = self.grey(strip, LOOK_EDGE)?;
        let look = |pixels: &Vec<u8>| Grey { width: width as usize, height: height as usize, pixels }.look();
        let looks: Vec<Look> = pictures.iter().map(look).collect();
        Ok(score::best(&looks))
    }

    /// Decodes one picture of a strip in full.
    fn png(&mut self, strip: &Strip, place: usize, width: u32, height: u32) -> Result<Vec<u8>, Error> {
        let video = self.video()?.clone();
        let (strip, place) = match &strip.from {
            Way::Keyframes(keyframes) => {
                let one = keyframes.get(place).map(|(run, _)| vec![(*run, 1)]).unwrap_or_default();
                (Strip { from: Way::Keyframes(one), times_ms: vec![0] }, 0)
            }
            _ => (strip.clone(), place),
        };
        let (feed, mut arguments, fill) = self.open_strip(&strip, &[])?;
        let screen = self.screen(&video, &args::scale(&video, width, height, "bicubic"));
        arguments.extend(words(&[
            "-map",
            "0:v:0",
            "-vf",
            &format!("{fill},select='eq(n\\,{place})',{screen},format=rgb24"),
        ]));
        arguments.extend(words(&[
            "-frames:v",
            "1",
            "-c:v",
            "png",
            "-compression_level",
            "1",
            "-f",
            "image2pipe",
            "pipe:1",
        ]));
        let png = self.job("decoding the poster", arguments).output(self.source, feed)?;
        match png.starts_with(b"\x89PNG") {
            true => Ok(png),
            false => Err(refuse::corrupt(self.probe.container, "no picture can be decoded").into()),
        }
    }
}

fn singles(keyframes: Vec<Keyframe>) -> Strip {
    let times_ms = keyframes.iter().map(|keyframe| keyframe.at_ms).collect();
    Strip { from: Way::Keyframes(keyframes.into_iter().map(|keyframe| (keyframe.run, 1)).collect()), times_ms }
}
