//! For each rule a prompt that breaks it, and one that nearly does.

use prompts::{Rule, Sources, lint};

const FRONT: &str = "greenroom.id: a\ngreenroom.version: 1.0.0\ngreenroom.owner: us\noutput: {schema: string}\n";

/// Lints a prompt `a` with the given front matter and template; returns `file: rule: words`.
fn findings(front: &str, template: &str) -> Vec<(Rule, String)> {
    let mut sources = Sources::default();
    sources.add_file("a", &format!("---\n{front}---\n{template}\n"));
    sources.add_file("_name", "{{name}}");
    sources.add_file("_safe", "{{json name}} {{json given}}");
    let findings = lint(&sources.prompt("a").expect("loads"));
    findings.into_iter().map(|finding| (finding.rule, finding.to_string())).collect()
}

fn rules(front: &str, template: &str) -> Vec<Rule> {
    findings(front, template).into_iter().map(|(rule, _)| rule).collect()
}

/// Lints a template whose inputs are `name` (text), `n` (a number), `tone` (one of a list), `items` and `page`.
fn with_inputs(template: &str) -> Vec<(Rule, String)> {
    let schema = "input: {schema: {name: string, n: integer, 'tone(enum)': [a, b], \
                  'items(array)': {id: string, rank: number}, \
                  'page(object)': {title: string}}}\n";
    let used = "{{#if name}}{{/if}}{{#if n}}{{/if}}{{#if tone}}{{/if}}{{#if items}}{{/if}}{{#if page}}{{/if}}";
    findings(&format!("{FRONT}{schema}"), &format!("{template}{used}"))
}

fn broken(template: &str) -> Vec<Rule> {
    with_inputs(template).into_iter().map(|(rule, _)| rule).collect()
}

#[test]
fn front_matter_is_complete() {
    let schema = "input: {schema: {(*): any}}\n";
    let without = |line: &str| {
        let front: String = FRONT.lines().filter(|one| !one.starts_with(line)).map(|one| format!("{one}\n")).collect();
        rules(&format!("{front}{schema}"), "x")
    };
    assert_eq!(without("nothing"), []);
    assert_eq!(without("greenroom.id"), [Rule::Id]);
    assert_eq!(without("greenroom.version"), [Rule::Version]);
    assert_eq!(without("greenroom.owner"), [Rule::Owner]);
    assert_eq!(without("output"), [Rule::OutputSchema]);
    assert_eq!(rules(FRONT, "x"), [Rule::InputSchema]);
    let with = |front: String| rules(&format!("{front}{schema}"), "x");
    assert_eq!(with(FRONT.replace("id: a", "id: b")), [Rule::Id], "not the file's name");
    assert_eq!(with(FRONT.replace("id: a", "id: ../a")), [Rule::Id], "a path");
    assert_eq!(with(FRONT.replace("1.0.0", "1.0")), [Rule::Version]);
    assert_eq!(with(format!("{FRONT}owner: me\n")), [Rule::UnknownKey]);
}

#[test]
fn variables_are_those_of_the_schema() {
    assert_eq!(with_inputs("{{json name}} {{n}} {{tone}} {{json page.title}}"), []);
    assert_eq!(broken("{{json nmae}}"), [Rule::UnknownVariable]);
    assert_eq!(broken("{{#if page.ttile}}x{{/if}}"), [Rule::UnknownVariable]);
    assert_eq!(broken("{{#each items}}{{json id}} {{rank}} {{json ../name}} {{@index}}{{/each}}"), []);
    assert_eq!(broken("{{#each items}}{{json idd}}{{/each}}"), [Rule::UnknownVariable]);
    assert_eq!(
        broken("{{#each items as |item at|}}{{json item.id}}{{json item.di}}{{/each}}"),
        [Rule::UnknownVariable]
    );
    assert_eq!(broken("{{#with page}}{{json title}} {{json name}}{{/with}}"), [Rule::UnknownVariable]);
    assert_eq!(broken("{{#if name}}a{{else}}{{json nmae}}{{/if}}"), [Rule::UnknownVariable]);
    assert_eq!(broken("{{media url=nmae}}"), [Rule::UnknownVariable]);
    assert_eq!(broken("{{#each items}}{{json @root.nmae}}{{/each}}"), [Rule::UnknownVariable]);
    assert_eq!(broken("{{>safe}}"), [Rule::UnknownVariable], "`given` was not given");
    assert_eq!(broken("{{>safe given=name}}"), []);
}

#[test]
fn inputs_are_used() {
    let front = format!("{FRONT}input: {{schema: {{name: string, n?: integer}}}}\n");
    assert_eq!(rules(&front, "{{json name}}"), [Rule::UnusedInput]);
    assert_eq!(rules(&front, "{{>safe given=n}}"), []);
    assert_eq!(rules(&front, "{{json this}}"), []);
    assert_eq!(rules(&front, "{{#if n}}{{json name}}{{/if}}"), []);
}

#[test]
fn free_text_is_fenced() {
    assert_eq!(broken("{{name}}"), [Rule::Unfenced]);
    assert_eq!(broken("{{page}}"), [Rule::Unfenced]);
    assert_eq!(broken("{{#each items}}{{id}}{{/each}}"), [Rule::Unfenced]);
    assert_eq!(broken("{{#each items}}{{../name}}{{/each}}"), [Rule::Unfenced]);
    assert_eq!(broken("{{{name}}}"), [Rule::TripleStash]);
    assert_eq!(broken("{{{n}}} {{{json name}}}"), [], "it cannot say anything");
    assert_eq!(broken("{{role name}}"), [Rule::Unfenced], "data would choose who speaks");
    assert_eq!(broken("{{lookup page \"title\"}}"), [Rule::Unfenced]);
    assert_eq!(broken("{{@user.name}}"), [Rule::Unfenced]);
    assert_eq!(broken("{{json @user.name}}"), []);
    let in_partial = with_inputs("{{>name}}");
    assert_eq!(in_partial.len(), 1);
    assert_eq!(in_partial[0].1, "_name: unfenced: `name` becomes text as it is: write `{{json name}}`");
}

#[test]
fn partials_and_helpers_exist() {
    assert_eq!(broken("{{>nmae}}"), [Rule::Partial]);
    assert_eq!(broken("{{len name}}"), [Rule::Helper]);
    assert_eq!(broken("{{#repeat n}}x{{/repeat}}"), [Rule::Helper]);
    assert_eq!(broken("{{#ifEquals tone \"a\"}}x{{/ifEquals}}"), []);
}
