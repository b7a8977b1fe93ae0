//! The linter's table of cases, and what mending does.

use serde::Deserialize;
use std::collections::BTreeSet;
use text::captions::{Check, Context, Cue, Profile, Severity, Track, Word, fix, lint, parse_vtt, write_vtt};

#[derive(Deserialize)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    vtt: String,
    locale: Option<String>,
    profile: Option<String>,
    #[serde(default)]
    words: Vec<(String, u64, u64, f32)>,
    source: Option<String>,
    #[serde(default)]
    unwanted: Vec<String>,
    expect: Vec<Check>,
    near: Option<Check>,
    /// A part of what the first finding says.
    says: Option<String>,
}

fn track(vtt: &str, language: &str) -> text::captions::Parsed {
    let mut parsed = parse_vtt(&format!("WEBVTT\n\n{vtt}\n"));
    parsed.track.language = Some(language.to_owned());
    parsed
}

fn profile(name: &str) -> Profile {
    Profile::named(name).expect("shipped")
}

fn cases() -> Vec<Case> {
    toml::from_str::<Table>(include_str!("../captions/lint.toml")).expect("the table is valid").case
}

#[test]
fn every_case_has_exactly_its_findings() {
    let mut wrong = Vec::new();
    for case in cases() {
        let parsed = track(&case.vtt, case.locale.as_deref().unwrap_or("en"));
        let words: Vec<_> = case
            .words
            .iter()
            .cloned()
            .map(|(text, start_ms, end_ms, sure)| Word {
                text,
                start_ms,
                end_ms,
                confidence: Some(sure),
                speaker: None,
            })
            .collect();
        let source = case.source.as_ref().map(|source| track(source, "en").track);
        let context = Context { words: &words, source: source.as_ref(), unwanted: &case.unwanted };
        let mut findings = parsed.findings;
        findings.extend(lint(&parsed.track, &profile(case.profile.as_deref().unwrap_or("netflix")), &context));
        let found: Vec<_> = findings.iter().map(|finding| finding.check).collect();
        let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
        let says = case.says.as_deref().unwrap_or_default();
        if found != case.expect || !lines.first().is_none_or(|line| line.contains(says)) {
            wrong.push(format!("{}\nexpected {:?} {says}\n  {}", case.vtt, case.expect, lines.join("\n  ")));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn every_check_has_a_hit_and_a_near_miss() {
    let cases = cases();
    let all: BTreeSet<Check> = Check::ALL.into_iter().collect();
    let hit: BTreeSet<Check> = cases.iter().flat_map(|case| case.expect.clone()).collect();
    let near: BTreeSet<Check> = cases.iter().filter_map(|case| case.near).collect();
    assert_eq!(all.difference(&hit).collect::<Vec<_>>(), Vec::<&Check>::new(), "checks without a hit");
    assert_eq!(all.difference(&near).collect::<Vec<_>>(), Vec::<&Check>::new(), "checks without a near miss");
    for case in cases {
        assert!(case.near.is_none_or(|near| !case.expect.contains(&near)), "`{}` is no near miss", case.vtt);
    }
}

#[test]
fn a_finding_says_where_it_is_and_how_it_is_mended() {
    let parsed = track("00:01.000 --> 00:02.000\nYes.\n\n01:01:05.000 --> 01:01:05.500\nNo.\n\n1:2 --> 3\nLost.", "en");
    let mut findings = parsed.findings;
    findings.extend(lint(&parsed.track, &profile("netflix"), &Context::default()));
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    expect_test::expect![[r#"
        fail: parse: line 9: `1:2 --> 3` has no times: the cue is lost; write `00:00:01.000 --> 00:00:02.000`
        warn: min_dur: cue 2 at 01:01:05.000: it is 500 ms on the screen, at least 834 are needed; show it longer, or join it to a neighbour"#]]
    .assert_eq(&lines.join("\n"));
}

/// Mends, and returns the WebVTT behind its first line.
fn fixed(vtt: &str, expected: expect_test::Expect) {
    let track = track(vtt, "en").track;
    let netflix = profile("netflix");
    let fixed = fix(&track, &netflix);
    let changes: Vec<_> = fixed.changes.iter().map(|change| format!("{}: {}", change.check, change.what)).collect();
    let left: Vec<_> = lint(&fixed.track, &netflix, &Context::default()).iter().map(ToString::to_string).collect();
    let vtt = write_vtt(&fixed.track);
    expected.assert_eq(&format!(
        "{}\n{}\n{}",
        vtt.trim_start_matches("WEBVTT\n\n"),
        changes.join("\n"),
        left.join("\n")
    ));
    assert_eq!(fix(&fixed.track, &netflix).track, fixed.track, "mending twice is mending once");
}

#[test]
fn what_can_be_mended_is() {
    fixed(
        "00:05.000 --> 00:05.300\nNo, said the Duchess.\n\n00:01.000 --> 00:09.000\nYes.",
        expect_test::expect![[r#"
            00:00:01.000 --> 00:00:04.920
            Yes.

            00:00:05.000 --> 00:00:06.050
            No, said the Duchess.

            order: sorted the cues by their starts
            overlap: ended it 4000 ms earlier, where the next one starts
            gap: ended it 80 ms earlier
            min_dur: ended it 750 ms later
        "#]],
    );
    fixed(
        "00:01.000 --> 00:02.960\nFirst of all.\n\n00:03.000 --> 00:04.000\nThen the rest.\n\n00:04.200 --> 00:06.000\nAnd more.",
        expect_test::expect![[r#"
            00:00:01.000 --> 00:00:02.920
            First of all.

            00:00:03.000 --> 00:00:04.120
            Then the rest.

            00:00:04.200 --> 00:00:06.000
            And more.

            gap: ended it 40 ms earlier
            gap: ended it 120 ms later
        "#]],
    );
    fixed(
        "00:01.000 --> 00:05.000\n<i>She looked at the</i>\nvery <b>big</b> white rabbit.",
        expect_test::expect![[r#"
            00:00:01.000 --> 00:00:05.000
            <i>She looked at the </i>very <b>big</b> white rabbit.

            bad_break: broke its lines anew: 1 instead of 2
        "#]],
    );
    fixed(
        "a\n00:01.000 --> 00:11.000\n<v Ann>Either the well was very deep, or she fell very slowly, for she had plenty of time as she went down to look about her and to wonder what was going to happen next.",
        expect_test::expect![[r#"
            a
            00:00:01.000 --> 00:00:04.408
            <v Ann>Either the well was very deep,
            or she fell very slowly,

            00:00:04.488 --> 00:00:08.129
            <v Ann>for she had plenty of time
            as she went down to look about her

            00:00:08.209 --> 00:00:11.000
            <v Ann>and to wonder what was going
            to happen next.

            lines: split it into 3 cues, timed by their lengths
            gap: ended it 80 ms earlier
            gap: ended it 80 ms earlier
        "#]],
    );
    fixed(
        "00:01.000 --> 00:01.300\nOh,\n\n00:01.340 --> 00:03.000\nI shall be late!\n\n00:05.000 --> 00:05.000\nLate!\n\n00:06.000 --> 00:07.000\n \n",
        expect_test::expect![[r#"
            00:00:01.000 --> 00:00:03.000
            Oh, I shall be late!

            00:00:05.000 --> 00:00:05.834
            Late!

            empty: removed a cue without words
            order: ended it 834 ms after its start, where it ended 0 ms before
            min_dur: joined it to the one before it
        "#]],
    );
    // A dialogue stays as it is.
    fixed(
        "00:01.000 --> 00:04.000\n- Where is the white rabbit with the pink eyes?\n- There.",
        expect_test::expect![[r#"
            00:00:01.000 --> 00:00:04.000
            - Where is the white rabbit with the pink eyes?
            - There.


            fail: cpl: cue 1 at 00:00:01.000: a line has 47 characters, 42 are allowed; break the line elsewhere, or split the cue"#]],
    );
}

#[test]
fn a_track_of_any_numbers_is_judged_and_mended() {
    let times = [0, 1, 833, u64::MAX - 1, u64::MAX];
    let mut track = Track { language: Some("en".to_owned()), ..Track::default() };
    for start in times {
        for end in times {
            track.cues.push(Cue::new(start, end, "Down the rabbit hole"));
        }
    }
    let words = [Word { text: "Down".to_owned(), start_ms: u64::MAX, end_ms: 0, ..Word::default() }];
    for name in Profile::names() {
        let findings = lint(&track, &profile(name), &Context { words: &words, source: Some(&track), unwanted: &[] });
        assert!(findings.iter().any(|finding| finding.severity == Severity::Fail));
        fix(&track, &profile(name));
        text::captions::cues(&words, "en", &profile(name));
    }
}
