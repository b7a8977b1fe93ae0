//! What is wrong with a profile is said with its line, its field and the fix.

use crate::make;
use asset::profile::{DEFAULT_PROFILE, Profile};
use expect_test::{Expect, expect};

fn errors(text: &str) -> String {
    Profile::parse("p.toml", text).expect_err("the profile is broken").to_string()
}

/// Replaces `from` in a good profile by `to`.
fn check(from: &str, to: &str, expected: Expect) {
    assert!(make::SMALL.contains(from), "{from}");
    expected.assert_eq(&errors(&make::SMALL.replacen(from, to, 1)));
}

#[test]
fn the_shipped_profile_is_valid_and_the_default() {
    let profile = Profile::parse("default.toml", DEFAULT_PROFILE).expect("valid");
    assert_eq!(profile, Profile::default());
    assert_eq!(profile.limits, asset::image::Limits::default());
    assert_eq!(profile.collection_of("any/where.jpg").map(|collection| collection.name.as_str()), Some("default"));
}

#[test]
fn the_first_matching_collection_owns_a_key() {
    let logos = make::SMALL.replace("\"default\"", "\"logos\"").replace("\"**\"", "\"brand/*.svg\", \"logo-?.png\"");
    let profile = Profile::parse("p.toml", &format!("{logos}\n{}", make::SMALL)).expect("valid");
    let owner = |key: &str| profile.collection_of(key).map(|collection| collection.name.as_str());
    assert_eq!(owner("brand/a.svg"), Some("logos"));
    assert_eq!(owner("logo-1.png"), Some("logos"));
    assert_eq!(owner("brand/deep/a.svg"), Some("default"));
    assert_eq!(owner("a//b c.png"), Some("default"));
    let only_logos = Profile::parse("p.toml", &logos).expect("valid");
    assert_eq!(only_logos.collection_of("photo.jpg"), None);
}

#[test]
fn unknown_fields() {
    check("quality = 80", "qualty = 80", expect!["p.toml:6: jpeg: unknown field `qualty`; did you mean `quality`?"]);
    check(
        "widths = [320]",
        "width = [320]",
        expect!["p.toml:15: width: unknown field `width`; did you mean `widths`?"],
    );
    check("jpeg =", "jpg =", expect!["p.toml:6: jpg: unknown field `jpg`; did you mean `jpeg`?"]);
    check(
        "[[collection]]",
        "[[colection]]",
        expect!["p.toml:2: [[colection]]: unknown field `colection`; did you mean `collection`?"],
    );
    check(
        "[[collection]]",
        "[limits]\nmax_pixel = 5\n[[collection]]",
        expect!["p.toml:3: max_pixel: unknown field `max_pixel`; did you mean `max_pixels`?"],
    );
    check(
        "jpeg =",
        "zebra = 1\njpeg =",
        expect![
            "p.toml:6: zebra: unknown field `zebra`; the fields here are name, keys, color, avif, webp, jpeg, view, text, recordings"
        ],
    );
}

#[test]
fn wrong_types() {
    check(
        "quality = 80",
        "quality = \"high\"",
        expect![[
            r#"p.toml:6: jpeg: invalid type: string "high"; give a whole number; see the shipped profile for every field"#
        ]],
    );
    check(
        "quality = 80",
        "quality = 300",
        expect![
            "p.toml:6: jpeg: invalid value: integer `300`; give a whole number; see the shipped profile for every field"
        ],
    );
    check(
        "widths = [320]",
        "widths = 320",
        expect!["p.toml:15: widths: invalid type: integer `320`; give a list: `[…, …]`"],
    );
    check(
        "widths = [320]",
        "widths = [320, \"640\"]",
        expect![[
            r#"p.toml:15: widths: invalid type: string "640"; give a whole number; see the shipped profile for every field"#
        ]],
    );
    check(
        "keys = [\"**\"]",
        "keys = \"**\"",
        expect![[r#"p.toml:4: keys: invalid type: string "**"; give a list: `[…, …]`"#]],
    );
    check(
        "keys =",
        "color = \"p3\"\nkeys =",
        expect![[r#"p.toml:4: color: unknown variant `p3`; give "srgb" or "keep_wide""#]],
    );
    check(
        "[[collection]]",
        "[limits]\nmax_pixels = -1\n[[collection]]",
        expect![
            "p.toml:3: max_pixels: invalid value: integer `-1`; give a whole number; see the shipped profile for every field"
        ],
    );
}

#[test]
fn missing_fields() {
    check("name = \"default\"\n", "", expect!["p.toml:2: [[collection]]: missing field `name`; add `name = …`"]);
    check("{ quality = 80 }", "{ effort = 3 }", expect!["p.toml:6: jpeg: missing field `quality`; add `quality = …`"]);
    check("widths = [320]", "", expect!["p.toml:12: [[collection.view]]: missing field `widths`; add `widths = …`"]);
}

#[test]
fn values_out_of_range() {
    check(
        "widths = [320]",
        "widths = [320, 0]",
        expect!["p.toml:15: collection[0].view[1].widths[1]: 0 is no width; give pixels from 1 to 16384"],
    );
    check(
        "widths = [320]",
        "widths = [-5, 99999]",
        expect![[r#"
        p.toml:15: collection[0].view[1].widths[0]: -5 is no width; give pixels from 1 to 16384
        p.toml:15: collection[0].view[1].widths[1]: 99999 is no width; give pixels from 1 to 16384"#]],
    );
    check(
        "widths = [320]",
        "widths = []",
        expect!["p.toml:15: collection[0].view[1].widths: it is empty; give at least one width in pixels"],
    );
    check(
        "quality = 80",
        "quality = 0",
        expect!["p.toml:6: collection[0].jpeg.quality: 0 is no quality; give a whole number from 1 to 100"],
    );
    check(
        "quality = 80",
        "quality = 101",
        expect!["p.toml:6: collection[0].jpeg.quality: 101 is no quality; give a whole number from 1 to 100"],
    );
    check(
        "quality = 80",
        "quality = 80, effort = 11",
        expect!["p.toml:6: collection[0].jpeg.effort: 11 is no effort; give 0 (fastest) to 10 (smallest)"],
    );
    check(
        "[[collection]]",
        "[limits]\nmax_frames = 0\n[[collection]]",
        expect!["p.toml:2: limits: a limit of 0 refuses every file; give the largest value that you accept"],
    );
}

#[test]
fn bad_ratios() {
    check(
        "1:1",
        "16x9",
        expect![[
            r#"p.toml:14: collection[0].view[1].crop: `16x9` is no aspect ratio; give width:height, for example "16:9""#
        ]],
    );
    check(
        "1:1",
        "0:1",
        expect![[
            r#"p.toml:14: collection[0].view[1].crop: `0:1` is no aspect ratio; give width:height, for example "16:9""#
        ]],
    );
    check(
        "1:1",
        "21:1",
        expect![[
            r#"p.toml:14: collection[0].view[1].crop: `21:1` is no aspect ratio; give width:height, for example "16:9""#
        ]],
    );
    check(
        "1:1",
        "1.5:1",
        expect![[
            r#"p.toml:14: collection[0].view[1].crop: `1.5:1` is no aspect ratio; give width:height, for example "16:9""#
        ]],
    );
}

#[test]
fn names() {
    check(
        "\"square\"",
        "\"whole\"",
        expect!["p.toml:13: collection[0].view[1].name: `whole` is there twice; give each view a name of its own"],
    );
    check(
        "\"square\"",
        "\"Square!\"",
        expect!["p.toml:13: collection[0].view[1].name: `Square!` is no name; use 1 to 32 of a-z, 0-9 and `-`"],
    );
    check(
        "\"square\"",
        "\"../x\"",
        expect!["p.toml:13: collection[0].view[1].name: `../x` is no name; use 1 to 32 of a-z, 0-9 and `-`"],
    );
    check(
        "\"default\"",
        "\"\"",
        expect!["p.toml:3: collection[0].name: `` is no name; use 1 to 32 of a-z, 0-9 and `-`"],
    );
    expect!["p.toml:18: collection[1].name: `default` is there twice; give each collection a name of its own"]
        .assert_eq(&errors(&format!("{}{}", make::SMALL, make::SMALL)));
}

#[test]
fn keys() {
    check(
        "keys = [\"**\"]",
        "keys = []",
        expect![[r#"p.toml:4: collection[0].keys: it is empty; give at least one pattern, for example "**""#]],
    );
    check(
        "keys = [\"**\"]",
        "keys = [\"/photos/**\", \"\"]",
        expect![[r#"
        p.toml:4: collection[0].keys[0]: `/photos/**` can match no key; keys have no leading `/`; try "**"
        p.toml:4: collection[0].keys[1]: `` can match no key; keys have no leading `/`; try "**""#]],
    );
}

#[test]
fn nothing_to_make() {
    check(
        "webp = { quality = 78 }\njpeg = { quality = 80 }\n",
        "",
        expect!["p.toml:2: collection[0]: it has no output format; add `jpeg = { quality = 80 }`, `webp` or `avif`"],
    );
    expect!["p.toml:1: collection: there is none; add `[[collection]]` with `name`, `keys` and at least one view"]
        .assert_eq(&errors(""));
    let views = make::SMALL.find("[[collection.view]]").expect("there are views");
    expect!["p.toml:2: collection[0]: it has no view; add `[[collection.view]]` with `name` and `widths`"]
        .assert_eq(&errors(&make::SMALL[..views]));
}

#[test]
fn syntax() {
    check(
        "widths = [320]",
        "widths = [320",
        expect!["p.toml:15: widths: unclosed array; expected `]`; see the shipped profile for every field"],
    );
    check(
        "name = \"square\"",
        "name = \"square",
        expect![[r#"p.toml:13: name: invalid basic string; expected `"`; see the shipped profile for every field"#]],
    );
    check(
        "jpeg =",
        "jpeg = { quality = 80 }\njpeg =",
        expect!["p.toml:7: jpeg: duplicate key; see the shipped profile for every field"],
    );
    expect!["p.toml:1: ﻿}{: invalid key-value pair; expected key; see the shipped profile for every field"]
        .assert_eq(&errors("\u{feff}}{"));
}

#[test]
fn all_errors_at_once() {
    let text = make::SMALL
        .replace("80 }", "0 }")
        .replace("1:1", "1-1")
        .replace("320", "0")
        .replace("\"default\"", "\"My Pictures\"");
    expect![[r#"
        p.toml:3: collection[0].name: `My Pictures` is no name; use 1 to 32 of a-z, 0-9 and `-`
        p.toml:6: collection[0].jpeg.quality: 0 is no quality; give a whole number from 1 to 100
        p.toml:10: collection[0].view[0].widths[0]: 0 is no width; give pixels from 1 to 16384
        p.toml:14: collection[0].view[1].crop: `1-1` is no aspect ratio; give width:height, for example "16:9"
        p.toml:15: collection[0].view[1].widths[0]: 0 is no width; give pixels from 1 to 16384"#]]
    .assert_eq(&errors(&text));
}

#[test]
fn texts() {
    let described = |line: &str| {
        let text = format!("{}\n[[collection.text]]\nfield = \"alt_text\"\nlocale = \"en\"\n{line}\n", make::SMALL);
        asset::profile::Profile::parse("p.toml", &text).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(described(""), Ok(()));
    let error = |line: &str| described(line).unwrap_err();
    assert_eq!(
        error("max_characters = 5"),
        "p.toml:20: collection[0].text[0].max_characters: 5 is no length for a text; give 20 to 10000 characters"
    );
    assert!(
        error("[[collection.text]]\nfield = \"alt_text\"\nlocale = \"en\"")
            .contains("is there twice; ask for each text once per locale")
    );
    assert!(
        error("[[collection.text]]\nfield = \"alt_text\"\nlocale = \"English\"").contains("`English` is no locale")
    );
    assert!(error("[[collection.text]]\nfield = \"caption\"\nlocale = \"en\"").contains("unknown variant `caption`"));
    let decorative = "[[collection.text]]\nfield = \"description\"\nlocale = \"de\"\nplacement = \"decorative\"";
    assert!(error(decorative).contains("a decorative picture has no description"));
    assert!(error("[models]\nvision = \"\"").contains("models.vision: it is empty"));
    assert!(error("[models]\ntags = \"\"").contains("models.tags: it is empty"));
    let another = |line: &str| error(&format!("[[collection.text]]\n{line}"));
    assert!(another("field = \"description\"").contains("`description` has no language; add `locale`"));
    assert!(another("field = \"tags\"").contains("tags have no vocabulary; add `vocabulary`"));
    assert!(another("field = \"tags\"\nvocabulary = \"x\"").contains("there is no vocabulary `x`"));
    assert!(another("field = \"moderation\"\nvocabulary = \"x\"").contains("`moderation` has no vocabulary"));
    assert_eq!(described("[[collection.text]]\nfield = \"visible_text\""), Ok(()));
}

#[test]
fn a_vocabulary_lies_beside_the_profile() {
    let text = format!(
        "{}\n[[collection.text]]\nfield = \"tags\"\nvocabulary = \"subjects\"\n[[vocabulary]]\nname = \"subjects\"\nfile = \"FILE\"\n",
        make::SMALL
    );
    let parse = |file: &str, vocabulary: &str| {
        let read = |name: &str| if name == "s.toml" { Ok(vocabulary.to_owned()) } else { Err("gone".to_owned()) };
        asset::profile::Profile::parse_with("p.toml", &text.replace("FILE", file), read)
    };
    let cat = "max_tags = 3\n[[term]]\nid = \"cat\"\nlabel = \"Cat\"\n";
    let profile = parse("s.toml", cat).expect("a profile");
    assert!(profile.vocabularies["subjects"].term("cat").is_some());
    // Another word, another profile: the sweep has to look again.
    let other = parse("s.toml", &cat.replace("Cat", "Tomcat")).expect("a profile");
    assert_ne!(profile.digest(), other.digest());
    let error = |file: &str| parse(file, cat).unwrap_err().to_string();
    assert!(error("../s.toml").contains("`../s.toml` is no file beside the profile"));
    assert!(error("t.toml").contains("`t.toml` cannot be read: gone; put it beside the profile"));
    let error = parse("s.toml", "max_tags = 3\n").unwrap_err().to_string();
    assert!(error.contains("s.toml:1: term: there are 0 terms"), "{error}");
}
