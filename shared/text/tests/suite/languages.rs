//! How well the language of short texts is told: no good text may be suspected, and few wrong ones may pass.

use serde::Deserialize;
use std::collections::BTreeMap;
use text::alt_text::{AltText, Check, Placement, Rules, check};

/// Texts by language.
#[derive(Deserialize)]
struct Table {
    texts: BTreeMap<String, Vec<String>>,
}

fn is_suspected(text: &str, locale: &str, rules: &Rules) -> bool {
    let findings = check(&AltText::new(text, locale, Placement::Informative), rules);
    findings.iter().any(|finding| finding.check == Check::WrongLanguage)
}

#[test]
fn no_good_text_is_suspected_and_few_wrong_ones_pass() {
    let table: Table = toml::from_str(include_str!("../languages.toml")).expect("the table is valid");
    let rules = Rules::default();
    let (mut suspected, mut n_passed, mut n_wrong) = (Vec::new(), 0, 0);
    let mut passed_by_language: BTreeMap<&str, usize> = BTreeMap::new();
    for (language, texts) in &table.texts {
        for text in texts {
            if is_suspected(text, language, &rules) {
                suspected.push(format!("{language}: {text}"));
            }
            for other in table.texts.keys().filter(|other| *other != language) {
                n_wrong += 1;
                if !is_suspected(text, other, &rules) {
                    n_passed += 1;
                    *passed_by_language.entry(language).or_default() += 1;
                }
            }
        }
    }
    println!("{n_passed} of {n_wrong} wrong texts passed: {passed_by_language:?}");
    assert!(suspected.is_empty(), "{suspected:#?}");
    assert!(n_passed * 100 <= n_wrong * 20, "{n_passed} of {n_wrong} wrong texts passed: {passed_by_language:?}");
}
