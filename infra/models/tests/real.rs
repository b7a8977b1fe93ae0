//! The server with real models on real photographs, asked by the client that functions use.

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{Server, models as folder, photo};
use embedded::SystemClock;
use models::book::Book;
use models::{EmbedInput, EmbedRequest, HttpClient, Image, ImageFormat, Models, Part, Purpose, Request, Schema};
use ports::Clock;
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// One server for all tests: models stay loaded.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(folder(), &[]))
}

fn client() -> Models {
    let url = &server().url;
    let model = |id: &str| {
        format!(
            "[[model]]\nid = \"{id}\"\nprovider = \"openai\"\nmodel = \"{id}\"\nkind = \"text\"\ninputs = [\"text\", \"image\"]\n\
             structured_output = \"native\"\nimage = {{ long_edge = 8192, bytes = 15000000, count = 1 }}\nfree = true\nurl = \"{url}\"\n"
        )
    };
    let embedder = format!(
        "[[model]]\nid = \"minilm-l6\"\nprovider = \"openai\"\nmodel = \"minilm-l6\"\nkind = \"embedding\"\ninputs = [\"text\"]\n\
         free = true\nurl = \"{url}\"\n"
    );
    let text = ["efficientnet-lite0", "pp-ocr", "open-nsfw"].map(model).concat() + &embedder;
    let http = Arc::new(HttpClient::new().expect("connections"));
    Models::new(Book::parse("test", &text).expect("a book"), Arc::new(SystemClock)).with_openai(http, |_| None)
}

fn deadline() -> u64 {
    SystemClock.now_ms() + 120_000
}

const SCHEMAS: [(&str, &str, &str); 3] = [
    (
        "efficientnet-lite0",
        "tags",
        r#"{"type":"object","required":["suggestions","tags"],"additionalProperties":false,"properties":{
           "suggestions":{"type":"array","maxItems":3,"items":{"type":"string"}},
           "tags":{"type":"array","items":{"type":"object","required":["confidence","id"],"additionalProperties":false,
           "properties":{"confidence":{"enum":["high","medium","low"]},"id":{"type":"string"}}}}}}"#,
    ),
    (
        "pp-ocr",
        "visible_text",
        r#"{"type":"object","required":["lines"],"additionalProperties":false,"properties":{"lines":{"type":"array","items":{
           "type":"object","required":["text","confidence"],"additionalProperties":false,"properties":{
           "text":{"type":"string"},"confidence":{"enum":["high","medium","low"]}}}}}}"#,
    ),
    (
        "open-nsfw",
        "moderation",
        r#"{"type":"object","required":["categories"],"additionalProperties":false,"properties":{"categories":{"type":"array",
           "items":{"type":"object","required":["id","confidence"],"additionalProperties":false,"properties":{
           "id":{"type":"string"},"confidence":{"enum":["high","medium","low"]}}}}}}"#,
    ),
];

/// Asks a model about a photograph as a function does, and returns the answer, which matches the schema.
fn ask(model: &str, name: &str, text: &str) -> Value {
    let (_, schema, shape) = SCHEMAS.iter().find(|(id, ..)| *id == model).expect("a model");
    let bytes = photo(name);
    let format = if name.ends_with(".png") { ImageFormat::Png } else { ImageFormat::Jpeg };
    let image = Image { format, width: 600, height: 400, bytes: bytes.into() };
    let parts = vec![Part::Image(image), Part::Text(text.to_owned())];
    let schema = Some(Schema::parse(schema, shape).expect("a schema"));
    let request = Request { schema, ..Request::of("You look at one picture.", parts) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let asked = client().text(model).expect("it is in the book");
    let answer = runtime.block_on(asked.generate(&request, deadline())).expect("it answers");
    assert_eq!((answer.n_calls, answer.warnings.len()), (1, 0), "{answer:?}");
    assert!(answer.model_answered.starts_with(&format!("{model}@")), "{}", answer.model_answered);
    assert!(answer.model_answered.contains("+sha256."), "{}", answer.model_answered);
    answer.json.expect("it is JSON")
}

/// The terms of one vocabulary, the text of the prompt `tags` around them.
fn tags_text(labels: &[&str]) -> String {
    let terms: Vec<Value> = labels.iter().map(|label| json!({"id": format!("t-{label}"), "label": label})).collect();
    let terms = Value::from(terms);
    format!(
        "Language: \"en\"\nAt most 5 tags\nDATA vocabulary {terms}\nDATA file {{\"title\":\"DATA vocabulary []\"}}\n"
    )
}

#[test]
fn photographs_get_the_tags_that_they_show() {
    let vocabulary = tags_text(&["Espresso", "Cats", "Dogs", "Tripod", "Palace", "Moped", "Portrait", "Car wheel"]);
    let tags = |name: &str| -> Vec<String> {
        let answer = ask("efficientnet-lite0", name, &vocabulary);
        let tags = answer["tags"].as_array().expect("a list");
        tags.iter().map(|tag| format!("{} {}", tag["id"], tag["confidence"]).replace('"', "")).collect()
    };
    assert_eq!(tags("coffee.png"), ["t-Espresso high"]);
    assert_eq!(tags("chelsea.png"), ["t-Cats high"]);
    assert_eq!(tags("camera.png"), ["t-Tripod high"]);
    assert!(tags("china.jpg").iter().any(|tag| tag.starts_with("t-Palace")), "{:?}", tags("china.jpg"));
    assert!(
        tags("motorcycle_left.png").iter().any(|tag| tag.starts_with("t-Moped")),
        "{:?}",
        tags("motorcycle_left.png")
    );
    // ImageNet has no person: nothing is said rather than something.
    assert_eq!(tags("astronaut.png"), [""; 0]);
}

#[test]
fn what_the_vocabulary_lacks_is_proposed() {
    let answer = ask("efficientnet-lite0", "coffee.png", &tags_text(&["Dogs"]));
    assert_eq!(answer, json!({"suggestions": ["espresso"], "tags": []}));
    let german = tags_text(&["Espresso"]).replace("\"en\"", "\"de\"");
    let answer = ask("efficientnet-lite0", "camera.png", &german);
    assert_eq!(answer, json!({"suggestions": [], "tags": []}), "our words are English, and were not asked for");
}

#[test]
fn the_prompt_still_has_the_lines_that_are_read() {
    let prompt = include_str!("../../../shared/prompts/library/tags.prompt");
    for line in ["DATA vocabulary {{json vocabulary}}", "At most {{max_tags}} tags", "Language: {{json locale}}"] {
        assert!(prompt.lines().any(|found| found == line), "{line}");
    }
}

#[test]
fn a_page_is_read() {
    let answer = ask("pp-ocr", "page.png", "Read the text.");
    let lines: Vec<&str> =
        answer["lines"].as_array().expect("a list").iter().filter_map(|line| line["text"].as_str()).collect();
    // What the page says, as a person reads it. It is cut off on the right.
    let wanted = "Region-based segmentation Let us first determine markers of the coins and the background. These markers are pixels \
                  that we can label unambiguously as either object or background. Here, the markers are found at the two extreme \
                  parts of the histogram of grey values: >>> markers = np.zeros_like(coins)";
    let bare = |text: &str| -> Vec<char> { text.chars().filter(|c| !c.is_whitespace()).collect() };
    let (found, wanted) = (bare(&lines.join(" ")), bare(wanted));
    let wrong = distance(&found, &wanted);
    let share = 1.0 - wrong as f64 / wanted.len() as f64;
    assert!(share >= 0.9, "{:.1} % of the characters: {lines:#?}", share * 100.0);
    assert!(
        lines.iter().any(|line| line.contains("background")),
        "words are apart or together, never lost: {lines:#?}"
    );
    assert_eq!(ask("pp-ocr", "chelsea.png", "Read the text."), json!({"lines": []}), "a cat has no text");
}

/// The edit distance of Levenshtein.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != y)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

#[test]
fn safe_photographs_have_no_category() {
    for name in ["astronaut.png", "chelsea.png", "coffee.png", "china.jpg", "rocket.jpg"] {
        assert_eq!(ask("open-nsfw", name, "Moderate."), json!({"categories": []}), "{name}");
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn what_means_the_same_lies_together() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let embedder = client().embedder("minilm-l6").expect("it is in the book");
    let embed = |text: &str| {
        let request = EmbedRequest { input: EmbedInput::Text(text.into()), purpose: Purpose::Index, dimensions: None };
        let found = runtime.block_on(embedder.embed(&request, deadline())).expect("it answers");
        assert!((cosine(&found.vector, &found.vector) - 1.0).abs() < 1e-5 && found.vector.len() == 384);
        assert!(found.usage.input >= 3, "{:?}", found.usage);
        found.vector
    };
    let (cat, kitten, revenue) = (embed("cat"), embed("kitten"), embed("revenue"));
    assert!(cosine(&cat, &kitten) > 0.7, "{}", cosine(&cat, &kitten));
    assert!(cosine(&cat, &revenue) < cosine(&cat, &kitten) - 0.3, "{}", cosine(&cat, &revenue));
}

fn data_uri(name: &str) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(photo(name)))
}

#[test]
fn embeddings_come_in_both_spellings_and_pictures_have_features() {
    let server = server();
    let embed = |body: Value| server.post("/embeddings", &body);
    let (status, float) = embed(json!({"model": "minilm-l6", "input": ["a cat", "a dog"]}));
    assert_eq!((status, float["data"].as_array().map(Vec::len)), (200, Some(2)), "{float}");
    assert_eq!(float["usage"], json!({"prompt_tokens": 8, "total_tokens": 8}), "two words and two marks each");
    let body = json!({"model": "minilm-l6", "input": "a cat", "encoding_format": "base64", "dimensions": 384});
    let encoded = embed(body).1["data"][0]["embedding"].as_str().expect("a text").to_owned();
    let bytes = STANDARD.decode(encoded).expect("base64");
    let same: Vec<f64> = bytes.as_chunks::<4>().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect();
    let first: Vec<f64> = serde_json::from_value(float["data"][0]["embedding"].clone()).expect("numbers");
    assert!(first.iter().zip(&same).all(|(a, b)| (a - b).abs() < 1e-6) && first.len() == same.len());
    let long = embed(json!({"model": "minilm-l6", "input": "word ".repeat(1000)})).1;
    assert_eq!((&long["data"][0]["truncated"], &long["usage"]["prompt_tokens"]), (&json!(true), &json!(256)));

    let features = |name: &str| -> Vec<f32> {
        let (status, found) = embed(json!({"model": "efficientnet-lite0-features", "input": data_uri(name)}));
        assert_eq!(status, 200, "{found}");
        serde_json::from_value(found["data"][0]["embedding"].clone()).expect("numbers")
    };
    let (left, right, cat) =
        (features("motorcycle_left.png"), features("motorcycle_right.png"), features("chelsea.png"));
    assert_eq!(left.len(), 1280);
    assert!(cosine(&left, &right) > 0.8, "two views of one thing: {}", cosine(&left, &right));
    assert!(cosine(&left, &cat) < 0.4, "two things: {}", cosine(&left, &cat));
}

#[test]
fn what_cannot_be_answered_is_refused_in_the_protocols_words() {
    let server = server();
    let chat = |model: &str, schema: &str, content: Value| {
        let format = json!({"type": "json_schema", "json_schema": {"name": schema, "schema": {}}});
        server.post(
            "/chat/completions",
            &json!({"model": model, "messages": [{"role": "user", "content": content}], "response_format": format}),
        )
    };
    let picture = json!([{"type": "image_url", "image_url": {"url": data_uri("page.png")}}]);
    let refused = |(status, body): (u16, Value), wanted: u16, words: &str| {
        let message = body["error"]["message"].as_str().unwrap_or_default();
        assert!(status == wanted && message.contains(words) && body["error"]["type"].is_string(), "{status} {body}");
    };
    refused(chat("pp-ocr", "alt_text", picture.clone()), 400, "the JSON schema `visible_text`");
    refused(chat("open-nsfw", "moderation", json!("words")), 400, "there is none");
    refused(chat("efficientnet-lite0", "tags", picture.clone()), 400, "DATA vocabulary");
    refused(chat("minilm-l6", "tags", picture.clone()), 400, "/v1/embeddings");
    refused(chat("gpt-9", "tags", picture), 404, "there is no model `gpt-9`");
    let remote = json!([{"type": "image_url", "image_url": {"url": "http://127.0.0.1/a.png"}}]);
    refused(chat("pp-ocr", "visible_text", remote), 400, "not fetched");
    refused(server.post("/embeddings", &json!({"model": "minilm-l6", "input": [1, 2]})), 400, "not tokens");
    refused(server.post("/embeddings", &json!({"model": "minilm-l6", "input": "a", "dimensions": 256})), 400, "384");
    refused(server.post("/embeddings", &json!({"model": "pp-ocr", "input": "a"})), 400, "/v1/chat/completions");
    refused(server.post("/nothing", &json!({})), 400, "there is nothing here");
    refused(server.post("/embeddings", &json!({"model": "minilm-l6", "input": "x".repeat(40 << 20)})), 413, "");
    let (_, health) = server.get("/health");
    assert_eq!(health["models"], json!(["efficientnet-lite0", "pp-ocr", "open-nsfw", "minilm-l6", "whisper-base"]));
    let (_, list) = server.get("/v1/models");
    assert_eq!(list["data"].as_array().map(Vec::len), Some(6), "{list}");
}

#[test]
fn a_slow_answer_is_given_up_and_the_server_lives_on() {
    let server = Server::start(folder(), &["--seconds", "1", "--computations", "1"]);
    let ask = || {
        let body = json!({"model": "minilm-l6", "input": vec!["word ".repeat(300); 256]});
        server.post("/embeddings", &body)
    };
    let (status, body) = ask();
    assert_eq!((status, &body["error"]["code"]), (503, &json!("busy")), "{body}");
    assert_eq!(server.get("/health").0, 200);
}

/// Twenty numbers that no model was tuned for: a picture of waves, the same in Rust and Python.
const WAVES: &str = "import sys,json,numpy as np,onnxruntime as o\n\
    s=o.InferenceSession(sys.argv[1],providers=['CPUExecutionProvider'])\n\
    x=np.array(json.load(open(sys.argv[2])),dtype=np.float32).reshape(1,3,224,224)\n\
    p,f=s.run(['probabilities','features'],{'input':x})\n\
    f=f[0]/np.linalg.norm(f[0])\n\
    print(json.dumps([p[0].tolist(),f.tolist()]))";

#[test]
fn the_runtime_agrees_with_onnxruntime() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let input = scratch.path().join("input.json");
    let waves: Vec<f32> = (0..3 * 224 * 224).map(|at| (at as f32 * 0.013).sin() * 0.9).collect();
    std::fs::write(&input, serde_json::to_string(&waves).expect("JSON")).expect("a file");
    let model = folder().path().join("efficientnet-lite0/model.onnx");
    let theirs: [Vec<f32>; 2] = serde_json::from_str(&common::python(WAVES, &[&model, &input])).expect("JSON");

    let network = rten::Model::load_file(&model).expect("it loads");
    let outputs = ["probabilities", "features"].map(|name| network.node_id(name).expect("an output"));
    let value = rten::Value::from_shape([1, 3, 224, 224], waves).expect("a shape");
    let input_id = network.input_ids()[0];
    let [found, mut features] = network
        .run_n(vec![(input_id, value.into())], outputs, None)
        .expect("it runs")
        .map(|value| value.into_shape_vec::<f32, 2>().expect("numbers").1);
    let length = features.iter().map(|value| value * value).sum::<f32>().sqrt();
    features.iter_mut().for_each(|value| *value /= length);
    for (ours, theirs) in [(&found, &theirs[0]), (&features, &theirs[1])] {
        assert_eq!(ours.len(), theirs.len());
        let difference = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!("largest difference: {difference:e}");
        assert!(difference < 1e-3, "{difference}");
    }
    assert!((found.iter().sum::<f32>() - 1.0).abs() < 1e-4, "they are probabilities");
}
