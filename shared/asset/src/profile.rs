//! The profile: what each collection's assets must have. A reviewed TOML file; everything missing or stale follows from it.

mod check;
mod file;

use crate::canonical::{canonical_json, sha256_hex};
use crate::field::{Field, Placement, PromptRef, Review};
use crate::image::{AspectRatio, ColorPolicy, Encoding, Limits};
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
    pub prompts: BTreeMap<Field, PromptRef>,
    /// The first collection with a matching pattern owns a key.
    pub collections: Vec<Collection>,
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
}

/// Which models do what, by their names in the price book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ModelChoice {
    /// Writes about pictures.
    pub vision: Option<String>,
    /// Maps texts to points, for search by meaning; without one nothing is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedding: Option<String>,
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
    /// Parses and checks a profile. `name` is the file's name for error messages.
    pub fn parse(name: &str, text: &str) -> Result<Self, ProfileError> {
        file::parse(name, text)
    }

    /// Returns the profile with these versions of prompts, which decide texts as much as the file does.
    #[must_use]
    pub fn with_prompts(mut self, prompts: impl IntoIterator<Item = (Field, PromptRef)>) -> Self {
        self.prompts = prompts.into_iter().collect();
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
