//! Words about a picture: what is asked for, what a model wrote, where it came from, and what a person made of it.

use crate::ids::Sha256;
use crate::money::{MicroUsd, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A text that an asset may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// What stands in for the picture where it cannot be seen: HTML's `alt`.
    AltText,
    /// A long description, for charts, maps and whoever wants more.
    Description,
    /// Terms of a controlled vocabulary, for whoever looks for the picture: their ids, one a line.
    Tags,
    /// The words in the picture, line by line in reading order.
    VisibleText,
    /// What somebody has to see before the picture goes anywhere: ids of [`MODERATION`](crate::vocabulary::moderation), one a line.
    Moderation,
}

impl Field {
    pub const ALL: [Field; 5] =
        [Field::AltText, Field::Description, Field::Tags, Field::VisibleText, Field::Moderation];

    /// Returns the wire name, which is the prompt's and the profile's too: `alt_text`.
    pub fn as_str(self) -> &'static str {
        match self {
            Field::AltText => "alt_text",
            Field::Description => "description",
            Field::Tags => "tags",
            Field::VisibleText => "visible_text",
            Field::Moderation => "moderation",
        }
    }

    /// Takes a wire name.
    pub fn parse(name: &str) -> Option<Field> {
        Field::ALL.into_iter().find(|field| field.as_str() == name)
    }

    /// Returns the name for people: `alt text`.
    pub fn words(self) -> &'static str {
        match self {
            Field::AltText => "alt text",
            Field::Description => "description",
            Field::Tags => "tags",
            Field::VisibleText => "visible text",
            Field::Moderation => "moderation",
        }
    }

    /// Returns whether people read it in place of the picture; the others are for whoever looks for pictures or answers for them.
    pub fn is_prose(self) -> bool {
        matches!(self, Field::AltText | Field::Description)
    }

    /// Returns whether its words are ids of a vocabulary, one a line.
    pub fn is_terms(self) -> bool {
        matches!(self, Field::Tags | Field::Moderation)
    }
}

/// BCP 47 for a text whose language nobody asked for.
pub const UNDETERMINED: &str = "und";

/// Returns a text's name for people: `alt text in en`, `tags`.
pub fn title(field: Field, locale: &str) -> String {
    match locale {
        UNDETERMINED => field.words().to_owned(),
        _ => format!("{} in {locale}", field.words()),
    }
}

/// What a picture does on its page: it decides what its alternative text has to say.
///
/// The W3C's [decision tree](https://www.w3.org/WAI/tutorials/images/decision-tree/).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// It shows something.
    #[default]
    Informative,
    /// It is a link or a button.
    Functional,
    /// It adds nothing for somebody who cannot see it: an empty text is right.
    Decorative,
    /// It is made of words.
    Text,
    /// A chart, map or diagram.
    Complex,
}

impl Placement {
    /// Returns the wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Placement::Informative => "informative",
            Placement::Functional => "functional",
            Placement::Decorative => "decorative",
            Placement::Text => "text",
            Placement::Complex => "complex",
        }
    }
}

/// Which texts a person has to see before they count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    /// Those in which a check found something.
    #[default]
    Findings,
    /// All of them.
    Always,
}

/// What decides a text, beside the picture: everything in it changes the task's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WriteSpec {
    pub field: Field,
    pub placement: Placement,
    /// BCP 47.
    pub locale: String,
    /// How long the text may be, in characters as people count them.
    pub max_characters: u32,
    /// A model or a route of the price book.
    pub model: String,
    pub prompt: PromptRef,
    /// The terms that may be used, for tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<Material>,
    /// The rules that the words have to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<Material>,
    /// What the uploader called the file, where the profile wants it told. The same bytes under another name are then another task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
}

/// A file that a profile names: its words are part of what decides a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Material {
    pub name: String,
    pub sha256: Sha256,
}

/// One version of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PromptRef {
    pub id: String,
    pub version: String,
    /// Over source, partials, schemas and brand guide.
    pub hash: Sha256,
}

/// What a model wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Written {
    pub field: Field,
    pub locale: String,
    /// Empty if the picture is decorative.
    pub text: String,
    #[serde(default)]
    pub is_decorative: bool,
    /// How sure the model says that it is of each term, in the text's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confidence: Vec<Confidence>,
    /// Ids of the rules of the brand guide that the model says it followed; among those that it was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// What the vocabulary lacks, as the model would call it: proposals to people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
    /// What the checks found, the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    pub provenance: Provenance,
}

impl Written {
    /// Returns what a verdict is bound to: the digest of the exact value that a person saw.
    pub fn digest(&self) -> Sha256 {
        Sha256::of(format!("{}\n{}", self.is_decorative, self.text).as_bytes())
    }

    /// Returns whether a person has to see it whatever the profile says.
    pub fn needs_a_person(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity > Severity::Note)
    }
}

/// How sure a model says that it is. It is no probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// What one check has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The check's id, for example `too_long`.
    pub check: String,
    pub severity: Severity,
    /// What was found and what helps, for people.
    pub words: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Note,
    /// A person should look.
    Warn,
    /// Not fit to be published as it is.
    Fail,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Note => "note",
            Severity::Warn => "warn",
            Severity::Fail => "fail",
        })
    }
}

/// Where a text came from: enough to ask the same again, and to say what it cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    pub prompt: PromptRef,
    /// Digest of the prompt's messages as rendered.
    pub rendered: Sha256,
    /// Digest of the whole request, pictures by their digests.
    pub request: Sha256,
    pub model_asked: String,
    /// What the provider says that answered.
    pub model_answered: String,
    /// Models of the route that came before and did not answer, with why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<String>,
    pub max_tokens: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature_thousandths: Option<u16>,
    /// The picture that was sent: never the original.
    pub sent: SentPicture,
    pub usage: Usage,
    /// All calls, failed ones and models passed over included.
    pub cost: MicroUsd,
    pub latency_ms: u64,
    pub n_calls: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What was done otherwise than asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The smaller copy of a picture that a model was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SentPicture {
    pub sha256: Sha256,
    pub bytes: u64,
    pub width: u32,
    pub height: u32,
}

/// A text as it stands: what a person said, else what a model wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldState {
    pub field: Field,
    pub locale: String,
    pub status: FieldStatus,
    /// The words in force; absent as long as there are none, and where a person rejected them. Empty is right for a decorative picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What ids of `text`, and of the model's words, are called, for fields that are terms; one that the vocabulary no longer has is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<Called>,
    /// The person whose word it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The model's words and everything about them, also where a person's are in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
}

/// A term as people call it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Called {
    pub id: String,
    pub label: String,
    /// What it is found by, too: its synonyms, and the labels of wider terms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
}

/// Where a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldStatus {
    /// Nobody wrote it yet; the step of the same name says why.
    Missing,
    /// A model wrote it and the checks found nothing that a person has to see.
    Machine,
    /// A model wrote it and a person has to see it.
    InReview,
    /// A person approved exactly these words.
    Approved,
    /// A person wrote it.
    Human,
    /// A person wrote it for an earlier version of the picture.
    Stale,
    /// A person rejected what the model wrote.
    Rejected,
}

impl FieldStatus {
    /// Returns the words for people.
    pub fn words(self) -> &'static str {
        match self {
            FieldStatus::Missing => "missing",
            FieldStatus::Machine => "by a model",
            FieldStatus::InReview => "in review",
            FieldStatus::Approved => "approved",
            FieldStatus::Human => "by a person",
            FieldStatus::Stale => "by a person, for an earlier version",
            FieldStatus::Rejected => "rejected",
        }
    }

    /// Returns whether it is a person's own.
    pub fn is_a_persons(self) -> bool {
        matches!(self, FieldStatus::Human | FieldStatus::Stale)
    }

    /// Returns whether a person has to decide.
    pub fn needs_a_person(self) -> bool {
        matches!(self, FieldStatus::InReview | FieldStatus::Stale)
    }
}
