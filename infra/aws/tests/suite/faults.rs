//! Faults, planted one at a time: the rule that is about it must say so, at the resource that has it.

use crate::planted::FAULTS;
use crate::template::{Hands, TEMPLATE, calls};
use std::collections::BTreeSet;

/// A fault: the rule and the resource that must be named, what is wrong in words, and how to do it.
pub struct Fault {
    pub rule: &'static str,
    pub resource: &'static str,
    pub what: &'static str,
    pub plant: fn(&mut Hands),
}

#[test]
fn every_planted_fault_is_caught() {
    let calls = calls();
    let mut missed = Vec::new();
    for fault in FAULTS {
        let mut hands = Hands(TEMPLATE.clone());
        (fault.plant)(&mut hands);
        let findings = stack::check(&hands.0, &calls).expect("the model still knows the template");
        let is_caught = findings.iter().any(|finding| finding.rule == fault.rule && finding.resource == fault.resource);
        if !is_caught {
            let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
            missed.push(format!("{} {} ({}); said instead: {said:?}", fault.rule, fault.resource, fault.what));
        }
    }
    println!("{} planted, {} caught", FAULTS.len(), FAULTS.len() - missed.len());
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn every_rule_has_caught_something() {
    let sources = [
        include_str!("../../src/rules/access.rs"),
        include_str!("../../src/rules/alarms.rs"),
        include_str!("../../src/rules/buckets.rs"),
        include_str!("../../src/rules/delivery.rs"),
        include_str!("../../src/rules/events.rs"),
        include_str!("../../src/rules/functions.rs"),
        include_str!("../../src/rules/http.rs"),
        include_str!("../../src/rules/literals.rs"),
        include_str!("../../src/rules/models.rs"),
        include_str!("../../src/rules/money.rs"),
        include_str!("../../src/rules/needs.rs"),
        include_str!("../../src/rules/queues.rs"),
        include_str!("../../src/rules/table.rs"),
        include_str!("../../src/rules/writes.rs"),
    ];
    let is_id = |word: &&str| {
        word.len() >= 2
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word[1..].bytes().all(|byte| byte.is_ascii_digit())
    };
    let rules: BTreeSet<&str> = sources.iter().flat_map(|source| source.split('"')).filter(is_id).collect();
    let planted: BTreeSet<&str> = FAULTS.iter().map(|fault| fault.rule).collect();
    println!("{} rules", rules.len());
    assert!(rules.len() > 45, "rules are found in their files");
    assert_eq!(rules.difference(&planted).collect::<Vec<_>>(), Vec::<&&str>::new(), "rules that never caught anything");
}
