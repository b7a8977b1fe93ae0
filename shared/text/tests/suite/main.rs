//! Alt text and brand guides: the tables of cases, the rules files, and properties of any text.

mod brand;
mod brand_properties;
mod captions_engine;
mod captions_formats;
mod captions_lint;
mod captions_properties;
mod languages;
mod properties;

use serde::Deserialize;
use std::collections::BTreeSet;
use text::alt_text::{AltText, Check, DEFAULT_RULES, Finding, Placement, Rules, Severity, Verdict, check, grade};

#[derive(Deserialize)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    text: String,
    #[serde(default = "english")]
    locale: String,
    #[serde(default = "informative")]
    placement: Placement,
    #[serde(default)]
    decorative: bool,
    file: Option<String>,
    max: Option<usize>,
    #[serde(default)]
    banned: Vec<String>,
    #[serde(default)]
    stated: Vec<String>,
    #[serde(default)]
    nearby: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    seen: Option<String>,
    #[serde(default)]
    elsewhere: usize,
    expect: Vec<Check>,
    near: Option<Check>,
    /// A part of what the first finding says.
    says: Option<String>,
}

fn english() -> String {
    "en".to_owned()
}

fn informative() -> Placement {
    Placement::Informative
}

impl Case {
    fn alt(&self) -> AltText<'_> {
        AltText {
            is_decorative: self.decorative,
            file_name: self.file.as_deref(),
            max_characters: self.max,
            banned_terms: &self.banned,
            stated: &self.stated,
            nearby: &self.nearby,
            tags: &self.tags,
            text_in_picture: self.seen.as_deref(),
            n_elsewhere: self.elsewhere,
            ..AltText::new(&self.text, &self.locale, self.placement)
        }
    }
}

fn cases() -> Vec<Case> {
    toml::from_str::<Table>(include_str!("../alt_text.toml")).expect("the table is valid").case
}

fn ids(findings: &[Finding]) -> Vec<Check> {
    findings.iter().map(|finding| finding.check).collect()
}

#[test]
fn every_case_has_exactly_its_findings() {
    let rules = Rules::default();
    let mut wrong = Vec::new();
    for case in cases() {
        let findings = check(&case.alt(), &rules);
        let mut expected = case.expect.clone();
        expected.sort_unstable();
        if ids(&findings) != expected {
            let found: Vec<_> = findings.iter().map(|finding| format!("  {finding}")).collect();
            wrong.push(format!("`{}` ({}): expected {expected:?}\n{}", case.text, case.locale, found.join("\n")));
        }
        if let Some(says) = &case.says {
            assert!(findings.first().is_some_and(|finding| finding.found.contains(says)), "{findings:?}");
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_check_has_a_hit_and_a_near_miss() {
    let cases = cases();
    assert!(cases.len() >= 120, "{} cases", cases.len());
    let all: BTreeSet<Check> = Check::ALL.into_iter().collect();
    let hit: BTreeSet<Check> = cases.iter().flat_map(|case| case.expect.clone()).collect();
    let near: BTreeSet<Check> = cases.iter().filter_map(|case| case.near).collect();
    assert_eq!(all.difference(&hit).collect::<Vec<_>>(), Vec::<&Check>::new(), "checks without a hit");
    assert_eq!(all.difference(&near).collect::<Vec<_>>(), Vec::<&Check>::new(), "checks without a near miss");
    for case in cases {
        assert!(case.near.is_none_or(|near| !case.expect.contains(&near)), "`{}` is no near miss", case.text);
    }
}

#[test]
fn every_locale_with_lists_has_a_good_text_and_a_models_talk() {
    let cases = cases();
    let language = |case: &Case| case.locale.split('-').next().unwrap_or_default().to_owned();
    for name in Rules::default().languages() {
        let has = |is: &dyn Fn(&Case) -> bool| cases.iter().any(|case| language(case) == name && is(case));
        assert!(has(&|case| case.expect.is_empty()), "no good text in `{name}`");
        assert!(has(&|case| case.expect == [Check::ModelTalk]), "no model's talk in `{name}`");
        let is_redundant = |check: &Check| matches!(check, Check::RedundantPrefix | Check::RedundantSuffix);
        assert!(has(&|case| case.expect.iter().any(is_redundant)), "no prefix or suffix in `{name}`");
    }
}

#[test]
fn without_a_check_exactly_its_findings_are_gone() {
    let rules = Rules::default();
    for case in cases() {
        let all = check(&case.alt(), &rules);
        for off in Check::ALL {
            let mut without = rules.clone();
            without.set_severity(off, None);
            let rest: Vec<_> = all.iter().filter(|finding| finding.check != off).cloned().collect();
            assert_eq!(check(&case.alt(), &without), rest, "`{}` without `{off}`", case.text);
        }
    }
}

#[test]
fn the_shipped_rules_rate_every_check() {
    let rules = Rules::parse("rules.toml", DEFAULT_RULES).expect("the shipped rules are valid");
    for check in Check::ALL {
        assert!(rules.severity(check).is_some(), "`{check}` is not in the shipped rules");
        assert_eq!(Check::of_id(check.id()), Some(check));
        let json: Check = toml::from_str::<std::collections::BTreeMap<String, Check>>(&format!("id = \"{check}\""))
            .expect("the id is the name in JSON")["id"];
        assert_eq!(json, check);
    }
    let languages: Vec<_> = rules.languages().collect();
    assert_eq!(languages, ["ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "nl", "pl", "pt", "zh"]);
}

#[test]
fn the_worst_finding_decides() {
    let finding = |severity| Finding { check: Check::Long, severity, found: String::new(), fix: String::new() };
    let verdict = |severities: &[Severity]| grade(&severities.iter().map(|s| finding(*s)).collect::<Vec<_>>());
    assert_eq!(verdict(&[]), Verdict::Pass);
    assert_eq!(verdict(&[Severity::Note, Severity::Note]), Verdict::Pass);
    assert_eq!(verdict(&[Severity::Warn, Severity::Note]), Verdict::Review);
    assert_eq!(verdict(&[Severity::Note, Severity::Fail, Severity::Warn]), Verdict::Fail);
}

#[test]
fn a_finding_says_what_it_is_and_how_it_is_mended() {
    let text = "Image of an elderly man";
    let findings = check(&AltText::new(text, "en", Placement::Informative), &Rules::default());
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    expect_test::expect![[r#"
        note: punctuation_end: the text ends with `n`; end it with a full stop of its script
        warn: redundant_prefix: the text begins with `Image of`; begin with what the picture shows
        warn: guess_age: the text says `elderly`; leave it out, or state it in the metadata"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn a_rules_file_changes_severities_and_brings_its_own_lists() {
    let own = DEFAULT_RULES
        .replace("punctuation_end = \"note\"", "punctuation_end = \"fail\"")
        .replace("redundant_prefix = \"warn\"", "redundant_prefix = \"off\"")
        + "\n[locale.sv]\nprefixes = [\"bild på\"]\nmodel_talk = [\"som en ai\"]\n[locale.sv.guesses]\nage = [\"äldre\"]\n";
    let rules = Rules::parse("own.toml", &own).expect("it is valid");
    let findings = |text, locale| check(&AltText::new(text, locale, Placement::Informative), &rules);
    assert_eq!(grade(&findings("Image of a red door", "en")), Verdict::Fail);
    assert_eq!(ids(&findings("Image of a red door.", "en")), []);
    assert_eq!(ids(&findings("Som en AI, en äldre man.", "sv-SE")), [Check::ModelTalk, Check::GuessAge]);
}

fn errors_of(from: &str, to: &str) -> String {
    let text = DEFAULT_RULES.replacen(from, to, 1);
    assert_ne!(text, DEFAULT_RULES, "`{from}` is in the shipped rules");
    let error = Rules::parse("own.toml", &text).expect_err("it is wrong").to_string();
    // Lines move when lists grow; that they are right is a test of its own.
    error.lines().map(|line| line.splitn(3, ':').nth(2).unwrap_or(line).trim()).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_error_in_a_rules_file_names_line_field_and_fix() {
    let error = Rules::parse("own.toml", "[checks]\nempty = \"fail\"\nemty = \"bad\"\n").expect_err("it is wrong");
    let missing = "own.toml:1: [checks]: missing field `lengths`; see the shipped `rules.toml` for every field";
    assert_eq!(error.to_string(), missing);
    let line = DEFAULT_RULES.lines().position(|line| line.starts_with("label = ")).expect("it is there") + 1;
    let text = DEFAULT_RULES.replacen("label = \"fail\"", "lable = \"bad\"", 1);
    let error = Rules::parse("own.toml", &text).expect_err("it is wrong");
    assert!(error.lines.iter().all(|l| l.starts_with(&format!("own.toml:{line}: checks.lable: "))), "{error}");
    let errors = [
        errors_of("label = \"fail\"", "lable = \"bad\""),
        errors_of("fine = 125", "fine = 151"),
        errors_of("default = {", "usual = {"),
        errors_of("lengths = \"cjk\"", "lengths = \"cjkv\""),
        errors_of("labels = [\"image\"", "labels = [\"^*\", \"image\""),
        errors_of("[locale.de]", "[locale.DE]"),
        errors_of("[locale.de]", "[locale.de]\nprefix = []"),
        errors_of("lix = 75", "lix = \"much\""),
    ];
    expect_test::expect![[r#"
        checks.lable: there is no such check; see the shipped `rules.toml` for all checks
        checks.lable: `bad` is no severity; give `off`, `note`, `warn` or `fail`

        lengths.default: a limit is below the one before it; let them ascend

        lengths: `default` is missing; add `default = { fine = 125, long = 150, max = 250, passage = 20 }`

        locale.ja.lengths: there are no lengths `cjkv`; name an entry of `lengths`

        locale.en.labels: `^*` has no word; write at least one word, or remove the entry

        locale.DE: it is not lower case with `-`; write it like `pt-br`

        prefix: unknown field `prefix`, expected one of `matching`, `lengths`, `reduplicates`, `doubles`, `function_words`, `prefixes`, `suffixes`, `articles`, `placeholders`, `labels`, `replies`, `model_talk`, `hedges`, `people`, `guesses`, `guesses_beside_people`; see the shipped `rules.toml` for every field

        lix: invalid type: string "much", expected usize; see the shipped `rules.toml` for every field"#]].assert_eq(&errors.join("\n\n"));
}
