//! The price as it is written, and which parts of it a kind of model has.

use super::Checker;
use crate::book::{Kind, ListPrice, Price};
use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;

/// Micro-dollars.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceFile {
    r#in: Option<u64>,
    out: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    per_image: Option<u64>,
    per_minute: Option<u64>,
    per_text_unit: Option<u64>,
    source: String,
    date: Date,
    verified: bool,
}

/// What a kind of model is paid by: the parts that its price must have, and those that it may have.
fn parts_of(kind: Kind, takes_images: bool) -> (&'static [&'static str], &'static [&'static str]) {
    match (kind, takes_images) {
        (Kind::Text | Kind::Embedding, _) => (&["in", "out"], &["cache_read", "cache_write"]),
        (Kind::Image, _) => (&["per_image"], &[]),
        (Kind::Guard, true) => (&["per_text_unit", "per_image"], &[]),
        (Kind::Guard, false) => (&["per_text_unit"], &[]),
        (Kind::Transcription, _) => (&["per_minute"], &[]),
    }
}

/// Returns what the book says of a model's price.
pub(super) fn read(
    check: &mut Checker,
    path: &str,
    price: Option<Spanned<PriceFile>>,
    is_free: bool,
    (kind, takes_images): (Kind, bool),
) -> Price {
    let Some(price) = price else { return if is_free { Price::Free } else { Price::Unknown } };
    let (span, file) = (price.span(), price.into_inner());
    let field = format!("{path}.price");
    if is_free {
        check.error(span.clone(), &field, "the model is free and has a price", "remove `free` or `price`");
    }
    if file.source.is_empty() {
        check.error(span.clone(), &field, "nobody knows where it is from", "add `source = \"…\"`");
    }
    let (needed, allowed) = parts_of(kind, takes_images);
    for (name, value) in file.parts() {
        let is_needed = needed.contains(&name);
        if is_needed && value.is_none() {
            let fix = format!("add `{name} = …` in micro-dollars, see the top of the shipped `models.toml`");
            check.error(span.clone(), &field, &format!("it does not say `{name}`"), &fix);
        }
        if value.is_some() && !is_needed && !allowed.contains(&name) {
            let found = format!("`{name}` is not what {kind:?} models are paid by");
            check.error(span.clone(), &field, &found, &format!("give {} only", list(needed)));
        }
    }
    Price::Listed(file.listed())
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}

impl PriceFile {
    fn parts(&self) -> [(&'static str, Option<u64>); 7] {
        [
            ("in", self.r#in),
            ("out", self.out),
            ("cache_read", self.cache_read),
            ("cache_write", self.cache_write),
            ("per_image", self.per_image),
            ("per_minute", self.per_minute),
            ("per_text_unit", self.per_text_unit),
        ]
    }

    fn listed(self) -> ListPrice {
        ListPrice {
            r#in: self.r#in.unwrap_or_default(),
            out: self.out.unwrap_or_default(),
            cache_read: self.cache_read,
            cache_write: self.cache_write,
            per_image: self.per_image.unwrap_or_default(),
            per_minute: self.per_minute.unwrap_or_default(),
            per_text_unit: self.per_text_unit.unwrap_or_default(),
            source: self.source,
            date: self.date,
            verified: self.verified,
        }
    }
}
