//! The meaning of an asset as a point, so that it is found by what it shows and not by its words alone.
//!
//! A model maps the texts in force, and the words of the file's name, to a vector; what means the same lies in the same direction. Vectors
//! of different models have nothing to do with each other.

use crate::field::{Called, Field, FieldState};
use crate::ids::Sha256;
use crate::money::{MicroUsd, Usage};
use crate::recording::CaptionState;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What decides a vector: everything in it changes the task's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmbedSpec {
    /// A model or a route of the price book.
    pub model: String,
    /// What is mapped: see [`text_of`].
    pub text: String,
}

/// What a model made of a text, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Embedded {
    pub model_asked: String,
    /// What the provider says that answered: only its vectors can be compared.
    pub model_answered: String,
    pub dimensions: u32,
    /// Little-endian `f32`s, one after the other, in base64.
    pub vector: String,
    /// Digest of the text that was mapped.
    pub text: Sha256,
    pub usage: Usage,
    /// All calls, failed ones and models passed over included.
    pub cost: MicroUsd,
    pub latency_ms: u64,
    pub n_calls: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Models of the route that came before and did not answer, with why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<String>,
}

/// Writes numbers as [`Embedded::vector`] has them.
pub fn to_base64(values: &[f32]) -> String {
    STANDARD.encode(bytes_of(values))
}

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

impl Embedded {
    /// Returns the vector; `None` if it was damaged: then the asset is found by words alone.
    pub fn point(&self) -> Option<Vector> {
        let bytes = STANDARD.decode(&self.vector).ok()?;
        let is_whole = bytes.len() == self.dimensions as usize * 4 && !bytes.is_empty();
        is_whole.then(|| Vector { model: self.model_answered.clone(), bytes })
    }
}

/// A point in the space of one model.
#[derive(Clone, PartialEq, Eq)]
pub struct Vector {
    pub model: String,
    /// Little-endian `f32`s.
    bytes: Vec<u8>,
}

impl Vector {
    pub fn new(model: impl Into<String>, values: &[f32]) -> Self {
        Vector { model: model.into(), bytes: bytes_of(values) }
    }

    /// Returns the numbers, as many as the space has dimensions.
    pub fn values(&self) -> Vec<f32> {
        let (numbers, _) = self.bytes.as_chunks::<4>();
        numbers.iter().map(|number| f32::from_le_bytes(*number)).collect()
    }
}

impl std::fmt::Debug for Vector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} numbers of `{}`", self.bytes.len() / 4, self.model)
    }
}

/// The longest text that is mapped, in characters, and the part of it that a file's name takes at most.
///
/// Embedding models read 256 tokens and more; what is beyond that is cut off by some and refused by others.
const MAX_CHARACTERS: usize = 2_000;
const MAX_NAME_CHARACTERS: usize = 200;

/// What cameras and phones begin their file names with: it says nothing about the picture.
const CAMERAS: [&str; 8] = ["dcim", "dsc", "dscf", "dscn", "img", "mvi", "pict", "pxl"];

/// Returns what is mapped of an asset: its texts in force, each once, the beginning of what is said in it, then the words of its file's
/// name; `None` if there is nothing of it.
pub fn text_of(key: &str, fields: &[FieldState], said: &[CaptionState]) -> Option<String> {
    let name = clipped(&words_of_name(key), MAX_NAME_CHARACTERS).to_owned();
    let mut text = String::new();
    // What somebody has to see first is no part of what it means.
    for line in texts_in_force(fields.iter().filter(|field| field.field != Field::Moderation)) {
        text.push_str(&line);
        text.push('\n');
    }
    said.iter().for_each(|captions| text.push_str(&captions.excerpt));
    let mut text = clipped(&text, MAX_CHARACTERS - MAX_NAME_CHARACTERS - 1).trim().to_owned();
    if !name.is_empty() && !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&name);
    (!text.is_empty()).then_some(text)
}

/// Returns the texts in force, in the profile's order, each once; a decorative picture's is empty and left out. Of terms it is what people
/// call them and their wider terms: nobody looks for an id.
pub fn texts_in_force<'a>(fields: impl IntoIterator<Item = &'a FieldState>) -> Vec<Cow<'a, str>> {
    let mut texts: Vec<Cow<'a, str>> = Vec::new();
    for field in fields {
        let Some(text) = field.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) else { continue };
        let in_force: Vec<&Called> = field.terms.iter().filter(|term| text.lines().any(|id| id == term.id)).collect();
        let text = if in_force.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(called(&in_force)) };
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

fn called(terms: &[&Called]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in terms.iter().flat_map(|term| std::iter::once(&term.label).chain(&term.also)) {
        // Two terms may have one wider term.
        if !words.contains(&word.as_str()) {
            words.push(word);
        }
    }
    words.join(", ")
}

/// Returns at most the first `max` characters.
pub fn clipped(text: &str, max: usize) -> &str {
    text.char_indices().nth(max).map_or(text, |(end, _)| &text[..end])
}

/// Returns the words of a file's name that may mean something: no extension, no numbers, no camera's prefix.
fn words_of_name(key: &str) -> String {
    let file = key.rsplit('/').next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    // An accent may stand as a character of its own.
    let is_letter = |c: char| c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c);
    let words = stem.split(|c: char| !is_letter(c)).filter(|word| !word.is_empty());
    let says_something = |word: &&str| {
        !word.contains(|c: char| c.is_ascii_digit()) && !CAMERAS.contains(&word.to_ascii_lowercase().as_str())
    };
    words.filter(says_something).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::FieldStatus;
    use crate::vocabulary::Vocabulary;

    fn field(text: Option<&str>) -> FieldState {
        FieldState {
            field: Field::AltText,
            locale: "en".into(),
            status: FieldStatus::Human,
            text: text.map(str::to_owned),
            terms: Vec::new(),
            by: None,
            written: None,
        }
    }

    #[test]
    fn terms_are_found_by_what_people_call_them() {
        let vocabulary = "max_tags = 3\n[[term]]\nid = \"a\"\nlabel = \"Animals\"\n[[term]]\nid = \"c\"\nlabel = \"Cats\"\n\
                          synonyms = [\"kittens\"]\nbroader = \"a\"\n[[term]]\nid = \"d\"\nlabel = \"Dogs\"\nbroader = \"a\"\n";
        let terms = Vocabulary::parse("v.toml", vocabulary).expect("a vocabulary").called(&["c", "d", "gone"]);
        let tags = FieldState { field: Field::Tags, terms, ..field(Some("c\nd\ngone")) };
        assert_eq!(texts_in_force([&tags]), ["Cats, kittens, Animals, Dogs"]);
    }

    #[test]
    fn names_give_the_words_that_mean_something() {
        let cases = [
            ("shoots/IMG_4127.JPG", ""),
            ("team photo-2024_final.v2.png", "team photo final"),
            ("Café Zürich.jpeg", "Café Zürich"),
            ("a/b/cafe\u{301}", "cafe\u{301}"),
            ("富士山.jpg", "富士山"),
            (".htaccess", ""),
            ("", ""),
        ];
        for (key, words) in cases {
            assert_eq!(words_of_name(key), words, "{key}");
        }
    }

    #[test]
    fn texts_come_first_and_everything_is_bounded() {
        let fields = [field(Some(" A pier. ")), field(None), field(Some("")), field(Some("A pier."))];
        assert_eq!(text_of("x/old pier.jpg", &fields, &[]).as_deref(), Some("A pier.\nold pier"));
        assert_eq!(text_of("DSC_0001.jpg", &fields, &[]).as_deref(), Some("A pier."));
        assert_eq!(text_of("DSC_0001.jpg", &fields[1..3], &[]), None);
        let moderation = FieldState { field: Field::Moderation, ..field(Some("weapons")) };
        assert_eq!(text_of("DSC_0001.jpg", &[moderation], &[]), None);
        let long = [field(Some(&"ä".repeat(5_000)))];
        let text = text_of(&format!("{}.jpg", "ö".repeat(5_000)), &long, &[]).expect("there is a text");
        assert_eq!(text.chars().count(), MAX_CHARACTERS);
        assert!(text.ends_with(&"ö".repeat(MAX_NAME_CHARACTERS)));
    }

    #[test]
    fn numbers_survive_the_wire_and_damage_is_noticed() {
        let values = [1.0, -0.5, f32::MIN_POSITIVE];
        let embedded = Embedded {
            model_asked: "here".into(),
            model_answered: "minilm".into(),
            dimensions: 3,
            vector: to_base64(&values),
            text: Sha256::of(b"a pier"),
            usage: Usage::default(),
            cost: MicroUsd(0),
            latency_ms: 1,
            n_calls: 1,
            request_id: None,
            passed_over: Vec::new(),
        };
        let point = embedded.point().expect("it is whole");
        assert_eq!((point.model.as_str(), point.values()), ("minilm", values.to_vec()));
        for (dimensions, vector) in [(2, embedded.vector.as_str()), (3, "?"), (0, "")] {
            assert_eq!(Embedded { dimensions, vector: vector.into(), ..embedded.clone() }.point(), None);
        }
    }
}
