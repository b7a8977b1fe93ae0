//! Files read and written.

use text::captions::{
    Chapter, Cue, Format, Line, Parsed, Settings, Span, Style, Track, parse, parse_imsc, parse_srt, parse_vtt,
    with_names, write_chapters, write_imsc, write_srt, write_vtt,
};

/// Writes what was read: a line a cue, then the findings.
fn shown(parsed: &Parsed) -> String {
    let mut lines: Vec<_> = parsed.track.cues.iter().map(show).collect();
    lines.extend(parsed.findings.iter().map(ToString::to_string));
    lines.join("\n")
}

fn show(cue: &Cue) -> String {
    let span = |span: &Span| {
        let style = &span.style;
        let mut marks: Vec<String> = Vec::new();
        marks.extend(style.is_bold.then(|| "b".to_owned()));
        marks.extend(style.is_italic.then(|| "i".to_owned()));
        marks.extend(style.is_underlined.then(|| "u".to_owned()));
        marks.extend(style.classes.iter().map(|class| format!(".{class}")));
        marks.extend(style.language.iter().map(|language| format!("lang={language}")));
        marks.extend(style.voice.iter().map(|voice| format!("v={voice}")));
        marks.extend(span.ruby.iter().map(|ruby| format!("ruby={ruby}")));
        marks.extend(span.at_ms.iter().map(|at| format!("@{at}")));
        if marks.is_empty() { span.text.clone() } else { format!("[{} {}]", marks.join(" "), span.text) }
    };
    let lines: Vec<_> = cue.lines.iter().map(|line| line.spans.iter().map(span).collect::<String>()).collect();
    let settings = &cue.settings;
    let settings =
        [&settings.region, &settings.vertical, &settings.line, &settings.position, &settings.size, &settings.align];
    let settings: Vec<_> = settings.into_iter().flatten().cloned().collect();
    let head = [cue.id.clone().unwrap_or_default(), cue.speaker.clone().unwrap_or_default(), settings.join(" ")];
    let head: Vec<_> = head.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}-{} {}: {}", cue.start_ms, cue.end_ms, head.join(" "), lines.join("|"))
}

#[test]
fn webvtt_is_read_as_specified() {
    let file = "\u{feff}WEBVTT - a title\nLanguage: en-GB\n\nNOTE\nnot\nread\n\nSTYLE\n::cue(.x) { color: red }\n\n\
        REGION\nid:r width:50%\n\nfirst\n00:01.000 --> 00:02.500 line:0 position:10%,line-left size:50% align:left region:r\n\
        <v Ann>Hi &amp; <i>good</i>\n<c.yellow.bg>morning</c> &lt;you&gt;\n\n1:00:00.000-->1:00:01.000\nNo spaces\r\r\n\
        00:00:03.000 --> 00:00:04.000\n<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby> <lang en>x</lang><00:00:03.500>later\n\
        00:00:05.000 --> 00:00:06.000\nright below\n\n2\n00:07,000 --> 00:08.000\nlost\n\nstray\nlines\n\n\
        00:09.000 --> 00:10.000 line:x size:101% colour:red region:q\n<b>open <x>tag &unknown; &#x41;&#66;\n\n\
        <\n00:11.000 --> 00:12.000\n<v Bob>One</v> <v Cid>Two</v> <";
    let parsed = parse_vtt(file);
    expect_test::expect![[r#"
        1000-2500 first Ann r 0 10%,line-left 50% left: Hi & [i good]|[.yellow .bg morning] <you>
        3600000-3601000 : No spaces
        3000-4000 : [ruby=かん 漢][ruby=じ 字] [lang=en x][@3500 later]
        5000-6000 : right below
        9000-10000 : [b open tag &unknown; AB]
        11000-12000 <: [v=Bob One] [v=Cid Two] 
        fail: parse: line 28: `00:07,000 --> 00:08.000` has no times: the cue is lost; write `00:00:01.000 --> 00:00:02.000`
        warn: parse: line 31: `stray` belongs to no cue; put a line of times above it, or `NOTE`, or remove it
        warn: parse: line 34: `line:x` is no setting; remove it, or write it as WebVTT's cue settings have it
        warn: parse: line 34: `size:101%` is no setting; remove it, or write it as WebVTT's cue settings have it
        warn: parse: line 34: `colour:red` is no setting; remove it, or write it as WebVTT's cue settings have it
        warn: parse: line 34: `region:q` is no setting; remove it, or write it as WebVTT's cue settings have it
        warn: parse: line 35: `<x>` is unknown here; write tags and `&lt;` as WebVTT's cue text has them
        warn: parse: line 35: `<b>` is not closed; write tags and `&lt;` as WebVTT's cue text has them
        warn: parse: line 39: `<` without `>`; write tags and `&lt;` as WebVTT's cue text has them
        warn: parse: line 39: `<>` is unknown here; write tags and `&lt;` as WebVTT's cue text has them"#]].assert_eq(&shown(&parsed));
    assert_eq!(parsed.track.language.as_deref(), Some("en-GB"));
    assert_eq!(parsed.track.blocks, ["STYLE\n::cue(.x) { color: red }", "REGION\nid:r width:50%"]);
    assert_eq!(parse_vtt(&write_vtt(&parsed.track)).track.cues, parsed.track.cues);
    for bad in ["", "WEBVT", "WEBVTTX\n\n00:01.000 --> 00:02.000\nx", " WEBVTT", "webvtt"] {
        let parsed = parse_vtt(bad);
        assert!(parsed.track.cues.is_empty() && parsed.findings.len() == 1, "{bad}");
    }
    assert_eq!(parse_vtt("WEBVTT\n00:01.000 --> 00:02.000\nright below the head").track.cues.len(), 1);
    assert_eq!(parse_vtt("WEBVTT"), Parsed::default());
}

#[test]
fn srt_is_read_as_it_is_found() {
    let file = "\u{feff}1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Hello,</i> <b>you\r\nthere</b>.\r\n\r\n2\r\n\
        0:0:3.5 --> 0:0:4.0  X1:10 X2:20\n{\\an8}On top\n\nafter a blank line\n\n\
        00:00:05,000 --> 00:00:06,000\nno number above\n4\n00:00:07,000-->00:00:08,000\n<font color=\"red\">red</font> 1 < 2 <x>\n42\n\n\
        6\n00:00:09,000 -> 00:00:10,000\nwrong arrow\n\n7\n00:00:11 --> x\n";
    let parsed = parse_srt(file);
    expect_test::expect![[r#"
        1000-2500 : [i Hello,] [b you]|[b there].
        3500-4000 0: On top|after a blank line
        5000-6000 : no number above|4
        7000-8000 : red 1 < 2 <x>|42
        9000-10000 : wrong arrow|7|00:00:11 --> x
        warn: parse: line 20: `00:00:09,000 -> 00:00:10,000` has no `-->`; write `-->`: players know no other
        fail: parse: line 24: `00:00:11 --> x` has no times; write `00:00:01,000 --> 00:00:02,000`"#]]
    .assert_eq(&shown(&parsed));
    assert_eq!(
        shown(&parse_srt("words\nalone")),
        "warn: parse: line 1: `words` belongs to no cue; put a line of times above it, or remove it"
    );
}

#[test]
fn ttml_is_read_as_it_is_found() {
    let file = r#"<?xml version="1.0"?>
<!DOCTYPE tt [<!ENTITY a "aaaa">]>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
    xmlns:ttm="http://www.w3.org/ns/ttml#metadata" xml:lang="fr" ttp:frameRate="25" ttp:tickRate="1000">
 <head>
  <metadata><ttm:title>not shown</ttm:title><ttm:agent xml:id="a" type="person"><ttm:name type="full">Ann &amp; Co</ttm:name></ttm:agent></metadata>
  <styling><style xml:id="it" tts:fontStyle="italic"/><style xml:id="both" style="it" tts:fontWeight="bold"/></styling>
  <layout><region xml:id="t"><style tts:displayAlign="before"/></region><region xml:id="u" tts:displayAlign="after"/></layout>
 </head>
 <body begin="10s"><div>
  <p xml:id="one" begin="00:00:01.500" end="00:00:02:10" region="t" ttm:agent="a">
    Bonjour<br/>
    <span style="both">le   monde</span> !
  </p>
  <p begin="3s" dur="1500ms" tts:textAlign="left" style="it">A<span tts:fontStyle="normal"> b</span> &#x41;&lt;&a;<![CDATA[<c>]]></p>
  <p begin="5000t" end="6000t" xml:space="preserve">  kept
as is </p>
  <p><span begin="7s" end="8s">one </span><span begin="8s" end="9s" tts:color="yellow" xml:lang="en">two</span></p>
  <p begin="x" end="20s">no time</p>
  <p begin="11s">no end</p>
  <p begin="12s" end="13s"><span tts:ruby="container"><span tts:ruby="base">漢</span><span tts:ruby="text">かん</span></span>字</p>
 </div></body>
</tt>"#;
    let parsed = parse_imsc(file);
    expect_test::expect![[r#"
        11500-12400 one Ann & Co 0: Bonjour|[b i le monde] !
        13000-14500 left: [i A] b[i  A<&a;<c>]
        15000-16000 :   kept|as is 
        10000-19000 : [@17000 one ][.yellow lang=en @18000 two]
        10000-30000 : no time
        21000-21000 : no end
        22000-23000 : [ruby=かん 漢]字
        warn: parse: line 2: a document type is not read; remove `<!DOCTYPE …>`
        warn: parse: line 15: `&a;` is no character; write the character
        fail: parse: line 19: `begin="x"` is no time; write `00:00:01.000`, or `1.5s`
        fail: parse: line 20: a paragraph has no end; give it `end` or `dur`"#]]
    .assert_eq(&shown(&parsed));
    assert_eq!(parsed.track.language.as_deref(), Some("fr"));
    let deep = format!("<tt>{}<p begin='1s' end='2s'>x</p>", "<div>".repeat(100_000));
    let findings: Vec<_> = parse_imsc(&deep).findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings, ["fail: parse: line 1: elements are nested deeper than 64; nest them less"]);
    assert!(shown(&parse_imsc("<tt><p begin='1s' end='2s'>x</q")).contains("the XML is broken"));
    assert!(shown(&parse_imsc("words")).contains("no element `tt`"));
}

fn track() -> Track {
    let span = |text: &str, style: Style| Span { text: text.to_owned(), style, ..Span::default() };
    let voice = |name: &str| Style { voice: Some(name.to_owned()), ..Style::default() };
    let italic = Style { is_italic: true, classes: vec!["yellow".to_owned()], ..Style::default() };
    let mut first = Cue::new(1000, 2500, "a\n1 < 2 & \"3\"");
    first.id = Some("one".to_owned());
    first.lines[0].spans = vec![span("Hi ", Style::default()), span("there", italic)];
    first.speaker = Some("Ann".to_owned());
    first.settings = Settings { line: Some("0".to_owned()), align: Some("start".to_owned()), ..Settings::default() };
    let mut second = Cue::new(3_600_000, 3_601_001, "x\ny");
    second.lines[0] = Line { spans: vec![span("- Who?", voice("Ann"))] };
    second.lines[1] = Line { spans: vec![span("- I.", voice("Bob"))] };
    Track { language: Some("en".to_owned()), cues: vec![first, second], blocks: Vec::new() }
}

#[test]
fn files_are_written() {
    expect_test::expect![[r#"
        WEBVTT

        one
        00:00:01.000 --> 00:00:02.500 line:0 align:start
        <v Ann>Hi <c.yellow><i>there</i></c>
        1 &lt; 2 &amp; "3"

        01:00:00.000 --> 01:00:01.001
        <v Ann>- Who?</v>
        <v Bob>- I.</v>
    "#]]
    .assert_eq(&write_vtt(&track()));
    expect_test::expect![[r#"
        1
        00:00:01,000 --> 00:00:02,500
        {\an8}Hi <i>there</i>
        1 < 2 & "3"

        2
        01:00:00,000 --> 01:00:01,001
        - Who?
        - I.

    "#]]
    .assert_eq(&write_srt(&track()).replace("\r\n", "\n"));
    assert!(write_srt(&track()).lines().count() * 2 == write_srt(&track()).matches(['\r', '\n']).count());
    expect_test::expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ttm="http://www.w3.org/ns/ttml#metadata" ttp:contentProfiles="http://www.w3.org/ns/ttml/profile/imsc1.1/text" ttp:timeBase="media" xml:space="preserve" xml:lang="en">
        <head>
        <metadata>
        <ttm:agent xml:id="speaker1" type="person"><ttm:name type="full">Ann</ttm:name></ttm:agent>
        <ttm:agent xml:id="speaker2" type="person"><ttm:name type="full">Bob</ttm:name></ttm:agent>
        </metadata>
        <layout>
        <region xml:id="bottom" tts:origin="10% 10%" tts:extent="80% 80%" tts:displayAlign="after" tts:textAlign="center"/>
        <region xml:id="top" tts:origin="10% 10%" tts:extent="80% 80%" tts:displayAlign="before" tts:textAlign="center"/>
        </layout>
        </head>
        <body>
        <div>
        <p xml:id="one" begin="00:00:01.000" end="00:00:02.500" region="top" ttm:agent="speaker1" tts:textAlign="start">Hi <span tts:fontStyle="italic" tts:color="yellow">there</span><br/>1 &lt; 2 &amp; &quot;3&quot;</p>
        <p begin="01:00:00.000" end="01:00:01.001" region="bottom"><span ttm:agent="speaker1">- Who?</span><br/><span ttm:agent="speaker2">- I.</span></p>
        </div>
        </body>
        </tt>
    "#]].assert_eq(&write_imsc(&track()));
    assert_eq!(parse_imsc(&write_imsc(&track())), Parsed { track: track(), findings: Vec::new() });
    let texts: Vec<_> = with_names(&track()).cues.iter().map(Cue::text).collect();
    assert_eq!(texts, ["Ann: Hi there\n1 < 2 & \"3\"", "- Who?\nBob: - I."]);
}

#[test]
fn formats_are_recognised() {
    for format in [Format::Vtt, Format::Srt, Format::Imsc] {
        let written = format.write(&track());
        assert_eq!(Format::of_text(&written), format);
        assert_eq!(parse(written.as_bytes(), None).track.cues.len(), 2);
        let utf16: Vec<u8> =
            "\u{feff}".encode_utf16().chain(written.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        assert_eq!(parse(&utf16, None), parse(written.as_bytes(), None));
    }
    assert_eq!(Format::of_extension("DFXP"), Some(Format::Imsc));
    let parsed = parse(b"1\n00:00:01,000 --> 00:00:02,000\ncaf\xe9", None);
    assert_eq!(
        shown(&parsed),
        "1000-2000 : caf\u{fffd}\nfail: parse: line 3: it is not in UTF-8; save the file in UTF-8"
    );
}

#[test]
fn chapters_are_written() {
    let chapter = |start_ms, title: &str| Chapter { start_ms, title: title.to_owned() };
    let chapters = [
        chapter(60_000, "The\nPool --> of Tears"),
        chapter(0, "Down"),
        chapter(60_000, "Twice"),
        chapter(90_000, "Behind"),
        chapter(5, " "),
    ];
    expect_test::expect![[r#"
        WEBVTT

        00:00:00.000 --> 00:01:00.000
        Down

        00:01:00.000 --> 00:01:30.000
        The Pool --&gt; of Tears
    "#]]
    .assert_eq(&write_chapters(&chapters, 90_000));
    assert_eq!(write_chapters(&[], 1), "WEBVTT\n");
}
