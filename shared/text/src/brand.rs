//! A brand guide: rules in Markdown that a person reviews, a model is given, and a machine checks as far as it can.
//!
//! ```
//! use asset::field::Field;
//! use text::brand::{Draft, EXAMPLE, Guide};
//!
//! let guide = Guide::parse("brand.md", EXAMPLE)?;
//! let given = guide.select(Field::AltText, "press", "en-GB", &[], 12);
//! let ids: Vec<String> = given.iter().map(|rule| rule.id.clone()).collect();
//! let draft = Draft { given: &ids, ..Draft::new("The Green Room dashboard, the best of its kind.", "en-GB") };
//! let found: Vec<String> = guide.check(&draft).iter().map(|finding| finding.check.id().to_owned()).collect();
//! assert_eq!(found, ["brand_spelling", "brand_claim"]);
//! # Ok::<(), text::brand::GuideError>(())
//! ```
//!
//! # The format
//!
//! A guide is a subset of [CommonMark](https://spec.commonmark.org/0.31.2/), read line by line; what is outside of the subset
//! is an error within a rule, and prose for people elsewhere. [`EXAMPLE`] uses all of it.
//!
//! ```text
//! ### names.1 must: Our own name
//!
//! Write the product's name as one word.
//!
//! - fields: alt_text, description
//! - spell: Greenroom
//! - spell: Green Room, GreenRoom -> Greenroom
//!
//! > People ask for the camel-case spelling: it was retired in 2024.
//! ```
//!
//! - `#` and `##` are titles for people. `###` is a rule and nothing else: `### ID must` or `### ID should`, and a title after
//!   a colon if you like. An id is `tone.3`: lower-case words, digits, `-` and `_`, apart by dots; it never changes its
//!   meaning, because old texts name it. `####` and deeper are errors, so that a mistyped rule is never prose.
//! - The paragraphs of a rule are its text: what a model reads. Lines that begin with `>` are notes, and HTML comments
//!   (which begin on a line of their own) and everything outside of rules is prose: no model and no check sees them.
//! - The list items (`- `, continued on lines that are indented by two spaces) are settings:
//!
//! | setting | what it means |
//! |---|---|
//! | `fields: alt_text, description` | the rule applies to these fields only |
//! | `collections: press` | the rule applies to these collections only |
//! | `locale: de, en-GB` | the rule applies to these locales only; `de` is for `de-AT` too |
//! | `ban: cheap+, bargain -> affordable` | do not write these; behind `->` or `→` what to write instead |
//! | `evidence: best, 100 %` | who writes this has to prove it, so a person has to see it |
//! | `allow: best practice` | longer phrases in which neither is meant |
//! | `spell: Greenroom` | other cases and widths of this are misspelled |
//! | `spell: Green Room -> Greenroom` | exactly this spelling is misspelled |
//! | `max characters: 120` | grapheme clusters |
//! | `no exclamation marks` | |
//! | `person: we, you` | no pronouns but of these persons (`I`, `we`, `you`), or of `none` |
//!
//! A term is whole words in a row, whatever their case, width and Unicode normalization, and with any hyphens or spaces
//! between: `ass` is not in `grass`, and `state of the art` is `state-of-the-art`. `word+` is also the word with an ending of
//! the text's language, from the list in `brand/words.toml` (English, German, Spanish; none elsewhere). `word*` is every word
//! that begins so. A term in backticks is exactly as written: `` `US` `` is not `us`. Chinese, Japanese and Thai put no spaces
//! between words, so there a term is found inside of longer words too. What stands in quotation marks is somebody else's
//! words, and addresses are not prose: neither is checked.

mod check;
mod demand;
mod guide;
mod language;
mod lines;
mod parse;
mod profile;
mod reading;
mod term;

pub use check::{Check, Draft, Finding};
pub use guide::{Guide, Rule, Strength};
pub use parse::GuideError;
pub use profile::{MAX_RULES, are_many, material, rules_for, with_guide};

/// A guide as an example and a start: the rules that Greenroom's own pages follow.
pub const EXAMPLE: &str = include_str!("brand/example.md");
