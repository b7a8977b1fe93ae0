//! The profile: what each collection's assets must have. A reviewed TOML file; everything missing or stale follows from it.

pub(crate) mod check;
mod file;
mod recordings;
mod texts;

use crate::canary::PromptChoice;
use crate::canonical::{canonical_json, sha256_hex};
use crate::field::{Field, Material, Placement, Review};
use crate::image::{AspectRatio, ColorPolicy, Encoding, Limits};
use crate::vocabulary::Vocabulary;
use serde::Serialize;
use std::collections::BTreeMap;

pub use check::ProfileError;

/// The profile used where no file is given; also the reference for writing one.
pub const DEFAULT_PROFILE: &str = include_str!("profile/default.toml");

/// A checked profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Profile {
    pub limits: Limits,
    pub models: ModelChoice,
    /// The prompts in force. They are no part of the file: see [`Profile::with_prompts`].
    pub prompts: BTreeMap<Field, PromptChoice>,
    /// The vocabularies that tags are taken from, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vocabularies: BTreeMap<String, Vocabulary>,
    /// The brand guide. Which of its rules count stands with each text, so its prose may change without anything being made anew.
    #[serde(skip)]
    pub guide: Option<NamedText>,
    /// Whether nobody is there to work on video and audio, whatever the collections ask for: see [`Profile::without_recordings`].
    #[serde(skip)]
    pub lacks_recordings: bool,
    /// The first collection with a matching pattern owns a key.
    pub collections: Vec<Collection>,
}

/// A file beside the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedText {
    pub name: String,
    pub text: String,
}

/// A set of inbox keys and what their assets must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Collection {
    pub name: String,
    /// Glob patterns over inbox keys (`*` within a folder, `**` across folders).
    pub keys: Vec<String>,
    pub color: ColorPolicy,
    /// Best first: the order of `<source>` elements.
    pub encodings: Vec<Encoding>,
    pub views: Vec<View>,
    pub texts: Vec<Text>,
    /// What is made of video and audio; without it they are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recordings: Option<Recordings>,
}

/// What a recording must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recordings {
    /// Widths of the poster in pixels, ascending; none means no poster.
    pub poster: Vec<u32>,
    pub storyboard: bool,
    pub waveform: bool,
    pub clip: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captions: Option<Captions>,
}

/// How what is said is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Captions {
    /// One of [`CAPTION_PROFILES`](crate::recording::CAPTION_PROFILES).
    pub profile: String,
    /// BCP 47 of what is spoken; without one the model listens for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Names and terms that are likely to be said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vocabulary: Vec<String>,
    /// Whether a person has to see all captions, or those in which the linter found something that must not be.
    pub review: Review,
}

/// Which models do what, by their names in the price book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ModelChoice {
    /// Writes about pictures whatever has no model of its own.
    pub vision: Option<String>,
    /// Models for single fields.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<Field, String>,
    /// Maps texts to points, for search by meaning; without one nothing is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<String>,
    /// Writes down what is said in recordings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speech: Option<String>,
}

impl ModelChoice {
    /// Returns who writes a field.
    pub fn of(&self, field: Field) -> Option<&str> {
        self.fields.get(&field).or(self.vision.as_ref()).map(String::as_str)
    }
}

/// One text that a picture must have. Field and locale name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    pub field: Field,
    /// BCP 47.
    pub locale: String,
    pub placement: Placement,
    pub max_characters: u32,
    pub review: Review,
    /// The name of the vocabulary that tags are taken from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<String>,
    /// The rules of the brand guide that it has to keep. They are no part of the file: see [`Profile::with_brand`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<Material>,
    /// Whether the model is told the file's name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub file_name: bool,
}

/// One way of showing a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    /// A safe path segment.
    pub name: String,
    /// `None` shows the whole picture.
    pub crop: Option<AspectRatio>,
    /// Pixels, ascending, without duplicates.
    pub widths: Vec<u32>,
}

impl Profile {
    /// Parses and checks a profile that names no other files. `name` is the file's name for error messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, ProfileError> {
        Profile::parse_with(name, text, |_| Err("this profile can name no files".to_owned()))
    }

    /// Parses and checks a profile; `read` returns the text of a file that it names, which lies beside it, or why there is none.
    pub fn parse_with(
        name: &str,
        text: &str,
        read: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Self, ProfileError> {
        file::parse(name, text, &read)
    }

    /// Returns the profile with these versions of prompts, which decide texts as much as the file does.
    #[must_use]
    pub fn with_prompts(mut self, prompts: impl IntoIterator<Item = (Field, impl Into<PromptChoice>)>) -> Self {
        self.prompts = prompts.into_iter().map(|(field, choice)| (field, choice.into())).collect();
        self
    }

    /// Returns the profile with the rules that each text has to keep: `rules` names those of a field in a collection and a locale.
    #[must_use]
    pub fn with_brand(mut self, rules: impl Fn(Field, &str, &str) -> Option<Material>) -> Self {
        for collection in &mut self.collections {
            for text in &mut collection.texts {
                text.brand = rules(text.field, &collection.name, &text.locale);
            }
        }
        self
    }

    /// Returns the profile for a deployment that has no functions for video and audio: they are refused, and it is said why.
    #[must_use]
    pub fn without_recordings(mut self) -> Self {
        self.lacks_recordings = true;
        self
    }

    /// Returns the collection that owns an inbox key.
    pub fn collection_of(&self, key: &str) -> Option<&Collection> {
        self.collections.iter().find(|collection| collection.keys.iter().any(|glob| fast_glob::glob_match(glob, key)))
    }

    /// Returns 16 hex digits that change when anything in the profile does: tells the sweep what to look at again.
    pub fn digest(&self) -> String {
        sha256_hex(canonical_json(self).as_bytes())[..16].to_owned()
    }
}

impl Default for Profile {
    fn default() -> Self {
        Profile::parse("default profile", DEFAULT_PROFILE).expect("the shipped profile is valid: a test says so")
    }
}
