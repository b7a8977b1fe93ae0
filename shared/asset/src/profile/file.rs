//! The profile as it is written in TOML.

use super::check::{Checker, ProfileError};
use super::recordings::{RecordingsFile, recordings};
use super::texts::{BrandFile, ModelsFile, NamedFile, Read, TextFile, guide, models, text, vocabularies};
use super::{Collection, Profile, Text, View};
use crate::image::{AspectRatio, ColorPolicy, Encoding, Limits, OutputFormat};
use crate::vocabulary::Vocabulary;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    limits: Option<Spanned<Limits>>,
    #[serde(default)]
    models: ModelsFile,
    #[serde(default)]
    vocabulary: Vec<NamedFile>,
    brand: Option<BrandFile>,
    #[serde(default)]
    collection: Vec<Spanned<CollectionFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CollectionFile {
    name: Spanned<String>,
    keys: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    color: ColorPolicy,
    avif: Option<Spanned<EncodingFile>>,
    webp: Option<Spanned<EncodingFile>>,
    jpeg: Option<Spanned<EncodingFile>>,
    #[serde(default)]
    view: Vec<ViewFile>,
    #[serde(default)]
    text: Vec<Spanned<TextFile>>,
    recordings: Option<Spanned<RecordingsFile>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct EncodingFile {
    quality: u8,
    #[serde(default = "default_effort")]
    effort: u8,
}

fn default_effort() -> u8 {
    4
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ViewFile {
    name: Spanned<String>,
    crop: Option<Spanned<String>>,
    widths: Spanned<Vec<Spanned<i64>>>,
}

pub(super) fn parse(name: &str, text: &str, read: Read) -> Result<Profile, ProfileError> {
    let mut check = Checker::new(name, text);
    let file: ProfileFile = toml::from_str(text).map_err(|error| check.syntax(&error))?;
    let span = file.limits.as_ref().map_or(0..0, Spanned::span);
    let limits = file.limits.map(Spanned::into_inner).unwrap_or_default();
    if has_zero(&limits) {
        check.error(span, "limits", "a limit of 0 refuses every file", "give the largest value that you accept");
    }
    if file.collection.is_empty() {
        check.error(
            0..0,
            "collection",
            "there is none",
            "add `[[collection]]` with `name`, `keys` and at least one view",
        );
    }
    let vocabularies = vocabularies(&mut check, &file.vocabulary, read);
    let mut collections: Vec<Collection> = Vec::new();
    for (index, spanned) in file.collection.into_iter().enumerate() {
        let span = spanned.span();
        let (path, file) = (format!("collection[{index}]"), spanned.into_inner());
        let collection = collection(&mut check, &path, span, file, &collections, &vocabularies);
        collections.push(collection);
    }
    let models = models(&mut check, file.models);
    let guide = file.brand.and_then(|brand| guide(&mut check, &brand, read));
    check.finish(Profile {
        limits,
        models,
        prompts: BTreeMap::new(),
        vocabularies,
        guide,
        lacks_recordings: false,
        collections,
    })
}

fn has_zero(limits: &Limits) -> bool {
    let Limits { max_bytes, max_svg_bytes, max_pixels, max_total_pixels, max_memory_bytes, max_time_ms, .. } = *limits;
    let Limits { max_frames, max_recording_bytes, max_duration_ms, .. } = *limits;
    let pictures = [max_bytes, max_svg_bytes, max_pixels, max_frames.into(), max_total_pixels, max_memory_bytes];
    pictures.contains(&0) || [max_time_ms, max_recording_bytes, max_duration_ms].contains(&0)
}

fn collection(
    check: &mut Checker,
    path: &str,
    span: std::ops::Range<usize>,
    file: CollectionFile,
    before: &[Collection],
    vocabularies: &BTreeMap<String, Vocabulary>,
) -> Collection {
    check.name(&format!("{path}.name"), &file.name);
    if before.iter().any(|collection| collection.name == *file.name.get_ref()) {
        let found = format!("`{}` is there twice", file.name.get_ref());
        check.error(file.name.span(), &format!("{path}.name"), &found, "give each collection a name of its own");
    }
    if file.keys.get_ref().is_empty() {
        let fix = "give at least one pattern, for example \"**\"";
        check.error(file.keys.span(), &format!("{path}.keys"), "it is empty", fix);
    }
    for (index, glob) in file.keys.get_ref().iter().enumerate() {
        if glob.get_ref().is_empty() || glob.get_ref().starts_with('/') {
            let found = format!("`{}` can match no key", glob.get_ref());
            check.error(glob.span(), &format!("{path}.keys[{index}]"), &found, "keys have no leading `/`; try \"**\"");
        }
    }
    let encodings: Vec<Encoding> =
        [(OutputFormat::Avif, &file.avif), (OutputFormat::Webp, &file.webp), (OutputFormat::Jpeg, &file.jpeg)]
            .into_iter()
            .filter_map(|(format, spanned)| {
                spanned.as_ref().map(|spanned| encoding(check, &format!("{path}.{}", format.name()), format, spanned))
            })
            .collect();
    if encodings.is_empty() {
        check.error(span.clone(), path, "it has no output format", "add `jpeg = { quality = 80 }`, `webp` or `avif`");
    }
    if file.view.is_empty() {
        check.error(span, path, "it has no view", "add `[[collection.view]]` with `name` and `widths`");
    }
    let mut views: Vec<View> = Vec::new();
    for (index, file) in file.view.into_iter().enumerate() {
        let view = view(check, &format!("{path}.view[{index}]"), file, &views);
        views.push(view);
    }
    let mut texts: Vec<Text> = Vec::new();
    for (index, file) in file.text.into_iter().enumerate() {
        let text = text(check, &format!("{path}.text[{index}]"), file, &texts, vocabularies);
        texts.push(text);
    }
    let recordings = file.recordings.map(|file| recordings(check, &format!("{path}.recordings"), file));
    Collection {
        name: file.name.into_inner(),
        keys: file.keys.into_inner().into_iter().map(Spanned::into_inner).collect(),
        color: file.color,
        encodings,
        views,
        texts,
        recordings,
    }
}

fn encoding(check: &mut Checker, path: &str, format: OutputFormat, spanned: &Spanned<EncodingFile>) -> Encoding {
    let EncodingFile { quality, effort } = *spanned.get_ref();
    if !(1..=100).contains(&quality) {
        let found = format!("{quality} is no quality");
        check.error(spanned.span(), &format!("{path}.quality"), &found, "give a whole number from 1 to 100");
    }
    if effort > 10 {
        let found = format!("{effort} is no effort");
        check.error(spanned.span(), &format!("{path}.effort"), &found, "give 0 (fastest) to 10 (smallest)");
    }
    Encoding { format, quality, effort }
}

fn view(check: &mut Checker, path: &str, file: ViewFile, before: &[View]) -> View {
    check.name(&format!("{path}.name"), &file.name);
    if before.iter().any(|view| view.name == *file.name.get_ref()) {
        let found = format!("`{}` is there twice", file.name.get_ref());
        check.error(file.name.span(), &format!("{path}.name"), &found, "give each view a name of its own");
    }
    let crop = file.crop.as_ref().and_then(|text| {
        let ratio = parse_ratio(text.get_ref());
        if ratio.is_none() {
            let found = format!("`{}` is no aspect ratio", text.get_ref());
            check.error(text.span(), &format!("{path}.crop"), &found, "give width:height, for example \"16:9\"");
        }
        ratio
    });
    if file.widths.get_ref().is_empty() {
        check.error(file.widths.span(), &format!("{path}.widths"), "it is empty", "give at least one width in pixels");
    }
    let widths = widths(check, &format!("{path}.widths"), file.widths.get_ref());
    View { name: file.name.into_inner(), crop, widths }
}

pub(super) fn widths(check: &mut Checker, path: &str, file: &[Spanned<i64>]) -> Vec<u32> {
    let mut widths = Vec::new();
    for (index, width) in file.iter().enumerate() {
        match u32::try_from(*width.get_ref()) {
            Ok(pixels) if (1..=16_384).contains(&pixels) => widths.push(pixels),
            _ => {
                let found = format!("{} is no width", width.get_ref());
                check.error(width.span(), &format!("{path}[{index}]"), &found, "give pixels from 1 to 16384");
            }
        }
    }
    widths.sort_unstable();
    widths.dedup();
    widths
}

/// Parses `16:9`. The longer side is at most 20 times the shorter one, so that no view asks for slivers.
fn parse_ratio(text: &str) -> Option<AspectRatio> {
    let (width, height) = text.split_once(':')?;
    let (width, height): (u16, u16) = (width.parse().ok()?, height.parse().ok()?);
    let (long, short) = (width.max(height), width.min(height));
    (short > 0 && u32::from(long) <= 20 * u32::from(short)).then_some(AspectRatio { width, height })
}
