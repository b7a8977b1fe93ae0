//! What holds for any guide and any text.

use proptest::prelude::*;
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use text::brand::{Draft, EXAMPLE, Guide};

static GUIDE: LazyLock<Guide> = LazyLock::new(|| Guide::parse("example.md", EXAMPLE).expect("valid"));
static ALL: LazyLock<Vec<String>> = LazyLock::new(|| GUIDE.rules().iter().map(|rule| rule.id.clone()).collect());

const LOCALES: [&str; 8] = ["en", "de-CH", "es_MX", "fr", "ja", "ar", "", "x-?"];

/// Pieces that the format knows, in any order.
fn source() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "### a.1 must\n",
        "### b.2 should: T\n",
        "### ",
        "#### x\n",
        "# T\n",
        "###x\n",
        "text\n",
        "\n",
        "  indented\n",
        "    code\n",
        "- ban: a, b -> c\n",
        "- ban: `a, b`, c+, d*\n",
        "- spell: A\n",
        "- spell: a -> A\n",
        "- evidence: 100 %\n",
        "- allow: x\n",
        "- person: we\n",
        "- max characters: 3\n",
        "- no exclamation marks\n",
        "- fields: alt_text\n",
        "- locale: de\n",
        "- ",
        "> note\n",
        "<!--",
        "-->\n",
        "```\n",
        "~~~~\n",
        "---\n",
        "\r\n",
        "\r",
        "\t",
        "\u{202e}",
        "\u{feff}",
        "`",
        "->",
        "→",
        ":",
        ",",
        "*",
        "+",
    ];
    let piece = prop_oneof![any::<String>(), prop::sample::select(PIECES).prop_map(str::to_owned)];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn words() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "Greenroom",
        "green room ",
        "GreenRoom",
        "the best ",
        "100 % ",
        "100%",
        "best practice ",
        "!",
        "“",
        "”",
        "\"",
        "'",
        "'s ",
        "-",
        " ",
        "you ",
        "wir ",
        "tu ",
        "@",
        "://",
        "www.",
        "#",
        "_",
        "\u{301}",
        "\u{200d}",
        "\u{ad}",
        "ﷺ",
        "İ",
        "最高",
        "🔥",
        "\u{2028}",
        "\0",
        "No. 1",
    ];
    let piece = prop_oneof![any::<String>(), prop::sample::select(PIECES).prop_map(str::to_owned)];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_source_is_a_guide_or_lines_of_errors(source in source()) {
        match Guide::parse("any.md", &source) {
            Ok(guide) => {
                let ids: std::collections::BTreeSet<_> = guide.rules().iter().map(|rule| &rule.id).collect();
                prop_assert_eq!(ids.len(), guide.rules().len());
                let is_plain = guide.rules().iter().all(|rule| !rule.text.is_empty() && !rule.for_model().contains('\u{202e}'));
                prop_assert!(is_plain, "{:?}", guide);
            }
            Err(error) => {
                prop_assert!(!error.lines.is_empty());
                for line in &error.lines {
                    prop_assert!(line.starts_with("any.md:") && line.contains("; "), "{}", line);
                    prop_assert!(!line.contains(char::is_control), "one line: {:?}", line);
                }
            }
        }
    }

    #[test]
    fn a_rule_that_passes_the_parser_checks_any_text(source in source(), text in words(), other in any::<String>()) {
        let Ok(guide) = Guide::parse("any.md", &source) else { return Ok(()) };
        let given: Vec<_> = guide.rules().iter().map(|rule| rule.id.clone()).chain([other.clone()]).collect();
        let cited = [other, text.clone()];
        for locale in LOCALES {
            guide.check(&Draft { given: &given, cited: &cited, ..Draft::new(&text, locale) });
        }
    }

    #[test]
    fn findings_are_the_same_again_and_on_one_line(text in words(), locale in prop::sample::select(&LOCALES[..])) {
        let draft = Draft { given: &ALL, cited: &[], ..Draft::new(&text, locale) };
        let findings = GUIDE.check(&draft);
        prop_assert_eq!(&GUIDE.check(&draft), &findings);
        for finding in &findings {
            prop_assert!(!finding.to_string().contains(char::is_control), "one line: {:?}", finding);
        }
        // What nobody sees changes nothing.
        let hidden: String = text.chars().flat_map(|c| [c, '\u{200b}']).collect();
        let length = |f: &text::brand::Finding| f.check == text::brand::Check::Length;
        let without: Vec<_> = findings.iter().filter(|f| !length(f)).map(|f| (f.check, &f.rule)).collect();
        let again = GUIDE.check(&Draft { text: &hidden, ..draft });
        prop_assert_eq!(again.iter().filter(|f| !length(f)).map(|f| (f.check, &f.rule)).collect::<Vec<_>>(), without);
    }
}

#[test]
fn time_grows_with_the_length() {
    // Quadratic work on a text of this length takes minutes.
    for unit in [
        "a",
        "a ",
        "best ",
        "best practice ",
        "100 %",
        "!",
        "“",
        "”a“",
        "a@b ",
        "://",
        "_",
        "'",
        "you",
        "you ",
        "#a ",
        "a\u{301}",
        "写",
        "🔥",
    ] {
        let text = unit.repeat(400_000 / unit.len());
        let start = Instant::now();
        GUIDE.check(&Draft { given: &ALL, ..Draft::new(&text, "en") });
        let took = start.elapsed();
        println!("`{unit}` repeated took {took:?}");
        assert!(took < Duration::from_secs(10), "`{unit}` repeated took {took:?}");
    }
    for unit in ["### a.1 must\n", "- ban: x\n", "<!--", "`", "#", "> ", "x\n", "### a.1 must\nx\n- ban: `\n"] {
        let source = unit.repeat(250_000 / unit.len());
        let start = Instant::now();
        let _ = Guide::parse("long.md", &source);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(10), "`{unit}` repeated took {took:?}");
    }
}
