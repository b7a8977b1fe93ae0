//! What the demo asks of the models that are installed on this machine, and how it shows what they answered.

use crate::deployment::{Deployment, read_manifest};
use crate::local_models::LocalModels;
use crate::table::table;
use anyhow::{Context, Result};
use asset::catalog::CatalogEntry;
use asset::embedding::clipped;
use asset::fact::Outcome;
use asset::profile::DEFAULT_PROFILE;
use asset::why::words::visible;
use std::path::Path;

/// The vocabulary of the demo's tags.
const SUBJECTS: &str = include_str!("subjects.toml");

/// A model of this machine, and the lines of a profile that ask it: in `[models]`, and of the collection.
const ASKED: [(&str, &str, &str); 5] = [
    ("efficientnet-lite0", "tags", "vocabulary = \"subjects\"\n"),
    ("pp-ocr", "visible_text", ""),
    ("open-nsfw", "moderation", ""),
    ("minilm-l6", "embedding", ""),
    ("whisper-base", "speech", ""),
];

/// The line of the built-in profile that asks for captions, once its hash is gone.
const CAPTIONS: &str = "captions = { profile = \"web\" }";

/// Writes the profile of a demo that uses the installed models: the built-in one, and what they can do.
pub fn write_profile(data: &Path, models: &LocalModels) -> Result<()> {
    let (mut choice, mut texts) = ("[models]\n".to_owned(), String::new());
    for (id, name, lines) in ASKED.iter().filter(|(id, ..)| models.has(id)) {
        choice += &format!("{name} = \"{id}\"\n");
        if !matches!(*name, "embedding" | "speech") {
            texts += &format!("[[collection.text]]\nfield = \"{name}\"\n{lines}\n");
        }
    }
    let captions = if models.has("whisper-base") { CAPTIONS } else { "" };
    let built_in = DEFAULT_PROFILE.replace(&format!("# {CAPTIONS}"), captions);
    let vocabulary = "[[vocabulary]]\nname = \"subjects\"\nfile = \"subjects.toml\"\n";
    let profile = format!("{built_in}\n# The demo's own lines.\n\n{texts}{choice}\n{vocabulary}");
    let write = |name: &str, text: &str| {
        let path = data.join(name);
        std::fs::write(&path, text).with_context(|| format!("failed to write `{}`", path.display()))
    };
    write("subjects.toml", SUBJECTS)?;
    write("profile.toml", &profile)
}

/// Returns a table of what models wrote, and which of them did.
pub async fn written(deployment: &Deployment, entries: &[CatalogEntry]) -> Result<Option<String>> {
    let mut rows = Vec::new();
    for entry in entries {
        let Some(manifest) = read_manifest(deployment.store.as_ref(), &entry.asset).await? else { continue };
        for field in &manifest.readiness.fields {
            let (Some(text), Some(written)) = (&field.text, &field.written) else { continue };
            if !text.is_empty() {
                let labels: Vec<&str> = field.terms.iter().map(|term| term.label.as_str()).collect();
                let text = if labels.is_empty() { text.replace('\n', " / ") } else { labels.join(", ") };
                let text = visible(clipped(&text, 60));
                let by = written.provenance.model_answered.split('+').next().unwrap_or_default();
                rows.push(vec![visible(&entry.key), field.field.as_str().to_owned(), text, visible(by)]);
            }
        }
        for captions in &manifest.readiness.captions {
            let title = format!("captions {}", captions.locale);
            let heard = manifest.results.values().find_map(|result| match &result.outcome {
                Outcome::Heard(heard) => Some(visible(&heard.by.model_answered)),
                _ => None,
            });
            let said = visible(clipped(&captions.excerpt, 60));
            rows.push(vec![visible(&entry.key), title, said, heard.unwrap_or_default()]);
        }
    }
    Ok((!rows.is_empty()).then(|| table(&["key", "field", "text", "model"], &rows)))
}
