//! The price book as it is written in TOML.

mod kind;
mod price;

use super::check::{BookError, Checker};
use super::{
    AudioLimits, Book, Caps, EndOfLife, ImageLimits, Input, Kind, ModelSpec, Need, Provider, RouteSpec,
    StructuredOutput,
};
use crate::{MicroUsd, Size};
use price::PriceFile;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BookFile {
    #[serde(default)]
    model: Vec<Spanned<ModelFile>>,
    #[serde(default)]
    route: Vec<RouteFile>,
    #[serde(default)]
    caps: CapsFile,
}

/// Micro-dollars.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapsFile {
    day: Option<MicroUsd>,
    #[serde(default)]
    collection: BTreeMap<Spanned<String>, MicroUsd>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    id: Spanned<String>,
    provider: Provider,
    model: Spanned<String>,
    kind: Kind,
    inputs: Spanned<Vec<Input>>,
    structured_output: Option<Spanned<StructuredOutput>>,
    #[serde(default)]
    prompt_cache: bool,
    max_in: Option<u32>,
    max_out: Option<u32>,
    image: Option<Spanned<ImageLimits>>,
    #[serde(default)]
    dimensions: Vec<u32>,
    sizes: Option<Spanned<Vec<Size>>>,
    max_pictures: Option<Spanned<u32>>,
    audio: Option<Spanned<AudioLimits>>,
    version: Option<Spanned<String>>,
    price: Option<Spanned<PriceFile>>,
    #[serde(default)]
    free: bool,
    end_of_life: Option<EndOfLife>,
    url: Option<Spanned<String>>,
    key_variable: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteFile {
    name: Spanned<String>,
    models: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    needs: Vec<Need>,
}

pub(super) fn parse(name: &str, text: &str) -> Result<Book, BookError> {
    let mut check = Checker::new(name, text);
    let file: BookFile = toml::from_str(text).map_err(|error| check.syntax(&error))?;
    let mut models: Vec<Arc<ModelSpec>> = Vec::new();
    for (index, spanned) in file.model.into_iter().enumerate() {
        let span = spanned.span();
        let model = model(&mut check, &format!("model[{index}]"), span, spanned.into_inner(), &models);
        models.push(Arc::new(model));
    }
    let mut routes: Vec<RouteSpec> = Vec::new();
    for (index, file) in file.route.into_iter().enumerate() {
        let route = route(&mut check, &format!("route[{index}]"), file, &models, &routes);
        routes.push(route);
    }
    let caps = caps(&mut check, file.caps);
    check.finish(Book { models, routes, caps })
}

fn model(check: &mut Checker, path: &str, span: Range<usize>, file: ModelFile, before: &[Arc<ModelSpec>]) -> ModelSpec {
    let id = file.id.get_ref();
    check.id(file.id.span(), &format!("{path}.id"), id);
    if before.iter().any(|model| model.id == *id) {
        let found = format!("`{id}` is there twice");
        check.error(file.id.span(), &format!("{path}.id"), &found, "give each model an id of its own");
    }
    if file.model.get_ref().is_empty() {
        check.error(
            file.model.span(),
            &format!("{path}.model"),
            "it is empty",
            "give the provider's name of the model",
        );
    }
    inputs(check, path, &file);
    address(check, path, span.clone(), &file);
    kind::check(check, path, span, &file);
    let takes_images = file.inputs.get_ref().contains(&Input::Image);
    let price = price::read(check, path, file.price, file.free, (file.kind, takes_images));
    ModelSpec {
        id: file.id.into_inner(),
        provider: file.provider,
        model: file.model.into_inner(),
        kind: file.kind,
        inputs: file.inputs.into_inner(),
        structured_output: file.structured_output.map(Spanned::into_inner).unwrap_or_default(),
        prompt_cache: file.prompt_cache,
        max_in: file.max_in,
        max_out: file.max_out,
        image: file.image.map(Spanned::into_inner),
        dimensions: file.dimensions,
        sizes: file.sizes.map(Spanned::into_inner).unwrap_or_default(),
        max_pictures: file.max_pictures.map_or(1, Spanned::into_inner),
        audio: file.audio.map(Spanned::into_inner),
        version: file.version.map(Spanned::into_inner),
        price,
        end_of_life: file.end_of_life,
        url: file.url.map(|url| url.into_inner().trim_end_matches('/').to_owned()),
        key_variable: file.key_variable,
    }
}

fn inputs(check: &mut Checker, path: &str, file: &ModelFile) {
    let inputs = file.inputs.get_ref();
    let field = format!("{path}.inputs");
    if inputs.is_empty() {
        check.error(file.inputs.span(), &field, "it is empty", "give what the model reads, like \"text\"");
    }
    match (&file.image, inputs.contains(&Input::Image)) {
        (None, true) => {
            let fix = "add `image = { long_edge = 1568, bytes = 3750000, count = 20 }` with the model's own limits";
            check.error(file.inputs.span(), &field, "pictures have no limits", fix);
        }
        (Some(limits), false) => {
            let fix = "add \"image\" to `inputs` or remove the line";
            check.error(limits.span(), &format!("{path}.image"), "the model takes no pictures", fix);
        }
        _ => {}
    }
    if let Some(limits) = &file.image {
        let ImageLimits { long_edge, bytes, count } = *limits.get_ref();
        if long_edge == 0 || bytes == 0 || count == 0 {
            let fix = "give the largest value that the model accepts";
            check.error(limits.span(), &format!("{path}.image"), "a limit of 0 refuses every picture", fix);
        }
    }
}

fn address(check: &mut Checker, path: &str, span: Range<usize>, file: &ModelFile) {
    let field = format!("{path}.url");
    match (file.provider, &file.url) {
        (Provider::Openai, None) => {
            let fix = "add `url = \"http://127.0.0.1:11434/v1\"` with the address of the server";
            check.error(span, &field, "an OpenAI-compatible server has an address", fix);
        }
        (Provider::Openai, Some(url)) => {
            let text = url.get_ref();
            if !text.starts_with("http://") && !text.starts_with("https://") {
                check.error(
                    url.span(),
                    &field,
                    &format!("`{text:.80}` is no address"),
                    "start with http:// or https://",
                );
            }
        }
        (Provider::Bedrock, Some(url)) => {
            let fix = "remove the line; set `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` in the environment";
            check.error(url.span(), &field, "Bedrock's address is not set here", fix);
        }
        (Provider::Bedrock, None) => {}
    }
}

fn route(
    check: &mut Checker,
    path: &str,
    file: RouteFile,
    models: &[Arc<ModelSpec>],
    before: &[RouteSpec],
) -> RouteSpec {
    let name = file.name.get_ref();
    check.id(file.name.span(), &format!("{path}.name"), name);
    if before.iter().any(|route| route.name == *name) || models.iter().any(|model| model.id == *name) {
        let found = format!("`{name}` is there twice");
        check.error(file.name.span(), &format!("{path}.name"), &found, "give each route a name of its own");
    }
    if file.models.get_ref().is_empty() {
        check.error(file.models.span(), &format!("{path}.models"), "it is empty", "name at least one model");
    }
    for (index, id) in file.models.get_ref().iter().enumerate() {
        let field = format!("{path}.models[{index}]");
        let Some(model) = models.iter().find(|model| model.id == *id.get_ref()) else {
            let known = models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>().join(", ");
            let found = format!("there is no model `{:.80}`", id.get_ref());
            check.error(id.span(), &field, &found, &format!("the models here are {known}"));
            continue;
        };
        for need in file.needs.iter().filter(|need| !model.meets(**need)) {
            let found = format!("`{}` cannot do what the route needs: {need:?}", model.id);
            check.error(id.span(), &field, &found, "take it off the route, or the need off `needs`");
        }
    }
    let models = file.models.into_inner().into_iter().map(Spanned::into_inner).collect();
    RouteSpec { name: file.name.into_inner(), models, needs: file.needs }
}

fn caps(check: &mut Checker, file: CapsFile) -> Caps {
    for name in file.collection.keys() {
        check.id(name.span(), "caps.collection", name.get_ref());
    }
    let collection = file.collection.into_iter().map(|(name, limit)| (name.into_inner(), limit)).collect();
    Caps { day: file.day, collection }
}
