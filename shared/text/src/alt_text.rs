//! What is wrong with a picture's alternative text, found without a model.
//!
//! ```
//! use text::alt_text::{AltText, Check, Placement, Rules, Verdict, check, grade};
//!
//! let rules = Rules::default();
//! let findings = check(&AltText::new("Image of a dog on a beach.", "en", Placement::Informative), &rules);
//! assert_eq!(findings[0].check, Check::RedundantPrefix);
//! assert_eq!(grade(&findings), Verdict::Review);
//!
//! let findings = check(&AltText::new("A dog shakes off water on a beach.", "en", Placement::Informative), &rules);
//! assert_eq!(grade(&findings), Verdict::Pass);
//! ```
//!
//! The checks are [`Check`]; their severities, limits and word lists are data ([`DEFAULT_RULES`]). The shipped lists
//! are for `en de fr es it pt nl pl ja zh ko ar hi`; where a locale has none, the finding `locale_without_lists` says
//! which checks did not run. A word list knows words, not pictures: it finds the usual guesses of a model and misses
//! others. Nothing here looks at the picture.

mod check;
mod context;
mod file;
mod finding;
mod language;
mod origin;
mod reading;
mod rules;
mod shape;
mod wording;
mod words;

pub use asset::field::{Placement, Severity};
pub use check::Check;
pub use file::RulesError;
pub use finding::{Finding, Verdict, grade};
pub use rules::{DEFAULT_RULES, Rules};

pub(crate) use reading::excerpt;
pub(crate) use shape::is_hidden;
pub(crate) use words::{Gap, fold, gap, is_apostrophe, quotations};

use finding::Findings;
use reading::Reading;

/// A text, and what is known about it. What is not known stays empty; the checks that need it find nothing then.
#[derive(Clone, Copy, Debug)]
pub struct AltText<'a> {
    pub text: &'a str,
    /// BCP 47. An unknown or malformed one is a finding, not an error.
    pub locale: &'a str,
    pub placement: Placement,
    /// Whether the model called the picture decorative.
    pub is_decorative: bool,
    /// The uploaded file's name; folders before it are ignored.
    pub file_name: Option<&'a str>,
    /// The collection's own limit, in grapheme clusters.
    pub max_characters: Option<usize>,
    /// Words that must not occur, of the brand or of the collection.
    pub banned_terms: &'a [String],
    /// Texts of the metadata. What they say of a person is known, not guessed.
    pub stated: &'a [String],
    /// The caption and the text beside the picture.
    pub nearby: &'a [String],
    /// Tags in the locale's language.
    pub tags: &'a [String],
    /// The words that were read in the picture; `None` where nobody looked.
    pub text_in_picture: Option<&'a str>,
    /// How many other assets have the same text.
    pub n_elsewhere: usize,
}

impl<'a> AltText<'a> {
    /// Returns a text of which nothing else is known.
    pub fn new(text: &'a str, locale: &'a str, placement: Placement) -> Self {
        AltText {
            text,
            locale,
            placement,
            is_decorative: false,
            file_name: None,
            max_characters: None,
            banned_terms: &[],
            stated: &[],
            nearby: &[],
            tags: &[],
            text_in_picture: None,
            n_elsewhere: 0,
        }
    }
}

/// Returns what is wrong with a text, in the order of [`Check`], at most one finding of each. Takes any text, in time
/// that grows with its length only.
pub fn check(alt: &AltText<'_>, rules: &Rules) -> Vec<Finding> {
    let mut findings = Findings::new(rules);
    let is_decorative = alt.is_decorative || alt.placement == Placement::Decorative;
    if alt.is_decorative && alt.placement != Placement::Decorative {
        let found = "the model calls the picture decorative, and its placement does not";
        findings.add(Check::DecorativeDoubt, found);
    }
    let is_blank = alt.text.trim().is_empty();
    if is_blank {
        // A link or words without a text cannot be used, whatever a model says of the picture.
        let may_be_empty = is_decorative && matches!(alt.placement, Placement::Decorative | Placement::Informative);
        if !may_be_empty {
            findings.add(Check::Empty, "there is no text");
        } else if !alt.text.is_empty() {
            findings.add(Check::Whitespace, "the text is nothing but spaces");
        }
        return findings.finish();
    }
    if is_decorative {
        findings.add(Check::NotEmpty, "the picture is decorative and has a text");
        return findings.finish();
    }
    let reading = Reading::new(alt, rules);
    shape::check(&reading, &mut findings);
    wording::check(&reading, &mut findings);
    origin::check(&reading, &mut findings);
    context::check(&reading, &mut findings);
    language::check(&reading, &mut findings);
    findings.finish()
}
