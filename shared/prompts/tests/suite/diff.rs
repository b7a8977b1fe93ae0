//! What changed, and only that.

use expect_test::expect;
use prompts::{Change, Snippet, Sources, diff, library};

fn changed(change: impl FnOnce(&mut Sources)) -> prompts::Diff {
    let old = library().prompt("tags").expect("loads");
    let mut sources = library();
    change(&mut sources);
    diff(&old, &sources.prompt("tags").expect("loads"))
}

fn edit(from: &'static str, to: &'static str) -> impl FnOnce(&mut Sources) {
    move |sources| {
        let text = sources.prompts.get_mut("tags").expect("there");
        assert!(text.contains(from), "{from}");
        *text = text.replace(from, to);
    }
}

/// Without the hashes, which change with every edit of the prompt.
fn words(diff: &prompts::Diff) -> String {
    diff.to_string().split_once('\n').expect("lines").1.to_owned()
}

#[test]
fn nothing_changed() {
    let diff = changed(|_| {});
    assert_eq!(diff.changes, []);
    assert!(!diff.needs_version);
    assert!(diff.to_string().starts_with("no change"));
}

#[test]
fn a_line_of_the_source() {
    let diff = changed(edit("Language: ", "Locale: "));
    expect![[r#"
        source
          - Language: {{json locale}}
          + Locale: {{json locale}}
        the version is still the same: raise `greenroom.version`
    "#]]
    .assert_eq(&words(&diff));
}

#[test]
fn a_new_version() {
    let diff = changed(edit("version: 1.0.0", "version: 1.0.1"));
    assert!(!diff.needs_version);
    expect![[r#"
        version 1.0.0 → 1.0.1
        source
          - greenroom.version: 1.0.0
          + greenroom.version: 1.0.1
    "#]]
    .assert_eq(&words(&diff));
}

#[test]
fn a_partial() {
    let diff = changed(|sources| sources.partials.get_mut("data_rules").expect("there").push_str("More.\n"));
    expect![[r#"
        partial data_rules
          + More.
        the version is still the same: raise `greenroom.version`
    "#]]
    .assert_eq(&words(&diff));
}

#[test]
fn a_field_of_a_schema() {
    let diff = changed(edit("      id: string, the term's id, exactly as listed", "      id?: string"));
    let Some(Change::Schema { side, .. }) = diff.changes.get(1) else { panic!("{diff:?}") };
    assert_eq!(side, "output");
    expect![[r#"
        source
          -       id: string, the term's id, exactly as listed
          +       id?: string
        output schema
          tags[].id
            - {"description":"the term's id, exactly as listed","required":true,"type":"string"}
            + {"required":false,"type":["string","null"]}
        the version is still the same: raise `greenroom.version`
    "#]]
    .assert_eq(&words(&diff));
}

#[test]
fn a_brand_guide() {
    let old = library().prompt("alt_text").expect("loads");
    let mut sources = library();
    let rule = Snippet { id: "tone.1".to_owned(), text: "plain".to_owned() };
    sources.snippets.insert("brand".to_owned(), vec![rule]);
    let diff = diff(&old, &sources.prompt("alt_text").expect("loads"));
    assert!(matches!(diff.changes[..], [Change::Snippets { .. }]), "{diff}");
}
