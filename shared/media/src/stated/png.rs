//! PNG's own texts, by the keywords that its specification registers (W3C PNG, third edition, §11.3.3.1).

use super::text::{decode, line};
use super::{MAX_DESCRIPTION, MAX_NAME, MAX_TITLE, Stated, creators, date};
use crate::container::png;

pub(super) fn read(bytes: &[u8]) -> Stated {
    let mut stated = Stated::default();
    for (keyword, value) in png::texts(bytes) {
        let text = decode(&value);
        let found = match keyword {
            b"Title" => Stated { title: line(&text, MAX_TITLE), ..Stated::default() },
            b"Description" => Stated { description: line(&text, MAX_DESCRIPTION), ..Stated::default() },
            b"Author" => Stated { creators: creators([text.as_str()]), ..Stated::default() },
            b"Copyright" => Stated { copyright: line(&text, MAX_NAME), ..Stated::default() },
            b"Creation Time" => Stated { date: date::iso(&text), ..Stated::default() },
            _ => continue,
        };
        stated = stated.or(found);
    }
    stated
}
