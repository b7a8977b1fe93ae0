use super::*;
use crate::Usage;
use proptest::prelude::*;

fn haiku() -> ModelSpec {
    ModelSpec::clone(Book::default().model("claude-haiku-4-5").expect("it is in the shipped book"))
}

fn priced(r#in: u64, out: u64, cache_read: Option<u64>, cache_write: Option<u64>) -> ModelSpec {
    let date = jiff::civil::date(2026, 11, 23);
    let price = ListPrice { r#in, out, cache_read, cache_write, ..listed(date) };
    ModelSpec { price: Price::Listed(price), ..haiku() }
}

fn listed(date: Date) -> ListPrice {
    ListPrice {
        r#in: 0,
        out: 0,
        cache_read: None,
        cache_write: None,
        per_image: 0,
        per_minute: 0,
        per_text_unit: 0,
        source: "test".into(),
        date,
        verified: false,
    }
}

#[test]
fn the_shipped_book_invents_no_price() {
    let book = Book::default();
    let priced: Vec<_> =
        book.models().iter().filter(|model| model.price != Price::Unknown).map(|model| model.id.as_str()).collect();
    assert_eq!(priced, ["claude-haiku-4-5", "titan-text-embeddings-v2", "stable-image-core"]);
    for id in priced {
        let price = &book.model(id).expect("it is there").price;
        assert!(matches!(price, Price::Listed(price) if !price.verified), "{id}");
    }
    let unpriced = book.model("nova-2-lite").expect("it is there");
    assert_eq!((unpriced.cost(Usage::default()), unpriced.forecast(1, 1)), (None, None));
}

#[test]
fn costs_are_rounded_up_and_cached_tokens_are_never_too_cheap() {
    let usage = |input, output, cache_read, cache_write| Usage { input, output, cache_read, cache_write };
    // 1,600 tokens at $1 and 120 at $5 per million.
    assert_eq!(haiku().cost(usage(1600, 120, 0, 0)), Some(MicroUsd(2200)));
    assert_eq!(priced(1, 0, None, None).cost(usage(1, 0, 0, 0)), Some(MicroUsd(1)));
    assert_eq!(priced(1_000_000, 0, None, None).cost(usage(0, 0, 3, 4)), Some(MicroUsd(7)));
    assert_eq!(priced(1_000_000, 0, Some(100_000), Some(1_250_000)).cost(usage(0, 0, 10, 4)), Some(MicroUsd(6)));
    let most = usage(u64::MAX, u64::MAX, u64::MAX, u64::MAX);
    assert_eq!(priced(u64::MAX, u64::MAX, None, None).cost(most), Some(MicroUsd(u64::MAX)));
    assert_eq!(ModelSpec { price: Price::Free, ..haiku() }.cost(most), Some(MicroUsd(0)));
}

#[test]
fn pictures_minutes_and_text_units_are_counted_besides_tokens() {
    let price = ListPrice { per_image: 40_000, per_minute: 6_000, per_text_unit: 150, ..listed(Date::MIN) };
    let model = ModelSpec { price: Price::Listed(price), ..haiku() };
    let cost = |consumption: Consumption| model.cost(consumption).expect("priced").0;
    let nothing = Consumption::default();
    assert_eq!(cost(nothing), 0);
    assert_eq!(cost(Consumption { images: 3, ..nothing }), 120_000);
    // A second is the least, and a started one counts: 61 seconds of 100 micro-dollars.
    assert_eq!(cost(Consumption { audio_ms: 1, ..nothing }), 100);
    assert_eq!(cost(Consumption { audio_ms: 60_001, ..nothing }), 6_100);
    assert_eq!(cost(Consumption { images: 1, audio_ms: 1000, text_units: 2, ..nothing }), 40_000 + 100 + 300);
    let most = Consumption { images: u64::MAX, audio_ms: u64::MAX, text_units: u64::MAX, ..nothing };
    assert_eq!(cost(most), u64::MAX);
}

#[test]
fn the_last_day_is_refused_the_day_after_and_warned_of_before() {
    let date = jiff::civil::date(2026, 9, 30);
    let model = ModelSpec { end_of_life: Some(EndOfLife { date, source: "test".into() }), ..haiku() };
    let on = |year, month, day| model.lifetime(jiff::civil::date(year, month, day));
    assert_eq!(on(2026, 10, 1), Lifetime::Over { date });
    assert_eq!(on(2028, 1, 1), Lifetime::Over { date });
    assert_eq!(on(2026, 9, 30), Lifetime::Ending { date, days: 0 });
    assert_eq!(on(2026, 8, 2), Lifetime::Ending { date, days: 59 });
    assert_eq!(on(2026, 8, 1), Lifetime::Fine);
    assert_eq!(on(2024, 1, 1), Lifetime::Fine);
    assert_eq!(haiku().lifetime(date), Lifetime::Fine);
}

const GOOD: &str = r#"[[model]]
id = "local"
provider = "openai"
model = "qwen"
url = "http://127.0.0.1:1/v1/"
kind = "text"
inputs = ["text"]
free = true
end_of_life = { date = "2027-01-01", source = "us" }
[[route]]
name = "text"
models = ["local"]
"#;

#[test]
fn a_book_is_read() {
    let book = Book::parse("m.toml", GOOD).expect("reads");
    let model = book.model("local").expect("there");
    assert_eq!((model.url.as_deref(), &model.price), (Some("http://127.0.0.1:1/v1"), &Price::Free));
    assert_eq!(book.route("text").expect("there").models, ["local"]);
}

#[test]
fn caps_are_read_and_there_are_none_by_default() {
    assert_eq!(Book::default().caps(), &Caps::default());
    let text = format!("{GOOD}[caps]\nday = 5_000_000\n[caps.collection]\nproducts = 1_000_000\nhero = 0\n");
    let caps = Book::parse("m.toml", &text).expect("reads").caps().clone();
    let collection = [("hero".to_owned(), MicroUsd(0)), ("products".to_owned(), MicroUsd(1_000_000))].into();
    assert_eq!(caps, Caps { day: Some(MicroUsd(5_000_000)), collection });
    let cases = [
        ("[caps]\nday = -5", "m.toml:14: day: invalid value: integer `-5`; give u64"),
        ("[caps]\nday = \"5 USD\"", "m.toml:14: day: invalid type: string \"5 USD\"; give u64"),
        ("[caps]\nweek = 5", "m.toml:14: week: unknown field `week`; give `day` or `collection`"),
        (
            "[caps.collection]\n\"My pictures\" = 5",
            "m.toml:14: caps.collection: `My pictures` is no name; use 1 to 64 of",
        ),
    ];
    for (lines, expected) in cases {
        let found = Book::parse("m.toml", &format!("{GOOD}{lines}\n")).expect_err("wrong").to_string();
        assert!(found.contains(expected), "{lines}:\n{found}\nlacks {expected}");
    }
}

#[test]
fn errors_name_line_field_and_fix() {
    let errors = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        Book::parse("m.toml", &GOOD.replacen(from, to, 1)).expect_err("wrong").to_string()
    };
    let cases = [
        ("id = \"local\"", "id = \"My Model\"", "m.toml:2: model[0].id: `My Model` is no name; use 1 to 64 of"),
        (
            "url = \"http://127.0.0.1:1/v1/\"\n",
            "",
            "m.toml:1: model[0].url: an OpenAI-compatible server has an address",
        ),
        ("http://", "ftp://", "m.toml:5: model[0].url: `ftp://127.0.0.1:1/v1/` is no address; start with http://"),
        (
            "inputs = [\"text\"]",
            "inputs = [\"image\"]",
            "m.toml:7: model[0].inputs: pictures have no limits; add `image",
        ),
        ("free = true", "free = yes", "m.toml:8: free: "),
        ("free = true", "fee = true", "m.toml:8: fee: unknown field `fee`; give one of `id`"),
        ("kind = \"text\"\n", "", "missing field `kind`; add `kind = …`"),
        ("2027-01-01", "2027-02-30", "m.toml:9: end_of_life: "),
        (
            "models = [\"local\"]",
            "models = [\"lokal\"]",
            "m.toml:12: route[0].models[0]: there is no model `lokal`; the models here are local",
        ),
        (
            "models = [\"local\"]",
            "models = [\"local\"]\nneeds = [\"image\"]",
            "`local` cannot do what the route needs: Image",
        ),
        ("name = \"text\"", "name = \"local\"", "m.toml:11: route[0].name: `local` is there twice"),
        (
            "free = true",
            "free = true\nprice = { in = 1, out = 1, source = \"\", date = \"2026-01-01\", verified = true }",
            "m.toml:9: model[0].price: nobody knows where it is from",
        ),
        (
            "free = true",
            "price = { in = -1, out = 1, source = \"s\", date = \"2026-01-01\", verified = true }",
            "m.toml:8: price",
        ),
    ];
    for (from, to, expected) in cases {
        let found = errors(from, to);
        assert!(found.contains(expected), "{from} -> {to}:\n{found}\nlacks {expected}");
    }
    let no_seed = errors("inputs = [\"text\"]", "inputs = [\"text\"]\nsizes = [\"5x5\"]");
    assert_eq!(no_seed, "m.toml:8: model[0].sizes: it is no setting of Text models; remove the line");
    let both = errors("id = \"local\"", "id = \"My Model\"");
    assert_eq!(both.lines().count(), 2, "the id and the route that misses it: {both}");
}

/// A model of a kind, with more lines.
fn of_kind(provider: &str, kind: &str, lines: &str) -> Result<Book, BookError> {
    let provider = match provider {
        "openai" => "provider = \"openai\"\nurl = \"http://127.0.0.1:1/v1\"",
        _ => "provider = \"bedrock\"",
    };
    Book::parse("m.toml", &format!("[[model]]\nid = \"m\"\nmodel = \"x\"\n{provider}\nkind = \"{kind}\"\n{lines}\n"))
}

#[test]
fn every_kind_has_its_own_settings_and_its_own_price() {
    const FROM: &str = "source = \"s\", date = \"2026-01-01\", verified = false";
    const AUDIO: &str = "inputs = [\"audio\"]\naudio = { seconds = 60, bytes = 1000 }";
    let price = |parts: &str| format!("price = {{ {parts}, {FROM} }}");
    let good = [
        (
            "bedrock",
            "image",
            format!("inputs = [\"text\"]\nsizes = [\"512x768\"]\nmax_pictures = 2\n{}", price("per_image = 4")),
        ),
        ("bedrock", "guard", format!("inputs = [\"text\"]\nversion = \"3\"\n{}", price("per_text_unit = 150"))),
        ("openai", "transcription", format!("{AUDIO}\n{}", price("per_minute = 6000"))),
    ];
    for (provider, kind, lines) in &good {
        let book = of_kind(provider, kind, lines).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert!(matches!(book.models()[0].price, Price::Listed(_)), "{kind}");
    }
    let [image, ..] = good;
    let spec = of_kind(image.0, image.1, &image.2).expect("reads").models()[0].clone();
    assert_eq!((spec.sizes[0].to_string().as_str(), spec.max_pictures), ("512x768", 2));
    let text = "inputs = [\"text\"]";
    let cases = [
        ("bedrock", "image", format!("{text}\n{}", price("in = 1, out = 1")), "it does not say `per_image`; add"),
        (
            "bedrock",
            "image",
            format!("{text}\n{}", price("per_image = 1, in = 1")),
            "`in` is not what Image models are paid by; give `per_image` only",
        ),
        ("openai", "text", format!("{text}\n{}", price("in = 1")), "it does not say `out`; add"),
        ("openai", "guard", format!("{text}\n{}", price("per_minute = 1")), "it does not say `per_text_unit`; add"),
        ("bedrock", "guard", text.to_owned(), "model[0].version: a guardrail of Bedrock has a version; add"),
        ("bedrock", "transcription", AUDIO.to_owned(), "Bedrock has no words with their times; use a server"),
        ("openai", "transcription", text.to_owned(), "only transcription is of sound; give \"audio\""),
        ("openai", "transcription", "inputs = [\"audio\"]".to_owned(), "recordings have no limits; add `audio"),
        ("openai", "text", AUDIO.to_owned(), "model[0].audio: it is no setting of Text models; remove"),
        ("bedrock", "image", format!("{text}\nmax_pictures = 0"), "0 refuses every order"),
        ("bedrock", "image", format!("{text}\nsizes = [\"big\"]"), "`big` is no size: write width and height"),
    ];
    for (provider, kind, lines, expected) in cases {
        let found = of_kind(provider, kind, &lines).expect_err(expected).to_string();
        assert!(found.contains(expected), "{kind} {lines}:\n{found}\nlacks {expected}");
    }
}

proptest! {
    #[test]
    fn a_forecast_is_never_less_than_the_cost(
        price in any::<(u64, u64, Option<u64>, Option<u64>)>(),
        tokens in any::<(u32, u32, u32, u32)>(),
    ) {
        let model = priced(price.0, price.1, price.2, price.3);
        let (input, output, cache_read, cache_write) =
            (u64::from(tokens.0), u64::from(tokens.1), u64::from(tokens.2), u64::from(tokens.3));
        let usage = Usage { input, output, cache_read, cache_write };
        prop_assert!(model.forecast(input + cache_read + cache_write, output) >= model.cost(usage));
    }

    #[test]
    fn more_tokens_never_cost_less_and_a_micro_dollar_is_never_lost(
        price in (0u64..1 << 40, 0u64..1 << 40),
        tokens in any::<(u32, u32)>(),
        more in any::<u32>(),
    ) {
        let model = priced(price.0, price.1, None, None);
        let usage = Usage { input: tokens.0.into(), output: tokens.1.into(), ..Usage::default() };
        let cost = model.cost(usage).expect("priced").0;
        let exact = u128::from(tokens.0) * u128::from(price.0) + u128::from(tokens.1) * u128::from(price.1);
        let charged = u128::from(cost) * 1_000_000;
        prop_assert!(charged >= exact && charged - exact < 1_000_000);
        let dearer = Usage { input: usage.input + u64::from(more), ..usage };
        prop_assert!(model.cost(dearer).expect("priced").0 >= cost);
    }

    #[test]
    fn no_text_panics_the_parser(text in "[a-z\\[\\]=\"{}., \\n0-9-]{0,200}") {
        let _ = Book::parse("fuzz", &text);
        let _ = Book::parse("fuzz", &format!("{GOOD}{text}"));
    }
}
