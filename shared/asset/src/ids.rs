//! Names that cannot be mixed up, each checked once where it enters.

use crate::canonical::sha256_hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Text that is not an id of the kind asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidId {
    pub text: String,
    pub expected: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $pattern:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String", extend("pattern" = $pattern))]
        pub struct $name(String);

        impl $name {
            /// Checks `text` and takes it as an id.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { text: text.chars().take(200).collect(), expected: $expected })
                }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

text_id!(
    /// The SHA-256 of a file's bytes, 64 lower-case hex digits: a version of an asset.
    Sha256,
    "a SHA-256 in 64 lower-case hex digits",
    "^[0-9a-f]{64}$",
    |text| is_hex(text, 64)
);

text_id!(
    /// The SHA-256 of everything that decides a task's outputs. See [`crate::task::Task::id`].
    TaskId,
    "a task id in 64 lower-case hex digits",
    "^[0-9a-f]{64}$",
    |text| is_hex(text, 64)
);

text_id!(
    /// One object key of the inbox, for good: a readable slug and 16 hex digits, `hero-jpg-3fa8c1d2e4b5a697`.
    ///
    /// It is derived from the key alone, so every machine gives the same key the same id, and it is a safe path segment.
    AssetId,
    "an asset id (a slug and 16 hex digits)",
    "^[a-z0-9-]+-[0-9a-f]{16}$",
    |text| {
        text.len() <= 64
            && text.rsplit_once('-').is_some_and(|(slug, digest)| {
                is_hex(digest, 16)
                    && !slug.is_empty()
                    && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            })
    }
);

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl Sha256 {
    /// Hashes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Sha256(sha256_hex(bytes))
    }
}

impl TaskId {
    pub(crate) fn of_canonical(text: &str) -> Self {
        TaskId(sha256_hex(text.as_bytes()))
    }

    /// Returns the first 16 digits: enough for a folder name inside one asset.
    pub fn short(&self) -> &str {
        &self.0[..16]
    }
}

impl AssetId {
    /// Derives the id of an inbox key.
    pub fn of_key(key: &str) -> Self {
        let name = key.trim_end_matches('/').rsplit('/').next().unwrap_or(key);
        let mut slug = String::new();
        for c in name.chars().flat_map(char::to_lowercase) {
            if c.is_ascii_alphanumeric() {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() >= 40 {
                break;
            }
        }
        let slug = slug.trim_end_matches('-');
        let slug = if slug.is_empty() { "asset" } else { slug };
        AssetId(format!("{slug}-{}", &sha256_hex(key.as_bytes())[..16]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asset_ids_are_readable_and_stable() {
        assert_eq!(AssetId::of_key("photos/Hero Shot (1).JPG").as_str(), "hero-shot-1-jpg-38dd4c81922c438a");
        assert!(AssetId::of_key("日本語.png").as_str().starts_with("png-"));
        assert!(AssetId::of_key("../../..").as_str().starts_with("asset-"));
    }

    #[test]
    fn every_derived_id_parses() {
        for key in ["a", "a/b//c/", "emoji-🦀.gif", &"x".repeat(1024), "-", "../etc/passwd"] {
            let id = AssetId::of_key(key);
            assert_eq!(AssetId::parse(id.as_str()).as_ref(), Ok(&id), "{key}");
        }
    }

    #[test]
    fn text_that_could_escape_is_no_id() {
        for text in ["", "..", "a/../b-0123456789abcdef", "A-0123456789abcdef", "a-0123"] {
            assert!(AssetId::parse(text).is_err(), "{text}");
        }
    }
}
