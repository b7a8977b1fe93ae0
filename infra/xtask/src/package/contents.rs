//! What is packed beside the programs, checked before: what does not fit together would fail at every cold start, or text by text.

use anyhow::{Context, bail, ensure};
use asset::field::{Field, PromptRef};
use asset::profile::Profile;
use models::Usage;
use models::book::{Book, Kind, ModelSpec, Provider};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use text::brand::with_guide;

/// The files, and what the stack has to allow for them.
pub struct Contents {
    profile: String,
    prompts: String,
    models: String,
    /// The files that the profile names, which lie beside it: vocabularies, the brand guide.
    beside: BTreeMap<String, String>,
    /// ARNs that the template's parameters have to list, so that the functions may ask what they have to.
    parameters: [(&'static str, Vec<String>); 3],
}

impl Contents {
    /// Checks a profile and a price book, and adds the prompts in force.
    ///
    /// `read` returns the text of a file that the profile names, or why there is none.
    pub fn new(profile: String, models: String, read: impl Fn(&str) -> Result<String, String>) -> anyhow::Result<Self> {
        let beside = RefCell::new(BTreeMap::new());
        let parsed = Profile::parse_with("profile.toml", &profile, |name| {
            let text = read(name)?;
            beside.borrow_mut().insert(name.to_owned(), text.clone());
            Ok(text)
        })?;
        let (parsed, guide) = with_guide(parsed)?;
        let book = Book::parse("models.toml", &models)?;
        let prompts: BTreeMap<Field, PromptRef> = vision::prompts_in_force(&prompts::library())?.into_iter().collect();
        let writers = writers(&parsed, &book)?;
        let embedders = match &parsed.models.embedding {
            Some(name) => named(&book, name, Kind::Embedding)?,
            None => Vec::new(),
        };
        let both: Vec<&Arc<ModelSpec>> = writers.iter().chain(&embedders).copied().collect();
        // `caption` chooses among the rules of a guide by the embedding.
        let of_caption = if guide.is_some() && !writers.is_empty() { &both } else { &writers };
        let parameters =
            [("CaptionModels", arns(of_caption)), ("TagModels", arns(&both)), ("ConsoleModels", arns(&embedders))];
        let prompts = serde_json::to_string_pretty(&prompts)?;
        Ok(Contents { profile, prompts, models, beside: beside.into_inner(), parameters })
    }

    /// Returns the parameters as a deployment takes them; empty if no model is asked.
    pub fn parameters(&self) -> String {
        let set = self.parameters.iter().filter(|(_, arns)| !arns.is_empty());
        set.map(|(name, arns)| format!("{name}={}", arns.join(","))).collect::<Vec<_>>().join(" ")
    }

    /// The shipped profile and price book.
    pub fn shipped() -> anyhow::Result<Self> {
        Self::new(asset::profile::DEFAULT_PROFILE.to_owned(), models::book::DEFAULT_BOOK.to_owned(), no_file)
    }

    /// Returns files with their names; whoever gets the profile gets what lies beside it.
    pub fn files<'a>(&'a self, names: &[&'a str]) -> Vec<(&'a str, &'a str)> {
        let all = [("profile.toml", &self.profile), ("prompts.json", &self.prompts), ("models.toml", &self.models)];
        let named = all.into_iter().filter(|(name, _)| names.contains(name));
        let beside = self.beside.iter().filter(|_| names.contains(&"profile.toml"));
        let beside = beside.map(|(name, text)| (name.as_str(), text));
        named.chain(beside).map(|(name, text)| (name, text.as_str())).collect()
    }
}

/// For profiles that name no files.
pub fn no_file(name: &str) -> Result<String, String> {
    Err(format!("`{name}` is not here"))
}

/// Returns the models that a profile's texts are asked of.
fn writers<'a>(profile: &Profile, book: &'a Book) -> anyhow::Result<Vec<&'a Arc<ModelSpec>>> {
    let mut models: Vec<&Arc<ModelSpec>> = Vec::new();
    for text in profile.collections.iter().flat_map(|collection| &collection.texts) {
        let name = profile.models.of(text.field).with_context(|| {
            let words = text.field.words();
            format!("the profile asks for {words}, and nobody writes them: add `vision` to `[models]`")
        })?;
        for model in named(book, name, Kind::Text)? {
            if models.iter().all(|other| other.id != model.id) {
                models.push(model);
            }
        }
    }
    Ok(models)
}

/// Returns the models behind a name of the profile: on AWS they are Bedrock's, and have a price.
fn named<'a>(book: &'a Book, name: &str, kind: Kind) -> anyhow::Result<Vec<&'a Arc<ModelSpec>>> {
    let ids = book.route(name).map_or_else(|| vec![name.to_owned()], |route| route.models.clone());
    let models: Vec<&Arc<ModelSpec>> = ids.iter().filter_map(|id| book.model(id)).collect();
    ensure!(!models.is_empty(), "the profile asks `{name}`, which is no model or route of the price book");
    for model in &models {
        let id = &model.id;
        if model.kind != kind {
            let cannot = if kind == Kind::Text { "writes no texts" } else { "makes no embeddings" };
            bail!("`{id}` {cannot}: name another model in the profile's `[models]`");
        }
        if model.provider != Provider::Bedrock {
            bail!(
                "`{id}` is on {:?}: on AWS only models of Bedrock's are asked; take it off the profile's `[models]`",
                model.provider
            );
        }
        if model.cost(Usage::default()).is_none() {
            bail!("`{id}` has no price, so nothing may be spent on it: add `price` to it in the price book");
        }
    }
    Ok(models)
}

/// Two models of a route may be one behind two profiles of inference.
fn arns(models: &[&Arc<ModelSpec>]) -> Vec<String> {
    let mut arns = Vec::new();
    for arn in models.iter().flat_map(|model| stack::model_arns(&model.model)) {
        if !arns.contains(&arn) {
            arns.push(arn);
        }
    }
    arns
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: &str = "[models]\nvision = \"NAME\"\n[[collection]]\nname = \"a\"\nkeys = [\"**\"]\njpeg = { quality = 80 }\n\
                         [[collection.view]]\nname = \"whole\"\nwidths = [320]\n\
                         [[collection.text]]\nfield = \"alt_text\"\nlocale = \"en\"\n";

    fn contents(vision: &str, book: &str) -> anyhow::Result<Contents> {
        Contents::new(TEXTS.replace("NAME", vision), book.to_owned(), no_file)
    }

    fn refused(vision: &str, book: &str) -> String {
        contents(vision, book).err().expect("it is refused").to_string()
    }

    #[test]
    fn a_profile_with_texts_says_which_models_it_needs() {
        let book = models::book::DEFAULT_BOOK;
        let packed = contents("vision-small", book).expect("it fits together");
        let [(_, arns), ..] = &packed.parameters;
        assert_eq!(arns.len(), 2, "a profile of inference and its model: {arns:?}");
        assert_eq!(packed.files(&["models.toml"]), [("models.toml", book)]);
        let [(_, prompts)] = packed.files(&["prompts.json"])[..] else { panic!("there are prompts") };
        let prompts: BTreeMap<Field, PromptRef> =
            serde_json::from_str(prompts).expect("as `packed_profile` reads them");
        assert_eq!(prompts.keys().copied().collect::<Vec<_>>(), Field::ALL);
        assert!(Contents::shipped().expect("the shipped files fit").parameters().is_empty(), "it asks no model");
    }

    #[test]
    fn a_profile_with_an_embedding_lets_the_console_ask_too() {
        let book = models::book::DEFAULT_BOOK;
        let packed = |name: &str| {
            let profile = TEXTS.replace("NAME\"", &format!("vision-small\"\nembedding = \"{name}\""));
            Contents::new(profile, book.to_owned(), no_file)
        };
        let refused = |name| packed(name).err().expect("it is refused").to_string();
        let parameters = packed("titan-text-embeddings-v2").expect("it fits together").parameters();
        let titan = "arn:aws:bedrock:*::foundation-model/amazon.titan-embed-text-v2:0";
        let of =
            |name: &str| parameters.split(' ').find(|parameter| parameter.starts_with(name)).expect(name).to_owned();
        assert_eq!(of("ConsoleModels="), format!("ConsoleModels={titan}"));
        assert!(of("TagModels=").ends_with(titan) && !of("CaptionModels=").contains("titan"), "{parameters}");
        assert!(refused("claude-haiku-4-5").contains("makes no embeddings"));
        assert!(refused("titan-multimodal-embeddings").contains("has no price"));
    }

    #[test]
    fn what_nobody_could_write_is_not_packed() {
        let book = models::book::DEFAULT_BOOK;
        assert!(refused("nobody", book).contains("no model or route"));
        assert!(refused("nova-2-lite", book).contains("has no price"));
        assert!(refused("titan-multimodal-embeddings", book).contains("writes no texts"));
        let here = book.replacen("provider = \"bedrock\"", "provider = \"openai\"\nurl = \"http://127.0.0.1:1/v1\"", 1);
        assert!(refused("vision-small", &here).contains("only models of Bedrock's"));
        let unnamed = TEXTS.replace("[models]\nvision = \"NAME\"\n", "");
        let error = Contents::new(unnamed, book.to_owned(), no_file).err().expect("it is refused").to_string();
        assert!(error.contains("nobody writes them"), "{error}");
    }
}
