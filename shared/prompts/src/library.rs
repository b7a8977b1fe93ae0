//! Our own prompts, compiled in: `shared/prompts/library`.

use crate::prompt::Sources;

macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("../library/", $name, ".prompt")))
    };
}

/// Every file of the folder, which a test holds to it. As in dotprompt's own stores, a partial's file begins with `_`.
const FILES: [(&str, &str); 7] = [
    file!("_brand"),
    file!("_data_rules"),
    file!("alt_text"),
    file!("description"),
    file!("moderation"),
    file!("tags"),
    file!("visible_text"),
];

/// Returns our own prompts and partials. The brand guide `brand` is the caller's to add.
pub fn library() -> Sources {
    let mut sources = Sources::default();
    for (name, text) in FILES {
        sources.add_file(name, text);
    }
    sources
}

impl Sources {
    /// Adds a file by its name without `.prompt`; a leading `_` makes it a partial, called by the rest of the name.
    pub fn add_file(&mut self, name: &str, text: &str) {
        match name.strip_prefix('_') {
            Some(partial) => self.partials.insert(partial.to_owned(), text.to_owned()),
            None => self.prompts.insert(name.to_owned(), text.to_owned()),
        };
    }
}
