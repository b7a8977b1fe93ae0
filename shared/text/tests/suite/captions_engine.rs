//! What the cue engine makes of prose, pauses, speakers and scripts.

use std::time::{Duration, Instant};
use text::captions::{Check, Context, Profile, Severity, Track, Word, cues, lint};

/// Chapter I of Carroll's Alice, 1865: in the public domain.
const ALICE: &str = include_str!("../captions/alice.txt");

fn profile(name: &str) -> Profile {
    Profile::named(name).expect("shipped")
}

/// Words at 160 a minute, each as long as it has letters, with a breath after marks and between paragraphs.
fn spoken(text: &str) -> Vec<Word> {
    let n_letters = text.chars().filter(|c| !c.is_whitespace()).count() as u64;
    let n_words = text.split_whitespace().count() as u64;
    let total_ms = n_words * 60_000 / 160;
    let mut at = 0;
    let mut words = Vec::new();
    for paragraph in text.split("\n\n") {
        for word in paragraph.split_whitespace() {
            let ms = word.chars().count() as u64 * total_ms * 9 / 10 / n_letters;
            words.push(Word { text: word.to_owned(), start_ms: at, end_ms: at + ms, ..Word::default() });
            at += ms + if word.ends_with([',', '.', '?', '!', ';', ':']) { 200 } else { 10 };
        }
        at += 600;
    }
    words
}

fn letters<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().flat_map(str::chars).filter(|c| !c.is_whitespace()).collect()
}

fn lines(track: &Track) -> Vec<String> {
    track.cues.iter().map(|cue| cue.text().replace('\n', "|")).collect()
}

#[test]
fn prose_breaks_where_readers_pause() {
    let words = spoken(ALICE);
    assert!(words.len() > 350, "{}", words.len());
    for name in ["netflix", "web"] {
        let track = cues(&words, "en", &profile(name));
        let findings = lint(&track, &profile(name), &Context { words: &words, ..Context::default() });
        let of = |check: Check| findings.iter().filter(|finding| finding.check == check).count();
        let worst: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Fail).collect();
        assert!(worst.is_empty(), "{worst:?}");
        let n_breaks = track.cues.iter().map(|cue| cue.lines.len()).sum::<usize>();
        let shown: Vec<_> = findings.iter().map(ToString::to_string).collect();
        println!("{name}: {} cues, {n_breaks} lines\n{}", track.cues.len(), shown.join("\n"));
        assert!(of(Check::BadBreak) * 50 < n_breaks, "{} of {n_breaks}: {shown:#?}", of(Check::BadBreak));
        for check in [Check::Cps, Check::MaxDur, Check::Gap, Check::LateAudio, Check::Lines, Check::Cpl] {
            assert_eq!(of(check), 0, "{name}: {check}: {shown:#?}");
        }
        assert_eq!(
            letters(
                track
                    .cues
                    .iter()
                    .flat_map(|cue| &cue.lines)
                    .flat_map(|line| &line.spans)
                    .map(|span| span.text.as_str())
            ),
            letters([ALICE])
        );
    }
}

#[test]
fn greedy_lines_would_be_found() {
    // The same prose, filled as far as lines go: the measure has to see what the engine is for.
    let mut filled = vec![String::new()];
    for word in ALICE.split_whitespace() {
        let last = filled.last_mut().expect("one");
        if last.chars().count() + word.chars().count() > 41 {
            filled.push(word.to_owned());
        } else {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        }
    }
    let mut track = Track { language: Some("en".to_owned()), ..Track::default() };
    for (i, pair) in filled.chunks(2).enumerate() {
        let start = i as u64 * 5000;
        track.cues.push(text::captions::Cue::new(start, start + 4920, &pair.join("\n")));
    }
    let findings = lint(&track, &profile("netflix"), &Context::default());
    let n_bad = findings.iter().filter(|finding| finding.check == Check::BadBreak).count();
    assert!(n_bad * 3 > track.cues.len(), "{n_bad} of {} cues", track.cues.len());
}

#[test]
fn a_pause_and_a_speaker_begin_a_cue() {
    let word = |text: &str, start_ms: u64, speaker: &str| Word {
        text: text.to_owned(),
        start_ms,
        end_ms: start_ms + 300,
        speaker: Some(speaker.to_owned()),
        ..Word::default()
    };
    let words = [
        word("Are", 0, "Ann"),
        word("you", 400, "Ann"),
        word("there", 800, "Ann"),
        word("?", 1100, "Ann"),
        word("Yes.", 1200, "Bob"),
        word("I", 5000, "Bob"),
        word("am.", 5400, "Bob"),
    ];
    let track = cues(&words, "en", &profile("netflix"));
    let found: Vec<_> = track.cues.iter().map(|cue| (cue.text(), cue.speaker.clone().unwrap_or_default())).collect();
    let expected = [("Are you there?", "Ann"), ("Yes.", "Bob"), ("I am.", "Bob")];
    assert_eq!(found, expected.map(|(text, speaker)| (text.to_owned(), speaker.to_owned())));
    assert_eq!(track.cues[0].end_ms, 1120, "two frames before the next one");
    assert_eq!((track.cues[1].start_ms, track.cues[1].end_ms), (1200, 2034), "as long as the shortest cue may be");
}

#[test]
fn scripts_without_spaces_break_between_characters_and_keep_their_rules() {
    let text = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。";
    let words = [Word { text: text.to_owned(), start_ms: 0, end_ms: 20_000, ..Word::default() }];
    let track = cues(&words, "ja", &profile("netflix"));
    assert!(track.cues.len() > 2, "{:?}", lines(&track));
    for line in track.cues.iter().flat_map(|cue| &cue.lines).map(text::captions::Line::text) {
        assert!(line.chars().count() <= 23, "{line}");
        assert!(!line.starts_with(['。', 'ー', 'ャ', 'っ', '、']), "{line}");
    }
    assert_eq!(
        letters(track.cues.iter().flat_map(|cue| &cue.lines).flat_map(|line| &line.spans).map(|s| s.text.as_str())),
        text
    );

    let thai = ["สวัสดี", "ครับ"].map(|text| Word { text: text.to_owned(), end_ms: 500, ..Word::default() });
    assert_eq!(lines(&cues(&thai, "th", &profile("netflix"))), ["สวัสดีครับ"]);
    let arabic = ["مرحبا", "بك", "في", "Paris", "،", "صديقي", "."];
    let arabic = arabic.map(|text| Word { text: text.to_owned(), end_ms: 2000, ..Word::default() });
    assert_eq!(lines(&cues(&arabic, "ar", &profile("netflix"))), ["مرحبا بك في Paris، صديقي."], "in logical order");
    let french = ["Quoi", "?"].map(|text| Word { text: text.to_owned(), end_ms: 900, ..Word::default() });
    assert_eq!(lines(&cues(&french, "fr", &profile("netflix"))), ["Quoi\u{a0}?"]);
}

#[test]
fn two_hours_take_less_than_a_second() {
    let page = spoken(ALICE);
    let page_ms = page.last().expect("words").end_ms + 1000;
    let mut words = Vec::new();
    for i in 0.. {
        let later = |word: &Word| Word {
            start_ms: word.start_ms + i * page_ms,
            end_ms: word.end_ms + i * page_ms,
            ..word.clone()
        };
        words.extend(page.iter().map(later));
        if words.len() >= 20_000 {
            break;
        }
    }
    let start = Instant::now();
    let track = cues(&words, "en", &profile("netflix"));
    let took = start.elapsed();
    println!("{} words, {} cues: {took:?}", words.len(), track.cues.len());
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(track, cues(&words, "en", &profile("netflix")));
}

#[test]
fn profiles_are_what_they_say() {
    let names: Vec<_> = Profile::names().collect();
    assert_eq!(names, ["bbc", "children", "netflix", "sdh", "web"]);
    for name in names {
        let profile = profile(name);
        for check in Check::ALL {
            assert_eq!(Check::of_id(check.id()), Some(check));
            assert!(check == Check::Parse || profile.severity(check).is_some(), "{check}");
        }
    }
    let netflix = profile("netflix");
    assert_eq!((netflix.cpl("en-US"), netflix.cpl("JA"), netflix.cpl("zh-Hant")), (42, 23, 16));
    assert_eq!((netflix.cps("en"), netflix.cps("de"), profile("sdh").cps("de")), (20.0, 17.0, 20.0));
    assert_eq!((netflix.min_gap_ms(), netflix.clone().with_fps(23.976).min_gap_ms()), (80, 84));
    assert_eq!(netflix.clone().with_fps(f64::NAN), netflix);
    let own = text::captions::PROFILES.replace("[web]", "[own]").replace("empty = \"fail\"", "empty = \"off\"");
    assert_eq!(Profile::parse("own", &own).expect("valid").severity(Check::Empty), None);
    let errors = [
        ("x", "", "there is no profile `x`"),
        ("own", "own = 1", "profile is no TOML of profiles: "),
        ("own", "= 1", "profile is no TOML of profiles: "),
    ];
    for (name, file, says) in errors {
        let error = Profile::parse(name, file).expect_err("wrong").to_string();
        assert!(error.starts_with(says), "{error}");
    }
    let error = Profile::parse("own", &own.replace("fps = 25", "fps = 0.5")).expect_err("wrong").to_string();
    assert_eq!(error, "`own.fps` is 0.5; give frames a second, 1 to 1000");
    let error =
        Profile::parse("own", &own.replace("order = \"fail\"", "order = \"bad\"")).expect_err("wrong").to_string();
    assert_eq!(error, "`severity.*` is `bad`; give `off`, `note`, `warn` or `fail`");
}
