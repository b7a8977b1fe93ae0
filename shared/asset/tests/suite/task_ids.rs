//! A task's id changes with what decides its outputs, and with nothing else.

use crate::make;
use asset::ids::Sha256;
use asset::image::FocalPoint;
use asset::plan;
use asset::profile::Profile;
use asset::task::{Attempt, Job};
use expect_test::{Expect, expect};
use std::collections::BTreeMap;

const FOCUS: FocalPoint = FocalPoint { x: 300, y: 400 };

fn ids(profile: &str, source: &str, focus: FocalPoint) -> BTreeMap<String, String> {
    let profile = Profile::parse("small.toml", profile).expect("the profile is valid");
    let collection = profile.collection_of(make::KEY).expect("a collection owns the key");
    let jobs = [Job::Inspect].into_iter().chain(plan::renders(collection, focus));
    jobs.map(|job| (job.title(), job.id(&Sha256::of(source.as_bytes())).to_string())).collect()
}

fn check(from: &str, to: &str, expected: Expect) {
    assert!(make::SMALL.contains(from), "{from}");
    compare(&ids(make::SMALL, "v1", FOCUS), &ids(&make::SMALL.replace(from, to), "v1", FOCUS), expected);
}

fn compare(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>, expected: Expect) {
    let changed: Vec<&str> =
        after.iter().filter(|(title, id)| before.get(*title) != Some(id)).map(|(title, _)| title.as_str()).collect();
    expected.assert_eq(&if changed.is_empty() { "nothing".to_owned() } else { changed.join(", ") });
}

#[test]
fn a_width_changes_its_set() {
    check("widths = [320]", "widths = [320, 480]", expect![["render square"]]);
}

#[test]
fn the_order_of_widths_changes_nothing() {
    check("widths = [320, 640]", "widths = [640, 320, 640]", expect![["nothing"]]);
}

#[test]
fn a_ratio_changes_its_set() {
    check("crop = \"1:1\"", "crop = \"4:5\"", expect![["render square"]]);
}

#[test]
fn a_quality_changes_every_rendering() {
    check("quality = 80", "quality = 81", expect![["render square, render whole"]]);
}

#[test]
fn an_effort_changes_every_rendering() {
    check("quality = 80", "quality = 80, effort = 5", expect![["render square, render whole"]]);
}

#[test]
fn a_default_written_out_changes_nothing() {
    check("quality = 80", "quality = 80, effort = 4", expect![["nothing"]]);
}

#[test]
fn a_format_changes_every_rendering() {
    check("jpeg =", "avif = { quality = 50 }\njpeg =", expect![["render square, render whole"]]);
}

#[test]
fn the_color_policy_changes_every_rendering() {
    check("keys =", "color = \"keep_wide\"\nkeys =", expect![["render square, render whole"]]);
}

#[test]
fn limits_change_nothing() {
    check("[[collection]]", "[limits]\nmax_pixels = 5\n[[collection]]", expect![["nothing"]]);
}

#[test]
fn a_new_name_of_a_collection_changes_nothing() {
    check("\"default\"", "\"other\"", expect![["nothing"]]);
}

#[test]
fn a_new_name_of_a_view_changes_it() {
    check("\"square\"", "\"tile\"", expect![["render tile"]]);
}

#[test]
fn a_new_crop_re_makes_the_crops() {
    let view = "[[collection.view]]\nname = \"wide\"\ncrop = \"16:9\"\nwidths = [320]\n\n[[collection.view]]\nname = \"whole\"";
    check("[[collection.view]]\nname = \"whole\"", view, expect!["render wide, square"]);
}

#[test]
fn other_bytes_change_everything() {
    compare(
        &ids(make::SMALL, "v1", FOCUS),
        &ids(make::SMALL, "v2", FOCUS),
        expect![["inspect, render square, render whole"]],
    );
}

#[test]
fn the_focal_point_changes_crops_only() {
    let moved = FocalPoint { x: 301, y: 400 };
    compare(&ids(make::SMALL, "v1", FOCUS), &ids(make::SMALL, "v1", moved), expect![["render square"]]);
}

#[test]
fn an_attempt_is_named_after_retries_and_limits() {
    let profile = make::small();
    let mut raised = profile.limits;
    raised.max_pixels += 1;
    let attempts = [Attempt::new(0, &profile.limits), Attempt::new(2, &profile.limits), Attempt::new(0, &raised)];
    let names: Vec<&str> = attempts.iter().map(Attempt::as_str).collect();
    expect!["0-92251ac2 2-92251ac2 0-d4962112"].assert_eq(&names.join(" "));
    assert!(attempts.iter().all(|attempt| Attempt::parse(attempt.as_str()).as_ref() == Some(attempt)));
}

/// The same on every machine and in every release: a change here re-makes every asset of every user.
#[test]
fn golden_ids() {
    let ids = ids(make::SMALL, "v1", FOCUS);
    let lines: String = ids.iter().map(|(title, id)| format!("{title}: {id}\n")).collect();
    expect![[r#"
        inspect: 54fc9d46fb4b3f65470d08c94abbf2acef59ccf26fa4e292dfd783616ca04b12
        render square: 9ab7dd4dd84a743b7e1c09f39e6254ff750b1d302e741078f901c5aec254bcd9
        render whole: 1737681e749c19ee98a32bdbcdf24efccd7066990ec540d4e3be629ebc31a12c
    "#]]
    .assert_eq(&lines);
    expect!["a40e8edc35db53d4"].assert_eq(&make::small().digest());
}
