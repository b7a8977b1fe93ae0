//! Brand guides: the table of cases, the format's errors, which rules are chosen.

use asset::field::{Field, Severity};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use text::brand::{Check, Draft, EXAMPLE, Finding, Guide, Strength};

#[derive(Deserialize)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    settings: String,
    text: String,
    #[serde(default = "english")]
    locale: String,
    #[serde(default)]
    expect: Vec<String>,
    near: Option<String>,
    says: Option<String>,
}

fn english() -> String {
    "en".to_owned()
}

fn cases() -> Vec<Case> {
    toml::from_str::<Table>(include_str!("../brand.toml")).expect("the table is valid").case
}

fn guide(settings: &str) -> Guide {
    let source = format!("### test.1 must\n\nA rule.\n\n{settings}\n");
    Guide::parse("test.md", &source).unwrap_or_else(|error| panic!("{error}"))
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn checks(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.check.id()).collect()
}

#[test]
fn every_case_has_exactly_its_findings() {
    let mut wrong = Vec::new();
    for case in cases() {
        let given = ids(&["test.1"]);
        let draft = Draft { given: &given, ..Draft::new(&case.text, &case.locale) };
        let findings = guide(&case.settings).check(&draft);
        let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
        let says = case.says.as_deref().unwrap_or_default();
        if checks(&findings) != case.expect || !lines.first().map_or("", String::as_str).contains(says) {
            wrong.push(format!(
                "`{}` `{}`: expected {:?} {says}\n  {}",
                case.settings,
                case.text,
                case.expect,
                lines.join("\n  ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_check_of_a_text_has_a_hit_and_a_near_miss() {
    let cases = cases();
    let all = Check::ALL.iter().map(|check| check.id().to_owned());
    let wording: BTreeSet<String> =
        all.filter(|id| !["brand_citation", "brand_unknown_rule"].contains(&id.as_str())).collect();
    let hit: BTreeSet<String> = cases.iter().flat_map(|case| case.expect.clone()).collect();
    assert_eq!(hit, wording);
    let near: BTreeSet<String> = cases.iter().filter_map(|case| case.near.clone()).collect();
    let without: Vec<_> = wording.difference(&near).collect();
    assert_eq!(without, ["brand_unchecked"], "checks without a near miss");
    for case in cases {
        assert!(case.near.is_none() || case.expect.is_empty(), "`{}` is no near miss", case.text);
    }
}

#[test]
fn an_id_is_the_name_in_json_and_no_check_of_alt_text_has_it() {
    for check in Check::ALL {
        let parsed = toml::from_str::<BTreeMap<String, Check>>(&format!("id = \"{}\"", check.id())).expect("its id");
        assert_eq!(parsed["id"], check);
        assert_eq!(text::alt_text::Check::of_id(check.id()), None);
    }
}

#[test]
fn without_the_rule_nothing_is_found() {
    for case in cases() {
        assert_eq!(guide(&case.settings).check(&Draft::new(&case.text, &case.locale)), [], "{}", case.text);
    }
}

#[test]
fn a_copy_of_words_in_a_picture_is_not_worded() {
    let given = ids(&["test.1"]);
    for case in cases() {
        let draft = Draft { given: &given, is_transcript: true, ..Draft::new(&case.text, &case.locale) };
        assert_eq!(guide(&case.settings).check(&draft), [], "{}", case.text);
    }
}

#[test]
fn strength_decides_severity() {
    let source = "### a.1 must\nx\n- ban: cheap\n- evidence: best\n### a.2 should\nx\n- ban: cheap\n- evidence: best\n";
    let guide = Guide::parse("test.md", source).expect("valid");
    let given = ids(&["a.1", "a.2"]);
    let findings = guide.check(&Draft { given: &given, ..Draft::new("The best cheap chair.", "en") });
    let found: Vec<_> = findings.iter().map(|f| (f.rule.as_str(), f.check, f.severity)).collect();
    assert_eq!(
        found,
        [
            ("a.1", Check::Term, Severity::Fail),
            ("a.1", Check::Claim, Severity::Warn),
            ("a.2", Check::Term, Severity::Note),
            ("a.2", Check::Claim, Severity::Note),
        ]
    );
}

#[test]
fn only_given_rules_may_be_cited() {
    let guide = Guide::parse("brand.md", EXAMPLE).expect("valid");
    let (given, cited) =
        (ids(&["names.1", "gone.1"]), ids(&["names.1", "tone.1", "made.up\n\u{202e}", "made.up\n\u{202e}"]));
    let draft = Draft { given: &given, cited: &cited, ..Draft::new("A door.", "en") };
    let lines: Vec<_> = guide.check(&draft).iter().map(ToString::to_string).collect();
    expect_test::expect![[r#"
        fail: brand_citation: the answer cites the rule `made.up `, which it was not given (`made.up `); write the text again, or let somebody read it
        fail: brand_citation: the answer cites the rule `tone.1`, which it was not given (`tone.1`); write the text again, or let somebody read it
        note: brand_unknown_rule: the rule was given to the writer and is not in the guide (`gone.1`); check the text against the guide of that time, or write it again"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn the_example_is_valid_and_in_use() {
    let guide = Guide::parse("example.md", EXAMPLE).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(guide.rules().len(), 15);
    assert_eq!(guide.collections().into_iter().collect::<Vec<_>>(), ["press"]);
    assert!(guide.rule("press.3").is_none(), "a rule in a comment is no rule");
    let find = |locale: &str, text: &str| {
        let rules = guide.select(Field::AltText, "press", locale, &[], 50);
        let given: Vec<String> = rules.iter().map(|rule| rule.id.clone()).collect();
        let findings = guide.check(&Draft { given: &given, ..Draft::new(text, locale) });
        findings.into_iter().map(|finding| format!("{} {}", finding.rule, finding.check.id())).collect::<Vec<_>>()
    };
    assert_eq!(find("en", "Two people stand beside a camera in front of the town hall."), [""; 0]);
    assert_eq!(
        find("en", "The best game-changing view!"),
        ["tone.1 brand_exclamation_mark", "tone.1 brand_term", "claims.1 brand_claim"]
    );
    assert_eq!(find("de-AT", "Die nachhaltigsten Häuser, zu 100 % aus Holz."), ["claims.2 brand_claim"; 2]);
    assert_eq!(find("de", "Zwei Menschen stehen neben einer Kamera vor dem Rathaus."), [""; 0]);
    assert_eq!(find("es", "Los mejores chefs utilizan sal."), ["claims.3 brand_claim"]);
    assert_eq!(find("es", "Dos personas junto a una cámara delante del ayuntamiento."), [""; 0]);
    assert_eq!(find("fr", "Deux personnes à côté d’une caméra."), ["tone.5 brand_unchecked"]);
}

#[test]
fn a_model_reads_text_and_settings() {
    let guide = guide(concat!(
        "- ban: cheap+, `US` -> affordable\n- ban: x*\n- evidence: 100 %\n- allow: x-ray\n- spell: GreenRoom -> Greenroom\n",
        "- max characters: 120\n- no exclamation marks\n- person: you, we\n- locale: de_AT,\n  EN",
    ));
    let rule = &guide.rules()[0];
    assert_eq!(
        rule.for_model(),
        "Must: A rule. Do not write `cheap`, `US`, but `affordable`. Do not write `x`. Do not claim `100 %`. Allowed: `x-ray`. \
         Spell `Greenroom` exactly so. At most 120 characters. No exclamation marks. No persons but `we`, `you`."
    );
    assert_eq!(rule.locales, ["de-at", "en"]);
}

#[test]
fn paragraphs_notes_and_comments_are_apart() {
    let source = concat!(
        "\u{feff}Prose: ### no.1 must\r\n```\r\n### no.2 must\r\n```\r\n<!--\r\n### no.3 must\r\n-->\r\n",
        "    ### no.4 must\r\n# Title\r\n### yes.1 should: A title: with a colon\r\nOne\r\n  two.\r\n> A note\r\n\r\nThree.\r\n",
        "<!-- a comment -->\r\n- fields: description,\r\n  alt_text\r\n\r\n## End\r\nProse.\r\n- ban:\r\n",
    );
    let guide = Guide::parse("test.md", source).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(guide.rules().len(), 1);
    let rule = guide.rule("yes.1").expect("a rule");
    assert_eq!((rule.title.as_str(), rule.text.as_str()), ("A title: with a colon", "One two.\nThree."));
    assert_eq!((rule.strength, rule.fields.as_slice()), (Strength::Should, &[Field::Description, Field::AltText][..]));
}

#[test]
fn errors_name_line_fault_and_way_out() {
    let sources = [
        "### tone must\nx",
        "### Tone.1 must\nx",
        "### tone.1 may\nx",
        "### tone.1 must\nx\n## A\n### tone.1 should\nx",
        "###tone.1 must\nx",
        "#### tone.1 must\nx",
        "### a.1 must\n\n- ban: x",
        "### a.1 must\nx\n- forbid: x",
        "### a.1 must\nx\n- ban:",
        "### a.1 must\nx\n- ban: a, , b",
        "### a.1 must\nx\n- ban: …",
        "### a.1 must\nx\n- ban: a*b",
        "### a.1 must\nx\n- ban: `a",
        "### a.1 must\nx\n- ban: a ->",
        "### a.1 must\nx\n- spell: A -> A",
        "### a.1 must\nx\n- fields: alttext",
        "### a.1 must\nx\n- locale: german language",
        "### a.1 must\nx\n- locale: de\n- locale: en",
        "### a.1 must\nx\n- max characters: many",
        "### a.1 must\nx\n- max characters: 1\n- max characters: 2",
        "### a.1 must\nx\n- no exclamation marks: please",
        "### a.1 must\nx\n- person: none, we",
        "### a.1 must\nx\n- ban: a\ncontinued",
        "### a.1 must\nx\n- ban: a\n  - b",
        "### a.1 must\nx\n> note\nlazy",
        "### a.1 must\nx\n---",
        "### a.1 must\nx\n* ban: a",
        "### a.1 must\nx\n\n1. first",
        "### a.1 must\nx\n\n<div>",
        "### a.1 must\nx <!-- y -->",
        "### a.1 must\nx\n\n[//]: # (hidden)",
        "### a.1 must\nx\n```\ny\n```",
        "### a.1 must\nx\n\n    code",
        "# A\n\n<!--\n### a.1 must",
        "```\n### a.1 must",
        "### a.1 must\nx \u{202e}y",
        "### a.1 must\nx\ty",
        "### a.1 must\nx\u{200b}y",
        "### a.1 must\nx\u{2028}y",
    ];
    let error = |source: &&str| Guide::parse("brand.md", source).expect_err(source).to_string();
    expect_test::expect_file!["../brand-errors.txt"]
        .assert_eq(&(sources.iter().map(error).collect::<Vec<_>>().join("\n") + "\n"));
}

#[test]
fn sizes_are_bounded() {
    let error = |source: String| Guide::parse("brand.md", &source).expect_err("too large").to_string();
    assert!(error(" ".repeat(300 << 10)).contains("262144 are allowed"));
    let rules = |n: usize| (0..n).map(|n| format!("### a.{n} should\nx\n")).collect::<String>();
    assert_eq!(Guide::parse("brand.md", &rules(500)).expect("as many as may be").rules().len(), 500);
    assert_eq!(error(rules(502)).lines().filter(|line| line.contains("more than 500 rules")).count(), 1);
    assert!(error(format!("### a.1 must\n{}", "x".repeat(801))).contains("801 characters, and 800"));
    assert!(error(format!("### a.1 must\nx\n{}", "- ban: x\n".repeat(51))).contains("more than 50 settings"));
    assert!(error(format!("### a.1 must\nx\n- ban: {}x", "x,".repeat(100))).contains("more than 100 entries"));
    assert!(error("### a.1 must\nx\n- ban: one two three four five six seven eight nine".into()).contains("8 words"));
    let musts: String = (0..21).map(|n| format!("### a.{n} must\n{}\n", "x".repeat(800))).collect();
    assert!(error(musts).contains("every prompt has them all"));
    let many = error("###x\n".repeat(80));
    assert_eq!((many.lines().count(), many.ends_with("and 30 more; mend these first")), (51, true));
}

const CHOICE: &str = "
### a.1 should\nx\n- locale: en
### a.2 must\nx
### a.3 should\nx\n- collections: press
### a.4 should\nx
### a.5 must\nx\n- fields: description
### a.6 should\nx\n- locale: en-GB
";

#[test]
fn musts_come_first_and_the_rest_by_score() {
    let guide = Guide::parse("brand.md", CHOICE).expect("valid");
    let scored =
        |scores: &[(&str, f32)]| scores.iter().map(|(id, score)| ((*id).to_owned(), *score)).collect::<Vec<_>>();
    let select = |field, collection: &str, locale: &str, scores: &[(&str, f32)], max| {
        let rules = guide.select(field, collection, locale, &scored(scores), max);
        rules.iter().map(|rule| rule.id.strip_prefix("a.").expect("ours")).collect::<String>()
    };
    assert_eq!(select(Field::AltText, "", "en", &[], 9), "214");
    assert_eq!(select(Field::AltText, "press", "EN_gb", &[], 9), "21346");
    assert_eq!(select(Field::AltText, "press", "en-US", &[], 9), "2134");
    assert_eq!(select(Field::Description, "", "eng", &[], 9), "254");
    assert_eq!(select(Field::Description, "", "de", &[], 0), "25", "all that must be");
    assert_eq!(select(Field::AltText, "press", "en-GB", &[("a.4", 0.9), ("a.6", 0.2), ("a.4", 0.1)], 9), "24613");
    assert_eq!(select(Field::AltText, "press", "en-GB", &[("a.6", 0.2), ("a.4", 0.9), ("x", 9.0)], 2), "24");
    assert_eq!(select(Field::AltText, "", "en", &[("a.1", f32::NAN), ("a.4", -1.0)], 9), "241");
}

#[test]
fn the_digest_is_of_what_is_seen() {
    let digest = |source: &str| Guide::parse("brand.md", source).expect("valid").digest();
    let same = digest("### a.1 must: T\nOne two.\n- ban: b\n");
    assert_eq!(same, digest("# Title\nProse\n\n### a.1 must: Other\nOne\ntwo.\n\n> note\n\n- ban: b\n<!-- x -->"));
    for other in [
        "### a.1 should\nOne two.\n- ban: b\n",
        "### a.2 must\nOne two.\n- ban: b\n",
        "### a.1 must\nOne too.\n- ban: b\n",
        "### a.1 must\nOne two.\n- ban: c\n",
        "### a.1 must\nOne two.\n- ban: b+\n",
        "### a.1 must\nOne two.\n- ban: `b`\n",
        "### a.1 must\nOne two.\n- ban: b -> c\n",
        "### a.1 must\nOne two.\n- evidence: b\n",
        "### a.1 must\nOne two.\n- ban: b\n- locale: de\n",
        "### a.1 must\nOne two.\n- ban: b\n- collections: x\n",
        "### a.1 must\nOne two.\n- ban: b\n- fields: alt_text\n",
        "### a.1 must\nOne two.\n- ban: b\n- max characters: 1\n",
    ] {
        assert_ne!(same, digest(other), "{other}");
    }
}
