//! Recordings: what is made from their pictures and their sound. No async, no AWS.
//!
//! The way of a recording: `sniff` (what is it) → `mp4` (which bytes are which sample, if it is an MP4) → `Recording::open` (what
//! does it say of itself) → poster, storyboard, sound, preview. The work on pictures and sound is ffmpeg's, a child process that
//! is shut in (`child`): it never opens a file or a socket of its own accord, because all it may read is its standard input, as the
//! one format that was found there. From an MP4 it is fed a small file of just the samples that are needed (`mp4::small_file`), read by
//! ranges of the source; anything else is streamed through it once. Nothing of the source is ever written to a disk.
//!
//! What it does not do, and says so by a typed refusal: AVI, MPEG transport and program streams, Flash, Windows Media; encrypted
//! files; files whose samples are in other files.

mod args;
mod child;
mod chunks;
mod error;
mod feed;
mod frames;
mod mp4;
mod peaks;
mod pieces;
mod poster;
mod preview;
mod probe;
mod recording;
mod refuse;
mod score;
mod sniff;
mod sound;
mod source;
#[cfg(feature = "store")]
mod store;
mod storyboard;
mod tools;
mod value;

pub use chunks::{Chunk, ChunkSpec, Span, plan_chunks, silences};
pub use error::Error;
pub use peaks::Peaks;
pub use poster::Poster;
pub use preview::{Preview, PreviewSpec};
pub use recording::Recording;
pub use sniff::{HEAD_BYTES, sniff};
pub use sound::{LEVEL_MS, SAMPLE_RATE, Sound};
pub use source::{CountingSource, FileSource, Source};
#[cfg(feature = "store")]
pub use store::Recordings;
pub use storyboard::{Storyboard, StoryboardSpec};
pub use tools::Tools;
pub use value::{AudioStream, Chapter, Container, Probe, Ratio, VideoLimits, VideoStream};

#[doc(hidden)]
pub use mp4::exercise;
