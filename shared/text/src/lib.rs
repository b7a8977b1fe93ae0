//! Checks on words that people will read. Pure: the same words and rules give the same findings.
//!
//! [`alt_text`] says what is wrong with a picture's alternative text, and whether it may be published without a person.
//! [`brand`] reads a brand guide, chooses the rules that apply to a text, and finds where a text breaks one.
//! [`captions`] reads and writes captions, makes them from a transcript, says what is wrong with them, and mends them.

pub mod alt_text;
pub mod brand;
pub mod captions;
