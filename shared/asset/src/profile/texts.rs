//! Texts as they are written in a profile: which are asked for, of whom, and the files that belong to them.

use super::check::Checker;
use super::{ModelChoice, NamedText, Text};
use crate::field::{Field, Placement, Review, UNDETERMINED};
use crate::vocabulary::Vocabulary;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelsFile {
    vision: Option<Spanned<String>>,
    embedding: Option<Spanned<String>>,
    speech: Option<Spanned<String>>,
    alt_text: Option<Spanned<String>>,
    description: Option<Spanned<String>>,
    tags: Option<Spanned<String>>,
    visible_text: Option<Spanned<String>>,
    moderation: Option<Spanned<String>>,
}

/// A file beside the profile.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedFile {
    name: Spanned<String>,
    file: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BrandFile {
    file: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextFile {
    field: Field,
    locale: Option<Spanned<String>>,
    vocabulary: Option<Spanned<String>>,
    #[serde(default)]
    placement: Placement,
    max_characters: Option<Spanned<i64>>,
    #[serde(default)]
    review: Review,
    #[serde(default)]
    file_name: bool,
}

/// Returns the text of a file that the profile names, or why there is none.
pub(super) type Read<'a> = &'a dyn Fn(&str) -> Result<String, String>;

pub(super) fn models(check: &mut Checker, file: ModelsFile) -> ModelChoice {
    let mut name = |field: &str, name: Option<Spanned<String>>| {
        let name = name?;
        if name.get_ref().is_empty() {
            let fix = "give the name of a model or a route of models.toml, or leave the line out";
            check.error(name.span(), &format!("models.{field}"), "it is empty", fix);
        }
        Some(name.into_inner())
    };
    let (vision, embedding) = (name("vision", file.vision), name("embedding", file.embedding));
    let speech = name("speech", file.speech);
    let of_fields = [
        (Field::AltText, file.alt_text),
        (Field::Description, file.description),
        (Field::Tags, file.tags),
        (Field::VisibleText, file.visible_text),
        (Field::Moderation, file.moderation),
    ];
    let fields = of_fields.into_iter().filter_map(|(field, model)| Some((field, name(field.as_str(), model)?)));
    ModelChoice { vision, fields: fields.collect(), embedding, speech }
}

pub(super) fn vocabularies(check: &mut Checker, files: &[NamedFile], read: Read) -> BTreeMap<String, Vocabulary> {
    let mut vocabularies = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        let path = format!("vocabulary[{index}]");
        check.name(&format!("{path}.name"), &file.name);
        let Some(text) = beside(check, &path, &file.file, read) else { continue };
        if vocabularies.contains_key(file.name.get_ref()) {
            let found = format!("`{}` is there twice", file.name.get_ref());
            check.error(file.name.span(), &format!("{path}.name"), &found, "give each a name of its own");
        }
        match Vocabulary::parse(file.file.get_ref(), &text) {
            Ok(vocabulary) => {
                vocabularies.insert(file.name.get_ref().clone(), vocabulary);
            }
            Err(error) => check.take(error),
        }
    }
    vocabularies
}

pub(super) fn guide(check: &mut Checker, brand: &BrandFile, read: Read) -> Option<NamedText> {
    let text = beside(check, "brand", &brand.file, read)?;
    Some(NamedText { name: brand.file.get_ref().clone(), text })
}

/// Reads a file that lies beside the profile. It is packed with it, so it may lie nowhere else.
fn beside(check: &mut Checker, path: &str, file: &Spanned<String>, read: Read) -> Option<String> {
    let name = file.get_ref();
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_safe) {
        let found = format!("`{name:.80}` is no file beside the profile");
        check.error(file.span(), &format!("{path}.file"), &found, "give a name of a-z, 0-9, `-`, `_` and `.`");
        return None;
    }
    match read(name) {
        Ok(text) => Some(text),
        Err(why) => {
            let found = format!("`{name}` cannot be read: {why}");
            check.error(file.span(), &format!("{path}.file"), &found, "put it beside the profile");
            None
        }
    }
}

/// The longest text that may be asked for, in characters.
const MAX_CHARACTERS: u32 = 10_000;

pub(super) fn text(
    check: &mut Checker,
    path: &str,
    file: Spanned<TextFile>,
    before: &[Text],
    vocabularies: &BTreeMap<String, Vocabulary>,
) -> Text {
    let span = file.span();
    let TextFile { field, locale, vocabulary, placement, max_characters, review, file_name } = file.into_inner();
    let locale = locale.unwrap_or_else(|| {
        if field.is_prose() {
            let fix = "add `locale`, for example \"en\" or \"pt-BR\"";
            check.error(span.clone(), path, &format!("`{}` has no language", field.as_str()), fix);
        }
        Spanned::new(span.clone(), UNDETERMINED.to_owned())
    });
    match (field, &vocabulary) {
        (Field::Tags, None) => {
            check.error(span.clone(), path, "tags have no vocabulary", "add `vocabulary`, a name of `[[vocabulary]]`");
        }
        (Field::Tags, Some(name)) if !vocabularies.contains_key(name.get_ref()) => {
            let found = format!("there is no vocabulary `{}`", name.get_ref());
            check.error(name.span(), &format!("{path}.vocabulary"), &found, "add it with `[[vocabulary]]`");
        }
        (Field::Tags, Some(_)) | (_, None) => {}
        (_, Some(name)) => {
            let found = format!("`{}` has no vocabulary", field.as_str());
            check.error(name.span(), &format!("{path}.vocabulary"), &found, "leave this line out");
        }
    }
    if before.iter().any(|text| text.field == field && text.locale == *locale.get_ref()) {
        let found = format!("`{}` in `{}` is there twice", field.as_str(), locale.get_ref());
        check.error(span.clone(), path, &found, "ask for each text once per locale");
    }
    if !is_locale(locale.get_ref()) {
        let found = format!("`{:.80}` is no locale", locale.get_ref());
        check.error(
            locale.span(),
            &format!("{path}.locale"),
            &found,
            "give a BCP 47 tag, for example \"en\" or \"pt-BR\"",
        );
    }
    if field == Field::Description && placement == Placement::Decorative {
        check.error(span, path, "a decorative picture has no description", "leave this text out");
    }
    let max_characters = match &max_characters {
        // IPTC's guidance: 250 is the most for an alternative text.
        None if field == Field::AltText => 150,
        None if field == Field::VisibleText => 5000,
        None => 2000,
        Some(number) => match u32::try_from(*number.get_ref()) {
            Ok(characters) if (20..=MAX_CHARACTERS).contains(&characters) => characters,
            _ => {
                let found = format!("{} is no length for a text", number.get_ref());
                let fix = format!("give 20 to {MAX_CHARACTERS} characters");
                check.error(number.span(), &format!("{path}.max_characters"), &found, &fix);
                20
            }
        },
    };
    let vocabulary = vocabulary.map(Spanned::into_inner);
    Text { field, locale: locale.into_inner(), placement, max_characters, review, vocabulary, brand: None, file_name }
}

/// Returns whether a text has the form of a BCP 47 tag: a language, then subtags. The length is that of an object key's part.
pub(super) fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_language = parts
        .next()
        .is_some_and(|part| matches!(part.len(), 2 | 3) && part.bytes().all(|byte| byte.is_ascii_lowercase()));
    let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_language && text.len() <= 35 && parts.all(is_subtag)
}
