//! Words with their times: what is asked of transcribers, and what they hear.

use crate::Receipt;
use asset::canonical::sha256_hex;
use bytes::Bytes;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

/// One recording to be written down.
#[derive(Clone, Debug, Serialize)]
pub struct TranscribeRequest {
    pub audio: Audio,
    /// A BCP 47 tag of what is spoken; the model listens for it itself where absent.
    pub language: Option<String>,
    /// Names and terms that are likely to be said, the likeliest first.
    pub vocabulary: Vec<String>,
}

/// Sound in a container that the model reads.
#[derive(Clone, Debug)]
pub struct Audio {
    /// `audio/mpeg`, `audio/wav`…
    pub media_type: String,
    /// As its container says: forecasts are made of it.
    pub duration_ms: u64,
    pub bytes: Bytes,
}

impl Serialize for Audio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut audio = serializer.serialize_struct("Audio", 3)?;
        audio.serialize_field("media_type", &self.media_type)?;
        audio.serialize_field("duration_ms", &self.duration_ms)?;
        audio.serialize_field("sha256", &sha256_hex(&self.bytes))?;
        audio.end()
    }
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// All of it, with punctuation.
    pub text: String,
    /// In the order in which they begin. Empty where nothing is said.
    pub words: Vec<Word>,
    /// A BCP 47 tag; absent where the model does not say, or says it in a way that is not known here.
    pub language: Option<String>,
    /// As the model heard it; the request's where it does not say.
    pub duration_ms: u64,
    pub receipt: Receipt,
}

/// A word, with or without the punctuation that follows it: providers differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    pub text: String,
    pub start_ms: u64,
    /// Never before `start_ms`.
    pub end_ms: u64,
    /// Thousandths.
    pub confidence_thousandths: Option<u16>,
    /// Who speaks, by a label that means something within this transcript only.
    pub speaker: Option<String>,
}
