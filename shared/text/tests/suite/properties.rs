//! What holds for any text.

use proptest::prelude::*;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use text::alt_text::{AltText, Check, Placement, Rules, check};

const LOCALES: [&str; 12] = ["en", "de-CH", "fr", "pl", "ja", "zh-Hant", "ko", "ar", "hi", "th", "sr-Latn", "x-?"];
const PLACEMENTS: [Placement; 5] =
    [Placement::Informative, Placement::Functional, Placement::Decorative, Placement::Text, Placement::Complex];

/// Words and marks that checks look at, in any order, between anything else.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        ".{0,12}",
        prop::sample::select(vec![
            "image of ",
            "I’m sorry",
            "black man ",
            "<b>",
            "&amp;",
            "**",
            "_",
            "`",
            "a@b.c",
            "www.x",
            "img_123",
            "a.jpg",
            "“",
            "”",
            "\"",
            "'",
            "\u{202e}",
            "\u{e0041}",
            "\u{1f3f4}",
            "\u{301}",
            "\u{200d}",
            "写真",
            "の画像",
            "ﷺ",
            "İ",
            "ß",
            "ς",
            "صورة",
            "की",
            "alt=",
            ":",
            "...",
            "\r\n",
            "\u{2028}",
            "=",
            "的图片",
            "죄송합니다",
            "elderly",
            "\u{10ffff}",
            "\0",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics_and_the_same_text_has_the_same_findings(
        text in text(), other in text(), locale in prop::sample::select(&LOCALES[..]),
        placement in prop::sample::select(&PLACEMENTS[..]), is_decorative in prop::bool::weighted(0.1), max in 0..99_usize,
    ) {
        let others = [other.clone()];
        let alt = AltText {
            is_decorative,
            file_name: Some(&other),
            max_characters: Some(max),
            banned_terms: &others,
            stated: &others,
            nearby: &others,
            tags: &others,
            text_in_picture: Some(&other),
            ..AltText::new(&text, locale, placement)
        };
        let findings = check(&alt, &RULES);
        prop_assert_eq!(&check(&alt, &RULES), &findings);
        let ids: Vec<_> = findings.iter().map(|finding| finding.check).collect();
        prop_assert!(ids.is_sorted_by(|a, b| a < b), "in order, and each once: {:?}", ids);
        for finding in &findings {
            prop_assert!(!finding.found.is_empty() && !finding.fix.is_empty());
            prop_assert!(!finding.to_string().contains(char::is_control), "one line: {:?}", finding);
        }
        for (off, without) in &*WITHOUT {
            let rest: Vec<_> = findings.iter().filter(|finding| finding.check != *off).cloned().collect();
            prop_assert_eq!(check(&alt, without), rest);
        }
    }

    #[test]
    fn any_locale_is_taken(locale in any::<String>(), text in text()) {
        check(&AltText::new(&text, &locale, Placement::Informative), &RULES);
    }

    #[test]
    fn any_rules_file_is_an_answer(text in any::<String>()) {
        let _ = Rules::parse("own.toml", &text);
    }
}

// Made once: a case takes less time than they do.
static RULES: LazyLock<Rules> = LazyLock::new(Rules::default);
static WITHOUT: LazyLock<Vec<(Check, Rules)>> = LazyLock::new(|| {
    let without = |off| {
        let mut rules = RULES.clone();
        rules.set_severity(off, None);
        (off, rules)
    };
    Check::ALL.into_iter().map(without).collect()
});

#[test]
fn time_grows_with_the_length() {
    // Quadratic work on a text of this length takes minutes.
    for unit in [
        "a",
        "a ",
        "a\u{301}",
        "“",
        "<",
        "&a",
        "a@",
        "a.jpg ",
        "img_1",
        "*a",
        "elderly man ",
        "\u{1f1e6}",
        "写",
        "a:\u{308}",
        "(",
    ] {
        let text = unit.repeat(400_000 / unit.len());
        let seen = text.clone();
        let alt = AltText { text_in_picture: Some(&seen), ..AltText::new(&text, "en", Placement::Informative) };
        let start = Instant::now();
        check(&alt, &RULES);
        let took = start.elapsed();
        println!("`{unit}` repeated took {took:?}");
        assert!(took < Duration::from_secs(20), "`{unit}` repeated took {took:?}");
    }
}
