//! What holds for any captions.

use proptest::prelude::*;
use std::time::{Duration, Instant};
use text::captions::{
    Context, Cue, Format, Line, Profile, Settings, Span, Style, Track, Word, cues, fix, lint, parse, parse_imsc,
    parse_srt, parse_vtt, write_imsc, write_srt, write_vtt,
};

/// Pieces of all formats, in any order, between anything else.
fn file() -> impl Strategy<Value = String> {
    let pieces = [
        "WEBVTT",
        "\n",
        "\n\n",
        "\r\n",
        "00:01.000 --> 00:02.000",
        "00:00:01,000 --> 00:00:02,000\n",
        " --> ",
        "1\n",
        "NOTE ",
        "STYLE\n",
        "REGION\nid:a\n",
        " region:a",
        " line:-1,end",
        " size:50%",
        "<v Ann>",
        "</v>",
        "<i>",
        "</i>",
        "<c.a.b>",
        "<ruby>",
        "<rt>",
        "</ruby>",
        "<00:00:01.500>",
        "<lang x>",
        "&amp;",
        "&#x110000;",
        "&#0;",
        "&",
        "{\\an8}",
        "{\\an",
        "<font",
        ">",
        "<tt>",
        "<tt xml:lang='x' frameRate='25'>",
        "<body begin='1s'>",
        "<p begin='1s' end='00:00:02:03'>",
        "<p>",
        "</p>",
        "<br/>",
        "<span ruby='base'>",
        "<span ruby='text'>",
        "</span>",
        "<region id='x' displayAlign='before'>",
        "<agent xml:id='a'><name>",
        "</name>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<!DOCTYPE",
        "é",
        "漢",
        "\u{feff}",
        "\0",
        "\u{2028}",
        "99999999999999999999",
        "begin='99999999999999999999h'",
    ];
    let piece = prop_oneof![2 => any::<String>(), 1 => ".{0,12}", 6 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned)];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn style() -> impl Strategy<Value = Style> {
    let class = prop::sample::subsequence(vec!["yellow".to_owned()], 0..=1);
    let language = prop::option::of(prop::sample::select(vec!["de".to_owned(), "ja-Hira".to_owned()]));
    (any::<bool>(), any::<bool>(), any::<bool>(), class, language).prop_map(
        |(is_bold, is_italic, is_underlined, classes, language)| Style {
            is_bold,
            is_italic,
            is_underlined,
            classes,
            language,
            voice: None,
        },
    )
}

/// Lines that every format keeps: with a letter in front, styles that differ, and no break. `letters` are what they are of.
fn line(letters: &'static str) -> impl Strategy<Value = Line> {
    prop::collection::vec((letters, style(), prop::option::weighted(0.1, "[a-zあ]{1,3}")), 1..4).prop_map(|spans| {
        let mut line: Vec<Span> = Vec::new();
        for (text, style, ruby) in spans {
            let is_same = line.last().is_some_and(|last| last.style == style && last.ruby.is_none() && ruby.is_none());
            if !is_same {
                line.push(Span { text, style, ruby, at_ms: None });
            }
        }
        Line { spans: line }
    })
}

fn track(letters: &'static str) -> impl Strategy<Value = Track> {
    let times = (0..400_000_000_u64, 0..10_000_u64);
    let place = (any::<bool>(), prop::option::of(prop::sample::select(vec!["start", "left", "end"])));
    let names = (prop::option::of("[a-z][a-z0-9]{0,5}"), prop::option::of("[A-Z][a-zé&<]{1,8}( [A-Z]\\.)?"));
    let cue = (times, prop::collection::vec(line(letters), 0..4), place, names);
    let cue = cue.prop_map(|((start_ms, ms), lines, (is_top, align), (id, speaker))| Cue {
        id,
        start_ms,
        end_ms: start_ms + ms,
        speaker: speaker.filter(|_| !lines.is_empty()),
        lines,
        settings: Settings {
            line: is_top.then(|| "0".to_owned()),
            align: align.map(str::to_owned),
            ..Settings::default()
        },
    });
    let unique = |mut cues: Vec<Cue>| {
        for (i, cue) in cues.iter_mut().enumerate() {
            cue.id = cue.id.take().map(|id| format!("{id}-{i}"));
        }
        cues
    };
    prop::collection::vec(cue, 0..6).prop_map(unique).prop_map(|cues| Track {
        language: None,
        cues,
        blocks: Vec::new(),
    })
}

fn words() -> impl Strategy<Value = Vec<Word>> {
    let text = prop_oneof!["[a-zA-Z]{1,12}[.,!?]?", "[あ-ん一-龠]{1,30}", any::<String>(), "[.,?!]", "[a-z]{80}"];
    let times =
        prop_oneof![8 => (0..600_u64, 0..2000_u64), 1 => (0..1_u64, 0..1_u64), 1 => (any::<u64>(), any::<u64>())];
    let word = (text, times, prop::option::of("[AB]"));
    prop::collection::vec(word, 0..60).prop_map(|words| {
        let mut at: u64 = 0;
        let word = |(text, (ms, pause), speaker): (String, (u64, u64), Option<String>)| {
            let start_ms = at;
            at = at.saturating_add(ms).saturating_add(pause / 4);
            Word { text, start_ms, end_ms: start_ms.saturating_add(ms), confidence: None, speaker }
        };
        words.into_iter().map(word).collect()
    })
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn said(track: &Track) -> String {
    track.cues.iter().map(|cue| letters(&cue.text())).collect()
}

const TAGS: [&str; 8] = ["en", "de", "fr", "ja", "zh", "th", "ar", "x-?"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        parse(&bytes, None);
        for format in [Format::Vtt, Format::Srt, Format::Imsc] {
            parse(&bytes, Some(format));
        }
    }

    #[test]
    fn any_text_is_read_judged_mended_and_written(text in file(), head in prop::sample::select(vec!["", "WEBVTT\n\n", "<tt>"])) {
        let text = format!("{head}{text}");
        for format in [Format::Vtt, Format::Srt, Format::Imsc] {
            let mut parsed = parse(text.as_bytes(), Some(format));
            parsed.track.language = Some("en".to_owned());
            for finding in &parsed.findings {
                prop_assert!(finding.line.is_some() && !finding.fix.is_empty());
            }
            let netflix = Profile::named("netflix").expect("shipped");
            lint(&parsed.track, &netflix, &Context { source: Some(&parsed.track), ..Context::default() });
            let fixed = fix(&parsed.track, &netflix);
            prop_assert_eq!(fixed.track.cues.iter().map(|cue| letters(&cue.text()).len()).sum::<usize>(), said(&parsed.track).len());
            for written in [write_vtt(&fixed.track), write_srt(&fixed.track), write_imsc(&fixed.track)] {
                let again = parse(written.as_bytes(), None);
                prop_assert_eq!(again.track.cues.len(), fixed.track.cues.len(), "{}", written);
            }
        }
    }

    #[test]
    fn webvtt_and_imsc_come_back(track in track("[a-zé漢<>&\"'][a-z 漢<>&.;-]{0,8}[a-z漢<&]")) {
        let vtt = parse_vtt(&write_vtt(&track));
        prop_assert_eq!(&vtt.track, &track);
        prop_assert_eq!(&vtt.findings, &[]);
        let imsc = parse_imsc(&write_imsc(&track));
        prop_assert_eq!(&imsc.track, &track);
        prop_assert_eq!(&imsc.findings, &[]);
    }

    #[test]
    fn srt_comes_back(mut track in track("[a-zé漢&\"'][a-z 漢&.;-]{0,8}[a-z漢&]")) {
        for cue in &mut track.cues {
            (cue.id, cue.speaker, cue.settings.align) = (None, None, None);
            cue.settings.line = cue.settings.line.take().filter(|_| !cue.lines.is_empty());
        }
        let mut plain = track.clone();
        for line in plain.cues.iter_mut().flat_map(|cue| &mut cue.lines) {
            let mut joined: Vec<Span> = Vec::new();
            for mut span in std::mem::take(&mut line.spans) {
                (span.ruby, span.style.language) = (None, None);
                span.style.classes.clear();
                match joined.last_mut() {
                    Some(last) if last.style == span.style => last.text.push_str(&span.text),
                    _ => joined.push(span),
                }
            }
            line.spans = joined;
        }
        let srt = parse_srt(&write_srt(&track));
        prop_assert_eq!(&srt.track, &plain);
        prop_assert_eq!(&srt.findings, &[]);
    }

    #[test]
    fn the_engine_keeps_words_order_and_lines(words in words(), tag in prop::sample::select(&TAGS[..]), name in prop::sample::select(vec!["netflix", "bbc", "children"])) {
        let profile = Profile::named(name).expect("shipped");
        let track = cues(&words, tag, &profile);
        let spoken: String = words.iter().map(|word| letters(&word.text)).collect();
        prop_assert_eq!(said(&track), spoken);
        for cue in &track.cues {
            prop_assert!(cue.end_ms > cue.start_ms && cue.lines.len() <= profile.max_lines() && !cue.lines.is_empty());
            prop_assert!(cue.duration_ms() <= profile.max_duration_ms());
        }
        for pair in track.cues.windows(2) {
            prop_assert!(pair[0].end_ms <= pair[1].start_ms);
        }
        prop_assert_eq!(&cues(&words, tag, &profile), &track);
    }

    #[test]
    fn mending_keeps_the_words_of_made_captions_and_finds_nothing_to_do(words in words()) {
        let profile = Profile::named("netflix").expect("shipped");
        let mut track = cues(&words, "en", &profile);
        // What somebody broke: all of a cue on one line.
        for cue in &mut track.cues {
            *cue = Cue { speaker: cue.speaker.clone(), ..Cue::new(cue.start_ms, cue.end_ms, &cue.text().replace('\n', " ")) };
        }
        let fixed = fix(&track, &profile).track;
        prop_assert_eq!(said(&fixed), said(&track));
        let n = |track: &Track| {
            let findings = lint(track, &profile, &Context::default());
            findings.iter().filter(|finding| finding.severity == text::captions::Severity::Fail).count()
        };
        prop_assert!(n(&fixed) <= n(&track));
    }
}

#[test]
fn time_grows_with_the_length() {
    let netflix = Profile::named("netflix").expect("shipped");
    // Quadratic work on a text of this length takes minutes.
    for unit in [
        "<",
        "<i>",
        "<c.a>",
        "</i>",
        "&",
        "&a",
        "<00:00:01.000>x",
        "<v A>x",
        "<font",
        "a ",
        "漢",
        "a\n",
        "\n",
        "1\n",
        "x --> y\n\n",
        "00:01.000 --> 00:02.000\n",
        "00:00:01,000 --> 00:00:01,001\na\n\n",
        "<ruby>",
        "<ruby>a<rt>b</rt>",
        "<p begin='1s' end='2s'>a</p>",
        "<div>",
        "<br/>",
        "<style xml:id='a' style='a'/>",
        "&#65;",
        "a='b' ",
        "<!--",
        "- a\n",
        "the ",
        "1,",
        "\u{301}",
    ] {
        let body = unit.repeat(300_000 / unit.len());
        for text in [
            format!("WEBVTT\n\n00:01.000 --> 00:09.000\n{body}"),
            format!("00:00:01,000 --> 00:00:09,000\n{body}"),
            format!("<tt><body><p begin='1s' end='9s'>{body}"),
            format!("<tt {body}"),
        ] {
            let start = Instant::now();
            let mut parsed = parse(text.as_bytes(), None);
            parsed.track.language = Some("en".to_owned());
            let words = [Word { text: "a".to_owned(), ..Word::default() }];
            lint(&parsed.track, &netflix, &Context { words: &words, source: Some(&parsed.track), unwanted: &[] });
            write_imsc(&fix(&parsed.track, &netflix).track);
            let took = start.elapsed();
            assert!(took < Duration::from_secs(5), "`{}` in `{:.20}` took {took:?}", unit.escape_debug(), text);
        }
    }
}
