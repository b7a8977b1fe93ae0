//! The server hears real people, asked by the client that functions use.

mod common;

use common::{Server, beckett, models as folder};
use embedded::SystemClock;
use models::book::Book;
use models::{Audio, HttpClient, Models, TranscribeRequest, Transcript};
use ports::Clock;
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

const JFK: &[u8] = include_bytes!("data/speech/jfk.flac");

/// What Kennedy says.
const JFK_SAYS: &str =
    "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.";

/// What the actor says.
const BECKETT_SAYS: &str = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.";

const RATE: usize = 16_000;

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(folder(), &[]))
}

/// Asks as a function does.
fn hear(media_type: &str, bytes: Vec<u8>, duration_ms: u64, language: Option<&str>, vocabulary: &[&str]) -> Transcript {
    let book = format!(
        "[[model]]\nid = \"whisper-base\"\nprovider = \"openai\"\nmodel = \"whisper-base\"\nkind = \"transcription\"\n\
         inputs = [\"audio\"]\naudio = {{ seconds = 1800, bytes = 67108864 }}\nfree = true\nurl = \"{}\"\n",
        server().url
    );
    let http = Arc::new(HttpClient::new().expect("connections"));
    let models =
        Models::new(Book::parse("test", &book).expect("a book"), Arc::new(SystemClock)).with_openai(http, |_| None);
    let request = TranscribeRequest {
        audio: Audio { media_type: media_type.into(), duration_ms, bytes: bytes.into() },
        language: language.map(str::to_owned),
        vocabulary: vocabulary.iter().map(|word| (*word).to_owned()).collect(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let asked = models.transcriber("whisper-base").expect("it is in the book");
    runtime.block_on(asked.transcribe(&request, SystemClock.now_ms() + 300_000)).expect("it answers")
}

/// Words without what spelling is free in.
fn bare(text: &str) -> Vec<String> {
    let letters = text.to_lowercase().replace(|c: char| !c.is_alphanumeric() && c != '\'', " ");
    letters.split_whitespace().map(str::to_owned).collect()
}

/// Words that are wrong, missing or too many, by those that are said.
fn error_rate(found: &str, said: &str) -> f64 {
    let (found, said) = (bare(found), bare(said));
    let mut row: Vec<usize> = (0..=said.len()).collect();
    for (i, x) in found.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in said.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != y)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[said.len()] as f64 / said.len() as f64
}

/// A WAV file of 16 bits.
fn wav(samples: &[i16], rate: usize) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    file.extend((rate as u32).to_le_bytes());
    file.extend([0; 6]);
    file.extend(b"\x10\0data");
    file.extend((samples.len() as u32 * 2).to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

fn jfk() -> Vec<i16> {
    let mut reader = claxon::FlacReader::new(JFK).expect("FLAC");
    reader.samples().map(|sample| sample.expect("a sample") as i16).collect()
}

fn beckett_samples() -> Vec<i16> {
    let file = beckett();
    let at = file.windows(4).position(|name| name == b"data").expect("samples") + 8;
    file[at..].as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect()
}

/// Words are in order, one after the other, and inside of the recording.
fn check_times(heard: &Transcript, duration_ms: u64) {
    let mut last = (0, 0);
    for word in &heard.words {
        assert!(word.start_ms <= word.end_ms && word.end_ms <= duration_ms, "{word:?}");
        assert!(word.start_ms >= last.0 && word.end_ms >= last.1, "{last:?} before {word:?}");
        assert!(word.confidence_thousandths.is_some_and(|value| value <= 1000), "{word:?}");
        last = (word.start_ms, word.end_ms);
    }
}

#[test]
fn a_president_is_understood_and_each_word_has_its_time() {
    let heard = hear("audio/flac", JFK.to_vec(), 11_000, None, &[]);
    println!("{heard:#?}");
    assert!(error_rate(&heard.text, JFK_SAYS) <= 0.05, "{}", heard.text);
    assert_eq!((heard.language.as_deref(), heard.duration_ms), (Some("en"), 11_000));
    check_times(&heard, 11_000);
    let words: Vec<String> = heard.words.iter().flat_map(|word| bare(&word.text)).collect();
    assert_eq!(words, bare(&heard.text));
    // Read off the loudness: where a word stands between two silences, and the first of each sentence.
    let times = |wanted: &str| -> Vec<(u64, u64)> {
        let words = heard.words.iter().filter(|word| bare(&word.text) == [wanted]);
        words.map(|word| (word.start_ms, word.end_ms)).collect()
    };
    let near = |found: u64, wanted: u64| found.abs_diff(wanted) <= 300;
    for (word, nth, start, end) in
        [("ask", 0, 3250, 3700), ("not", 0, 3980, 4350), ("what", 0, 5400, 5650), ("ask", 1, 8150, 8500)]
    {
        let (found_start, found_end) = times(word)[nth];
        assert!(near(found_start, start) && near(found_end, end), "`{word}`: {found_start}..{found_end}");
    }
}

#[test]
fn other_containers_and_rates_say_the_same() {
    // Every sample three times: 48 kHz, if not as a studio makes it.
    let slow: Vec<i16> = jfk().into_iter().flat_map(|sample| [sample; 3]).collect();
    let heard = hear("audio/wav", wav(&slow, 3 * RATE), 11_000, Some("en-US"), &["Americans", "Kennedy"]);
    assert!(error_rate(&heard.text, JFK_SAYS) <= 0.05, "{}", heard.text);
    assert_eq!(heard.language.as_deref(), Some("en-US"));
}

#[test]
fn windows_join_without_a_seam() {
    let both = [jfk(), beckett_samples()].concat();
    let all = both.repeat(3);
    let duration_ms = (all.len() * 1000 / RATE) as u64;
    assert!(duration_ms > 62_000, "more than two windows");
    let heard = hear("audio/wav", wav(&all, RATE), duration_ms, None, &[]);
    let said = format!("{JFK_SAYS} {BECKETT_SAYS} ").repeat(3);
    assert!(error_rate(&heard.text, &said) <= 0.05, "{}", heard.text);
    check_times(&heard, duration_ms);
    // Each repetition is heard at its place.
    let part_ms = both.len() as u64 * 1000 / RATE as u64;
    let fellows: Vec<u64> =
        heard.words.iter().filter(|word| bare(&word.text) == ["fellow"]).map(|word| word.start_ms).collect();
    assert_eq!(fellows.len(), 3, "{fellows:?}");
    for (n, fellow) in (0..).zip(fellows) {
        assert!((n * part_ms + 600..n * part_ms + 1500).contains(&fellow), "{fellow}");
    }
}

#[test]
fn silence_and_noise_say_nothing() {
    let mut state = 1u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i32::from((state >> 16) as u16) - 32_768
    };
    let low: Vec<i16> = (0..30 * RATE).map(|_| (random() / 200) as i16).collect();
    for samples in [vec![0; 30 * RATE], low] {
        let heard = hear("audio/wav", wav(&samples, RATE), 30_000, None, &[]);
        assert_eq!((heard.text.as_str(), heard.words.len(), heard.language.as_deref()), ("", 0, None));
        assert_eq!(heard.duration_ms, 30_000);
    }
}

#[test]
fn silence_around_speech_is_reported() {
    let samples = [vec![0; 5 * RATE], jfk(), vec![0; 5 * RATE]].concat();
    let fields = [("model", "whisper-base"), ("response_format", "verbose_json"), ("language", "en")];
    let (status, body) = server().form("/audio/transcriptions", &fields, &wav(&samples, RATE));
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((status, &body["duration"], &body["language"]), (200, &json!(21.0), &json!("en")), "{body}");
    let segment = &body["segments"][0];
    assert!(segment["start"].as_f64().is_some_and(|start| (4.7..5.8).contains(&start)), "{segment}");
    for (name, least, most) in [
        ("avg_logprob", -1.0, 0.0),
        ("compression_ratio", 0.8, 2.4),
        ("no_speech_prob", 0.0, 0.6),
        ("temperature", 0.0, 0.0),
    ] {
        assert!(segment[name].as_f64().is_some_and(|value| (least..=most).contains(&value)), "{name}: {segment}");
    }
    let reasons: Vec<&Value> = body["dropped"].as_array().expect("a list").iter().map(|span| &span["reason"]).collect();
    assert_eq!(reasons, ["silence", "silence"], "{body}");
}

#[test]
fn forms_that_are_wrong_are_refused() {
    let server = server();
    let ask = |fields: &[(&str, &str)], file: &[u8]| {
        let (status, body) = server.form("/audio/transcriptions", fields, file);
        let body: Value = serde_json::from_str(&body).expect("JSON");
        (status, body["error"]["message"].as_str().unwrap_or_default().to_owned())
    };
    let model = ("model", "whisper-base");
    let second = wav(&[0; 16_000], RATE);
    for (fields, file, wanted, words) in [
        (vec![model], &b"ID3\x04mp3"[..], 400, "neither WAV nor FLAC"),
        (vec![model], b"", 400, "neither WAV nor FLAC"),
        (vec![model], &second[..44], 400, "empty"),
        (vec![], &second, 404, "no model"),
        (vec![("model", "minilm-l6")], &second, 400, "hears nothing"),
        (vec![model, ("response_format", "srt")], &second, 400, "`srt` is no format"),
        (vec![model, ("timestamp_granularities[]", "phone")], &second, 400, "not of a `phone`"),
        (vec![model, ("language", "klingon")], &second, 400, "no language"),
        (vec![model, ("stream", "true")], &second, 400, "stream"),
        (vec![("model", &"x".repeat(70_000))], &second, 413, "at most 64 MB"),
        (vec![model], &vec![0; 65 << 20], 413, "at most 64 MB"),
    ] {
        let (status, message) = ask(&fields, file);
        assert!(status == wanted && message.contains(words), "{fields:.80?}: {status} {message}");
    }
    let (status, body) = server.post("/audio/transcriptions", &json!({"model": "whisper-base"}));
    assert!(
        status == 400 && body["error"]["message"].as_str().is_some_and(|words| words.contains("no form")),
        "{body}"
    );
    let (status, text) = server.form("/audio/transcriptions", &[model, ("response_format", "text")], JFK);
    assert!(status == 200 && error_rate(&text, JFK_SAYS) <= 0.05 && !text.starts_with('{'), "{text}");
    let (status, text) = server.form("/audio/transcriptions", &[model], JFK);
    assert!(status == 200 && text.starts_with("{\"text\":\"And so"), "{text}");
}
