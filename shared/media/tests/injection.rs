//! The corpus of `tests/injection` in files: what they state is cleaned and bounded, and what is drawn is only drawn.

mod common;
#[path = "../../../tests/injection/mod.rs"]
mod corpus;

use asset::image::{Limits, OutputFormat};
use common::{fixture, whole};
use corpus::corpus;
use media::{Stated, stated};

/// Every text that a file states.
fn texts(stated: &Stated) -> Vec<&String> {
    let one = [&stated.title, &stated.description, &stated.alt_text, &stated.copyright];
    one.into_iter().flatten().chain(&stated.keywords).chain(&stated.creators).collect()
}

fn is_bad(c: char) -> bool {
    let is_hidden = matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..);
    let is_private = matches!(c, '\u{fdd0}'..='\u{fdef}' | '\u{e000}'..='\u{f8ff}');
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || is_hidden || is_private
}

#[test]
fn a_strangers_words_come_out_of_a_file_on_one_line_and_visible() {
    let jpeg = fixture("gray.jpg");
    for poison in corpus() {
        let files = [("EXIF", poison.in_exif(&jpeg)), ("XMP", poison.in_xmp(&jpeg)), ("IPTC", poison.in_iptc(&jpeg))];
        for (kind, file) in files {
            let found = stated(&file);
            let texts = texts(&found);
            assert!(texts.len() >= 2, "`{}` in {kind}: {found:?}", poison.id);
            for text in texts {
                assert!(text.chars().count() <= 2000, "`{}` in {kind} is long", poison.id);
                assert!(!text.contains(is_bad), "`{}` in {kind}: {text:?}", poison.id);
            }
            // What is only words is not changed: cleaning is no censorship.
            if poison.trick == "order" {
                assert_eq!(found.description.as_ref(), Some(&poison.text), "{kind}");
            }
        }
    }
}

#[test]
fn a_files_name_and_a_page_become_lines_too() {
    for poison in corpus() {
        for text in [&poison.text, &poison.file_name()] {
            let line = media::one_line(text, 255).expect("each has something to see");
            assert!(!line.contains(is_bad) && line.chars().count() <= 255, "`{}`: {line:?}", poison.id);
        }
    }
}

#[test]
fn a_drawn_text_is_a_picture() {
    let limits = Limits::default();
    let mut n_drawn = 0;
    for poison in corpus() {
        let svg = poison.drawn();
        let small = media::decode_oriented(svg.as_bytes(), &limits, 400)
            .unwrap_or_else(|refusal| panic!("`{}`: {refusal}", poison.id));
        n_drawn += usize::from(small.rgba.as_chunks::<4>().0.iter().any(|pixel| pixel[0] < 128));
        let made = media::render(svg.as_bytes(), &whole(OutputFormat::Jpeg, &[400]), &limits).expect("a rendition");
        assert!(made[0].bytes.starts_with(b"\xFF\xD8\xFF"), "`{}`", poison.id);
        assert_eq!(stated(&made[0].bytes), Stated::default(), "`{}`: a rendition states nothing", poison.id);
    }
    // DejaVu lacks Han, Hangul and Devanagari, and some texts are nothing to see.
    assert!(n_drawn >= 85, "{n_drawn} are to be seen");
}
