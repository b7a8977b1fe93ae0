//! What a call may cost at most, before it is made: bounds on tokens, from bytes and pixels; on pictures, minutes and
//! text units, from what is asked for.
//!
//! Bounds, not estimates: English text has some four bytes per token, so a forecast is several times the cost. It is
//! held only while the call is under way; then the cost takes its place.

use crate::book::{Book, Consumption, ModelSpec};
use crate::capability::check_request;
use crate::{EmbedInput, EmbedRequest, GuardRequest, Image, ImageRequest, MicroUsd, Part, Request, TranscribeRequest};

/// What providers add by themselves: marks of roles, the rules of calling tools (Claude's take some 350 tokens).
const OVERHEAD: u64 = 1_000;

/// What the words around the errors of a repair take at most: ten errors of 300 characters, and two sentences.
const REPAIR: u64 = 3_200;

/// Vision models make a token of 500 to 800 pixels: Claude of 750, Nova of a little more than 500 (from its examples of
/// picture sizes, which were read from memory). A small picture has a least number of tokens.
const PIXELS_PER_TOKEN: u64 = 400;
const LEAST_PER_PICTURE: u64 = 300;

/// Characters of a text unit, by Bedrock's definition.
const TEXT_UNIT: u64 = 1_000;

/// The policies of a guardrail that cost something: content, topics, personal data, grounding and automated reasoning.
/// Which of them a guardrail has is known only when it answers.
const PAID_POLICIES: u64 = 5;

/// Why nobody can say what a request may cost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoForecast {
    #[error("there is no model or route `{0}` in the price book")]
    Unknown(String),
    #[error("no model of `{0}` can be asked this")]
    Unable(String),
    #[error("the price book has no price for `{0}`")]
    NoPrice(String),
}

impl Book {
    /// Returns the most that a request to a model or a route may cost, the dearest of those that can be asked it. For tools: nobody has to
    /// be connected.
    pub fn forecast(&self, name: &str, request: &Request) -> Result<MicroUsd, NoForecast> {
        let models = self.named(name);
        if models.is_empty() {
            return Err(NoForecast::Unknown(name.to_owned()));
        }
        let able = models.into_iter().filter(|spec| check_request(spec, request).is_ok());
        let dearest = able.map(|spec| of_request(spec, request).ok_or_else(|| NoForecast::NoPrice(spec.id.clone())));
        let dearest = dearest.reduce(|a, b| Ok(a?.max(b?)));
        dearest.unwrap_or_else(|| Err(NoForecast::Unable(name.to_owned())))
    }
}

/// Returns what an answer costs at most: with a schema that is two calls, because one repair is asked for.
pub(crate) fn of_request(spec: &ModelSpec, request: &Request) -> Option<MicroUsd> {
    let parts: u64 = request.parts().map(part_tokens).fold(0, u64::saturating_add);
    let schema = request.schema.as_ref().map_or(0, |schema| bytes(schema.text()));
    let input = OVERHEAD.saturating_add(bytes(&request.full_system())).saturating_add(parts).saturating_add(schema);
    let output = u64::from(request.parameters.max_tokens);
    let first = spec.forecast(readable(spec, input), output)?;
    if request.schema.is_none() {
        return Some(first);
    }
    // The model reads its own answer again.
    let again = input.saturating_add(output).saturating_add(REPAIR);
    Some(first.plus(spec.forecast(readable(spec, again), output)?))
}

/// Returns what an embedding costs at most.
pub(crate) fn of_embedding(spec: &ModelSpec, request: &EmbedRequest) -> Option<MicroUsd> {
    let input = match &request.input {
        EmbedInput::Text(text) => bytes(text),
        EmbedInput::Image(image) => image_tokens(image),
    };
    spec.forecast(readable(spec, input.saturating_add(OVERHEAD)), 0)
}

/// Returns what pictures cost.
pub(crate) fn of_pictures(spec: &ModelSpec, request: &ImageRequest) -> Option<MicroUsd> {
    spec.cost(Consumption { images: request.count.into(), ..Consumption::default() })
}

/// Returns what a judgement costs at most: as if every policy counted every character, and each part began a text unit.
pub(crate) fn of_content(spec: &ModelSpec, request: &GuardRequest) -> Option<MicroUsd> {
    let units = |text: &str| (text.chars().count() as u64).div_ceil(TEXT_UNIT);
    let text_units = request.texts().map(units).fold(0, u64::saturating_add).saturating_mul(PAID_POLICIES);
    let images = request.images().count() as u64;
    spec.cost(Consumption { images, text_units, ..Consumption::default() })
}

/// Returns what a transcript costs.
pub(crate) fn of_recording(spec: &ModelSpec, request: &TranscribeRequest) -> Option<MicroUsd> {
    spec.cost(Consumption { audio_ms: request.audio.duration_ms, ..Consumption::default() })
}

/// No more is paid than the model can read.
fn readable(spec: &ModelSpec, tokens: u64) -> u64 {
    spec.max_in.map_or(tokens, |max| tokens.min(max.into()))
}

fn part_tokens(part: &Part) -> u64 {
    match part {
        Part::Text(text) => bytes(text),
        Part::Document(document) => bytes(&document.fenced()),
        Part::Image(image) => image_tokens(image),
    }
}

/// Tokenizers make at least one byte a token, of whatever language.
fn bytes(text: &str) -> u64 {
    text.len() as u64
}

fn image_tokens(image: &Image) -> u64 {
    let pixels = u64::from(image.width) * u64::from(image.height);
    LEAST_PER_PICTURE + pixels.div_ceil(PIXELS_PER_TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::Book;
    use crate::{Document, ImageFormat, Purpose, Schema};
    use bytes::Bytes;

    fn spec(id: &str) -> ModelSpec {
        ModelSpec::clone(Book::default().model(id).expect("it is in the shipped book"))
    }

    fn request(text: &str) -> Request {
        let mut request = Request::of("", vec![Part::Text(text.into())]);
        request.parameters.max_tokens = 200;
        request
    }

    fn image(width: u32, height: u32) -> Image {
        Image { format: ImageFormat::Jpeg, width, height, bytes: Bytes::new() }
    }

    #[test]
    fn every_part_of_a_request_is_in_its_forecast() {
        let haiku = spec("claude-haiku-4-5");
        let of = |request: &Request| of_request(&haiku, request).expect("it has a price").0;
        // A micro-dollar per token read, five per token written.
        assert_eq!(of(&request("12345")), 1000 + 5 + 5 * 200);
        let mut with_system = request("12345");
        with_system.system = "äöü".into();
        assert_eq!(of(&with_system), 1000 + 5 + 6 + 1000);
        let mut with_picture = request("12345");
        with_picture.messages[0].parts.push(Part::Image(image(1568, 1045)));
        let tokens = of(&with_picture) - of(&request("12345"));
        assert!((1568 * 1045 / 500..1568 * 1045 / 250).contains(&tokens), "{tokens}");
        let mut with_document = request("12345");
        let document = Document { name: "name".into(), text: "x".repeat(500) };
        with_document.messages[0].parts.push(Part::Document(document));
        assert!(of(&with_document) > of(&request("12345")) + 500);
        let mut with_schema = request("12345");
        let schema = Schema::parse("answer", r#"{"type":"object","properties":{},"additionalProperties":false}"#);
        with_schema.schema = Some(schema.expect("a schema"));
        let [plain, twice] = [of(&request("12345")), of(&with_schema)];
        assert!(twice > 2 * plain + 200 + REPAIR, "a repair reads the first answer too: {twice}, {plain}");
    }

    #[test]
    fn a_route_may_cost_what_its_dearest_able_model_does() {
        let book = |more: &str| {
            let model = |id: &str, kind: &str, price: &str| {
                format!(
                    "[[model]]\nid = \"{id}\"\nprovider = \"bedrock\"\nmodel = \"{id}\"\nkind = \"text\"\ninputs = [{kind}]\n{price}\n"
                )
            };
            let price = |n: u32| {
                format!("price = {{ in = {n}, out = {n}, source = \"test\", date = \"2026-01-01\", verified = false }}")
            };
            let (both, text) = ("\"text\", \"image\"", "\"text\"");
            let limits = "image = { long_edge = 2000, bytes = 100, count = 1 }\n";
            let text = [
                model("cheap", both, &format!("{limits}{}", price(1_000_000))),
                model("dear", both, &format!("{limits}{}", price(2_000_000))),
                model("blind", text, &price(9_000_000)),
                model("unpriced", both, limits),
                format!("[[route]]\nname = \"all\"\nmodels = [{more}]\nneeds = []\n"),
            ];
            Book::parse("test.toml", &text.concat()).expect("a book")
        };
        let mut asks = request("x");
        asks.messages[0].parts.push(Part::Image(image(100, 100)));
        let of = |models: &str, name: &str| book(models).forecast(name, &asks);
        let cheap = of("\"cheap\"", "cheap").expect("a forecast");
        assert_eq!(of("\"cheap\", \"dear\", \"blind\"", "all"), Ok(MicroUsd(2 * cheap.0)));
        assert_eq!(of("\"blind\"", "all"), Err(NoForecast::Unable("all".into())));
        assert_eq!(of("\"cheap\", \"unpriced\"", "all"), Err(NoForecast::NoPrice("unpriced".into())));
        assert_eq!(of("\"cheap\"", "none"), Err(NoForecast::Unknown("none".into())));
    }

    #[test]
    fn nothing_is_forecast_without_a_price_and_nothing_beyond_what_a_model_reads() {
        assert_eq!(of_request(&spec("nova-2-lite"), &request("x")), None);
        let mut short = spec("claude-haiku-4-5");
        short.max_in = Some(10);
        assert_eq!(of_request(&short, &request(&"x".repeat(5000))), Some(MicroUsd(10 + 1000)));
        let embed = |input| EmbedRequest { input, purpose: Purpose::Index, dimensions: None };
        let text = embed(EmbedInput::Text("four".into()));
        assert_eq!(of_embedding(&spec("titan-multimodal-embeddings"), &text), None);
        let mut priced = spec("titan-multimodal-embeddings");
        priced.price = spec("claude-haiku-4-5").price;
        assert_eq!(of_embedding(&priced, &text), Some(MicroUsd(1004)));
        let picture = embed(EmbedInput::Image(image(400, 400)));
        assert_eq!(of_embedding(&priced, &picture), Some(MicroUsd(1000 + 300 + 400)));
    }
}
