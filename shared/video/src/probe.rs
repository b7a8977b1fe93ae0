//! What a recording says of itself, by ffprobe: of codecs. Times of an MP4 are read from its index.

use crate::error::Error;
use crate::refuse::{self, one_line};
use crate::value::{AudioStream, Chapter, Container, Ratio, VideoStream};
use serde::Deserialize;
use std::collections::BTreeMap;

/// ffprobe's answer: the fields that are read. Numbers may be strings, and anything may be missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Answer {
    pub(crate) streams: Vec<Stream>,
    format: Format,
    chapters: Vec<Part>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Stream {
    codec_type: String,
    codec_name: Option<String>,
    codec_tag_string: String,
    width: u32,
    height: u32,
    sample_aspect_ratio: String,
    pix_fmt: Option<String>,
    bits_per_raw_sample: Option<String>,
    color_transfer: Option<String>,
    color_space: Option<String>,
    avg_frame_rate: String,
    r_frame_rate: String,
    channels: u16,
    sample_rate: String,
    side_data_list: Vec<SideData>,
    disposition: BTreeMap<String, u8>,
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SideData {
    rotation: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Format {
    duration: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    start_time: String,
    end_time: String,
    tags: BTreeMap<String, String>,
}

impl Answer {
    pub(crate) fn read(json: &[u8], container: Container) -> Result<Answer, Error> {
        let answer = serde_json::from_slice(json);
        answer.map_err(|error| {
            refuse::corrupt(container, format!("ffprobe says what nobody understands: {error}")).into()
        })
    }

    /// Returns the pictures: the first such stream that is not a cover.
    pub(crate) fn video(&self) -> Result<Option<VideoStream>, Error> {
        let is_film =
            |stream: &&Stream| stream.codec_type == "video" && stream.disposition.get("attached_pic") != Some(&1);
        let Some(stream) = self.streams.iter().find(is_film) else { return Ok(None) };
        let Some(codec) = &stream.codec_name else {
            let found = format!("pictures of the unknown codec `{}`", one_line(&stream.codec_tag_string, 20));
            return Err(refuse::unsupported(found, "upload the recording as H.264 in MP4").into());
        };
        let rotation = stream.rotation();
        let (width, height) = stream.square_pixels();
        let is_on_its_side = rotation % 180 == 90;
        let (width, height) = if is_on_its_side { (height, width) } else { (width, height) };
        let known =
            |name: &Option<String>| name.clone().filter(|name| !["unknown", "reserved"].contains(&name.as_str()));
        let transfer = known(&stream.color_transfer);
        Ok(Some(VideoStream {
            width,
            height,
            codec: one_line(codec, 40),
            fps: ratio(&stream.avg_frame_rate, '/').or_else(|| ratio(&stream.r_frame_rate, '/')),
            rotation,
            hdr: matches!(transfer.as_deref(), Some("smpte2084" | "arib-std-b67")),
            transfer,
            matrix: known(&stream.color_space),
            bit_depth: stream.bit_depth(),
        }))
    }

    /// Returns the sound: the first such stream.
    pub(crate) fn audio(&self) -> Result<Option<AudioStream>, Error> {
        let Some(stream) = self.streams.iter().find(|stream| stream.codec_type == "audio") else { return Ok(None) };
        let Some(codec) = &stream.codec_name else {
            let found = format!("sound of the unknown codec `{}`", one_line(&stream.codec_tag_string, 20));
            return Err(refuse::unsupported(found, "upload the recording with AAC or MP3 sound").into());
        };
        let language = stream.tags.get("language").map(|code| one_line(code, 35)).filter(|code| code != "und");
        Ok(Some(AudioStream {
            codec: one_line(codec, 40),
            channels: stream.channels,
            sample_rate: stream.sample_rate.parse().unwrap_or(0),
            language: language.filter(|code| !code.is_empty()),
        }))
    }

    pub(crate) fn duration_ms(&self) -> Option<u64> {
        self.format.duration.as_deref().and_then(milliseconds).filter(|ms| *ms > 0)
    }

    pub(crate) fn chapters(&self) -> Vec<Chapter> {
        let chapter = |part: &Part| {
            let title = part.tags.get("title").map(|title| one_line(title, 200)).unwrap_or_default();
            Some(Chapter { start_ms: milliseconds(&part.start_time)?, end_ms: milliseconds(&part.end_time)?, title })
        };
        self.chapters.iter().take(500).filter_map(chapter).collect()
    }
}

impl Stream {
    /// Returns degrees clockwise: the display matrix says how far to turn, counter-clockwise.
    fn rotation(&self) -> u16 {
        let degrees = self.side_data_list.iter().find_map(|data| data.rotation).unwrap_or(0.0);
        // To the next quarter: anything else is a matrix that no camera writes.
        let quarters = (-degrees / 90.0).round().rem_euclid(4.0);
        quarters as u16 * 90
    }

    /// Returns the size with the wider pixels of an anamorphic recording made square, by more columns.
    fn square_pixels(&self) -> (u32, u32) {
        match ratio(&self.sample_aspect_ratio, ':') {
            Some(Ratio { numerator, denominator }) if numerator != denominator => {
                let wide = u64::from(self.width) * u64::from(numerator) / u64::from(denominator);
                // A claim such as 1:1000000 is nobody's.
                let is_sane = wide >= 2 && wide <= u64::from(self.width) * 8 && wide * 8 >= u64::from(self.width);
                (if is_sane { wide as u32 } else { self.width }, self.height)
            }
            _ => (self.width, self.height),
        }
    }

    fn bit_depth(&self) -> u8 {
        let said = self
            .bits_per_raw_sample
            .as_deref()
            .and_then(|bits| bits.parse().ok())
            .filter(|bits| (1..=16).contains(bits));
        let format = self.pix_fmt.as_deref().unwrap_or_default();
        let named = [16, 14, 12, 10, 9].into_iter().find(|bits| {
            format.ends_with(&format!("p{bits}le"))
                || format.ends_with(&format!("p{bits}be"))
                || format.ends_with(&format!("gray{bits}le"))
        });
        said.or(named).unwrap_or(if format.starts_with("p010") { 10 } else { 8 })
    }
}

fn ratio(text: &str, separator: char) -> Option<Ratio> {
    let (numerator, denominator) = text.split_once(separator)?;
    let ratio = Ratio { numerator: numerator.parse().ok()?, denominator: denominator.parse().ok()? };
    (ratio.numerator > 0 && ratio.denominator > 0).then_some(ratio)
}

/// Reads seconds with a fraction, such as `12.345000`.
fn milliseconds(text: &str) -> Option<u64> {
    let seconds: f64 = text.trim().parse().ok()?;
    (seconds.is_finite() && (0.0..1e12).contains(&seconds)).then(|| (seconds * 1000.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(json: &str) -> Answer {
        Answer::read(json.as_bytes(), Container::Mp4).expect("reads")
    }

    #[test]
    fn sizes_are_as_displayed() {
        let stream = r#"{"streams":[{"codec_type":"video","codec_name":"h264","width":720,"height":576,
            "sample_aspect_ratio":"16:11","side_data_list":[{"rotation":-90}],"avg_frame_rate":"30000/1001",
            "pix_fmt":"yuv420p10le","color_transfer":"arib-std-b67"}]}"#;
        let video = answer(stream).video().expect("is known").expect("is there");
        assert_eq!((video.width, video.height, video.rotation), (576, 1047, 90));
        assert_eq!(video.fps, Some(Ratio { numerator: 30000, denominator: 1001 }));
        assert_eq!((video.bit_depth, video.hdr), (10, true));
    }

    #[test]
    fn a_cover_is_no_film() {
        let cover = r#"{"streams":[{"codec_type":"video","codec_name":"mjpeg","disposition":{"attached_pic":1}}]}"#;
        assert_eq!(answer(cover).video().expect("no error"), None);
    }
}
