//! Bytes to characters, and characters that may be shown.

/// Bytes of one value that are looked at.
const MAX_BYTES: usize = 1 << 16;

/// Reads bytes as UTF-8, else as Windows-1252, which is what programs call Latin-1.
pub(super) fn decode(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(MAX_BYTES)];
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // Cut in the middle of a character by the limit.
        Err(error) if error.error_len().is_none() && bytes.len() == MAX_BYTES => {
            String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned()
        }
        Err(_) => bytes.iter().map(|byte| from_windows_1252(*byte)).collect(),
    }
}

/// Reads two bytes a character, little end first: Windows' own EXIF tags.
pub(super) fn decode_utf16(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(MAX_BYTES)];
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// WHATWG's Encoding Standard, index windows-1252.
fn from_windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    byte.checked_sub(0x80).and_then(|index| HIGH.get(usize::from(index)).copied()).unwrap_or(char::from(byte))
}

/// Makes one line of at most `max` characters; `None` if nothing is left.
pub(super) fn line(text: &str, max: usize) -> Option<String> {
    let mut line = String::new();
    let (mut n, mut before) = (0, ' ');
    for c in text.chars() {
        let c = if c.is_whitespace() || c.is_control() { ' ' } else { c };
        // Marks that scripts need are kept, but not in rows: a row of them can spell a message that nobody sees.
        let is_repeated = (c == ' ' && before == ' ') || (is_mark(c) && is_mark(before));
        if is_unseen(c) || is_repeated {
            continue;
        }
        if n == max {
            break;
        }
        line.push(c);
        (n, before) = (n + 1, c);
    }
    let line = line.trim();
    let has_something = line.chars().any(|c| !is_mark(c));
    has_something.then(|| line.to_owned())
}

/// Joiners, plain directional marks, and the choice between a sign's look as text and as picture.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{61c}' | '\u{fe0e}' | '\u{fe0f}')
}

/// What changes or hides other text, or is nothing to see: directional overrides and isolates, zero-width spaces, fillers, tags,
/// variation selectors (a name keeps its letters without them), annotations, private characters and noncharacters.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'
    ) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}')
        || matches!(c, '\u{fe00}'..='\u{fe0d}' | '\u{fff0}'..='\u{fffc}' | '\u{fdd0}'..='\u{fdef}' | '\u{e000}'..='\u{f8ff}')
        || c >= '\u{e0000}'
        || u32::from(c) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_nothing_that_nobody_sees() {
        let check = |text: &str, expected: &str| assert_eq!(line(text, 40).as_deref().unwrap_or("nothing"), expected);
        check(" A\r\n\tdog\u{2028}barks\u{85}\0", "A dog barks");
        check("a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{e0041}\u{e0100}f", "abcdef");
        check("\u{1b}[31mred\u{1b}[0m", "[31mred [0m");
        check("می\u{200c}خواهم", "می\u{200c}خواهم");
        check("a\u{200c}\u{200d}\u{200c}\u{200d}b", "a\u{200c}b");
        check("👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}", "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}");
        check("\u{200d}\u{200e} \u{3164}", "nothing");
        check(&"x".repeat(99), &"x".repeat(40));
        check("\u{fffd}", "\u{fffd}");
    }

    #[test]
    fn bytes_are_utf_8_or_windows_1252() {
        assert_eq!(decode("Zürich".as_bytes()), "Zürich");
        assert_eq!(decode(b"Z\xFCrich \x80 \x93x\x94"), "Zürich € “x”");
        assert_eq!(decode(&"ü".repeat(MAX_BYTES).as_bytes()[1..]).chars().next(), Some('¼'));
        assert_eq!(decode_utf16(b"Z\0\xFC\0\x3D\xD8x"), "Zü\u{fffd}");
    }
}
