//! A prompt: a file, the partials and schemas that it refers to, and the identity of all of it.

use crate::document::{Document, with_unix_line_ends};
use crate::markers::{neutral_fields, neutralise};
use crate::message::{Message, to_messages};
use crate::picoschema::to_json_schema;
use crate::schema::{Schema, canonical};
use crate::template::{self, Compiled};
use asset::canonical::canonical_json;
use asset::field::PromptRef;
use asset::ids::Sha256;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Something is wrong with a prompt or with what was put into it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    #[error("there is no prompt `{prompt}`")]
    Unknown { prompt: String },
    #[error("the front matter of the prompt `{prompt}` is wrong: {why}")]
    FrontMatter { prompt: String, why: String },
    /// `file` is the prompt's own name or a partial's.
    #[error("the template `{file}` of the prompt `{prompt}` is wrong: {why}")]
    Template { prompt: String, file: String, why: String },
    #[error("the {side} schema of the prompt `{prompt}` is wrong: {why}")]
    Schema { prompt: String, side: &'static str, why: String },
    #[error("the prompt `{prompt}` calls the partial `{partial}`, which calls itself")]
    PartialCycle { prompt: String, partial: String },
    #[error("the prompt `{prompt}` calls the partial `{partial}`, which is not there")]
    PartialMissing { prompt: String, partial: String },
    /// Found before rendering; `field` is a path such as `brand[0].id`, empty for the input as a whole.
    #[error("the input `{field}` of the prompt `{prompt}` is wrong: expected {expected}, found {found}")]
    Input { prompt: String, field: String, expected: String, found: String },
    #[error("the prompt `{prompt}` cannot be rendered: {why}")]
    Render { prompt: String, why: String },
}

/// A rule of a brand guide, as it is given to a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snippet {
    pub id: String,
    pub text: String,
}

/// Everything that prompts are made from, by name.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Whole files.
    pub prompts: BTreeMap<String, String>,
    /// Templates without front matter.
    pub partials: BTreeMap<String, String>,
    /// JSON Schemas that Picoschema may call by name.
    pub schemas: BTreeMap<String, Value>,
    /// Brand guides, which a prompt names as `greenroom.snippets`.
    pub snippets: BTreeMap<String, Vec<Snippet>>,
}

/// What a prompt is rendered with.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// The variables; checked against the input schema.
    pub input: Map<String, Value>,
    /// What `@name` stands for.
    pub context: Map<String, Value>,
    /// The conversation so far, for `{{history}}`.
    pub messages: Vec<Message>,
}

impl Data {
    /// Takes the fields of a JSON object as the variables; anything else gives none.
    pub fn of(input: Value) -> Data {
        let input = if let Value::Object(fields) = input { fields } else { Map::new() };
        Data { input, ..Data::default() }
    }
}

/// What goes to a model, and where it came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rendered {
    /// The prompt's hash.
    pub prompt: Sha256,
    pub messages: Vec<Message>,
    /// The hash of the messages' canonical JSON: two requests with the same text have the same one.
    pub sha256: Sha256,
}

/// A prompt, ready to be rendered.
#[derive(Clone, Debug)]
pub struct Prompt {
    pub(crate) name: String,
    pub(crate) source: String,
    pub(crate) document: Document,
    pub(crate) partials: BTreeMap<String, String>,
    pub(crate) missing: BTreeSet<String>,
    pub(crate) input: Option<Schema>,
    pub(crate) output: Option<Schema>,
    pub(crate) snippets: Option<Sha256>,
    pub(crate) compiled: Compiled,
    hash: Sha256,
}

/// What a prompt's hash is made of.
#[derive(Serialize)]
struct Identity<'a> {
    format: u32,
    source: &'a str,
    partials: &'a BTreeMap<String, String>,
    input: Option<&'a str>,
    output: Option<&'a str>,
    snippets: Option<&'a Sha256>,
}

impl Sources {
    /// Loads one prompt with everything that it refers to. A missing partial is not an error before rendering: `lint`
    /// names it.
    pub fn prompt(&self, name: &str) -> Result<Prompt, PromptError> {
        let source = self.prompts.get(name).ok_or_else(|| PromptError::Unknown { prompt: name.to_owned() })?;
        let front_matter = |why| PromptError::FrontMatter { prompt: name.to_owned(), why };
        let document = Document::parse(&with_unix_line_ends(source)).map_err(front_matter)?;
        let schema = |side: &'static str| {
            let wrong = |why| PromptError::Schema { prompt: name.to_owned(), side, why };
            let Some(schema) = document.schema(side) else { return Ok(None) };
            to_json_schema(schema, &self.schemas).and_then(Schema::new).map(Some).map_err(wrong)
        };
        let (input, output) = (schema("input")?, schema("output")?);
        let snippets = match document.own_text("snippets") {
            Some(set) => Some(self.snippets_hash(name, set)?),
            None => None,
        };
        Prompt::build(name, source, &self.partials, input, output, snippets)
    }

    fn snippets_hash(&self, prompt: &str, set: &str) -> Result<Sha256, PromptError> {
        // A guide that is not there yet has no rules: the same identity as an empty one.
        let rules = self.snippets.get(set).map_or(&[][..], Vec::as_slice);
        let ids: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
        if ids.len() < rules.len() {
            let why = format!("two rules of the brand guide `{set}` have the same id");
            return Err(PromptError::FrontMatter { prompt: prompt.to_owned(), why });
        }
        let by_id: BTreeMap<&str, &str> = rules.iter().map(|rule| (rule.id.as_str(), rule.text.as_str())).collect();
        Ok(Sha256::of(canonical_json(&by_id).as_bytes()))
    }
}

impl Prompt {
    /// Puts a prompt together from resolved schemas and any partials, of which it keeps those that it needs.
    pub(crate) fn build(
        name: &str,
        source: &str,
        partials: &BTreeMap<String, String>,
        input: Option<Schema>,
        output: Option<Schema>,
        snippets: Option<Sha256>,
    ) -> Result<Prompt, PromptError> {
        let source = with_unix_line_ends(source);
        let front_matter = |why| PromptError::FrontMatter { prompt: name.to_owned(), why };
        let document = Document::parse(&source).map_err(front_matter)?;
        let mut resolver = Resolver::new(name, partials);
        let main = resolver.parse(name, &document.template)?;
        let mut path = Vec::new();
        resolver.follow(&main, &mut path)?;
        let Resolver { sources: partials, templates, missing, .. } = resolver;
        let compiled = Compiled { main, partials: templates };
        let identity = Identity {
            format: 1,
            source: &source,
            partials: &partials,
            input: input.as_ref().map(Schema::canonical),
            output: output.as_ref().map(Schema::canonical),
            snippets: snippets.as_ref(),
        };
        let hash = Sha256::of(canonical_json(&identity).as_bytes());
        Ok(Prompt {
            name: name.to_owned(),
            source,
            document,
            partials,
            missing,
            input,
            output,
            snippets,
            compiled,
            hash,
        })
    }

    /// Returns the file's name without its ending.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the SHA-256 of source, partials, schemas and brand guide: everything of ours that decides what a model
    /// is asked.
    pub fn hash(&self) -> &Sha256 {
        &self.hash
    }

    /// Returns `greenroom.id`, empty if there is none.
    pub fn id(&self) -> &str {
        self.document.own_text("id").unwrap_or_default()
    }

    /// Returns `greenroom.version`, empty if there is none.
    pub fn version(&self) -> &str {
        self.document.own_text("version").unwrap_or_default()
    }

    /// Returns what a profile and a task call this very state of the prompt.
    pub fn reference(&self) -> PromptRef {
        PromptRef { id: self.id().to_owned(), version: self.version().to_owned(), hash: self.hash.clone() }
    }

    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Returns what the variables have to be.
    pub fn input(&self) -> Option<&Schema> {
        self.input.as_ref()
    }

    /// Returns what the model's answer has to be.
    pub fn output(&self) -> Option<&Schema> {
        self.output.as_ref()
    }

    /// Checks the variables, defaults included, against the input schema.
    pub fn check_input(&self, data: &Data) -> Result<(), PromptError> {
        let violations = match &self.input {
            Some(schema) => schema.check(&Value::Object(self.variables(data))),
            None => Vec::new(),
        };
        match violations.into_iter().next() {
            Some(first) => Err(PromptError::Input {
                prompt: self.name.clone(),
                field: first.field,
                expected: first.expected,
                found: first.found,
            }),
            None => Ok(()),
        }
    }

    /// Renders, after the variables have been checked.
    pub fn render(&self, data: &Data) -> Result<Rendered, PromptError> {
        self.check_input(data)?;
        self.render_unchecked(data)
    }

    /// Renders as dotprompt does: whatever the variables are, and a missing one is empty. For tools; functions call
    /// [`Prompt::render`].
    pub fn render_unchecked(&self, data: &Data) -> Result<Rendered, PromptError> {
        if let Some(partial) = self.missing.first() {
            return Err(PromptError::PartialMissing { prompt: self.name.clone(), partial: partial.clone() });
        }
        let variables = neutralise(&Value::Object(self.variables(data)));
        let context = neutral_fields(&data.context);
        let cannot = |why| PromptError::Render { prompt: self.name.clone(), why };
        let text = self.compiled.render(&variables, &context).map_err(cannot)?;
        let messages = to_messages(&text, &data.messages).map_err(|role| PromptError::Render {
            prompt: self.name.clone(),
            why: format!("there is no role `{role}`"),
        })?;
        let json = serde_json::to_value(&messages)
            .map_err(|error| PromptError::Render { prompt: self.name.clone(), why: error.to_string() })?;
        Ok(Rendered { prompt: self.hash.clone(), messages, sha256: Sha256::of(canonical(&json).as_bytes()) })
    }

    fn variables(&self, data: &Data) -> Map<String, Value> {
        let mut variables = self.document.defaults();
        variables.extend(data.input.clone());
        variables
    }
}

/// Finds the partials that a prompt needs, and theirs.
struct Resolver<'a> {
    prompt: &'a str,
    all: &'a BTreeMap<String, String>,
    sources: BTreeMap<String, String>,
    templates: BTreeMap<String, template::Template>,
    missing: BTreeSet<String>,
}

impl<'a> Resolver<'a> {
    fn new(prompt: &'a str, all: &'a BTreeMap<String, String>) -> Self {
        let (sources, templates, missing) = Default::default();
        Resolver { prompt, all, sources, templates, missing }
    }

    fn parse(&self, file: &str, source: &str) -> Result<template::Template, PromptError> {
        let wrong = |why| PromptError::Template { prompt: self.prompt.to_owned(), file: file.to_owned(), why };
        template::parse(source).map_err(wrong)
    }

    /// `path` are the partials that we are in: one that calls itself would never end.
    fn follow(&mut self, template: &template::Template, path: &mut Vec<String>) -> Result<(), PromptError> {
        for name in template::partial_names(template) {
            if path.contains(&name) {
                return Err(PromptError::PartialCycle { prompt: self.prompt.to_owned(), partial: name });
            }
            if self.sources.contains_key(&name) || self.missing.contains(&name) {
                continue;
            }
            let Some(source) = self.all.get(&name) else {
                self.missing.insert(name);
                continue;
            };
            let source = with_unix_line_ends(source);
            let template = self.parse(&name, &source)?;
            path.push(name.clone());
            self.follow(&template, path)?;
            path.pop();
            self.sources.insert(name.clone(), source);
            self.templates.insert(name, template);
        }
        Ok(())
    }
}
