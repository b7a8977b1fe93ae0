//! Numbers, times and strangers' text, as people read them: in a terminal and on a page.

use std::fmt::Write;

/// Returns `0 bytes`, `812 bytes`, `2.4 MB`: decimal units, as browsers and file managers show them.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") };
    }
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    if tenths >= 100 {
        format!("{} {}", tenths / 10, UNITS[unit])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

/// Returns `82 ms`, `1.2 s`, `3 min`, `2 h`, `5 days`.
pub fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1000, ms / 100 % 10),
        60_000..3_600_000 => format!("{} min", ms / 60_000),
        3_600_000..172_800_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} days", ms / 86_400_000),
    }
}

/// Returns `2026-11-23 04:36:20Z`.
pub fn time(at_ms: u64) -> String {
    let timestamp = i64::try_from(at_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    timestamp.map_or_else(
        || "at an unknown time".to_owned(),
        |timestamp| timestamp.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
    )
}

/// Returns `1 file`, `2 files`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// Returns `once`, `twice`, `3 times`.
pub fn times(n: u32) -> String {
    match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

/// Returns `text` with everything visible that would hide, reorder or command: control characters (a terminal's escape sequences),
/// marks of writing direction, invisible characters and line breaks become `⟨U+202E⟩`.
///
/// A file named `cod<U+202E>gpj.exe` must not look like `codexe.jpg` to the person who reviews it.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        // The joiner in the middle of an emoji is part of the picture; anywhere else it is a hidden difference.
        let joins_emoji =
            c == '\u{200D}' && matches!(before, '\u{2600}'..='\u{27BF}' | '\u{FE0F}' | '\u{1F000}'..='\u{1FAFF}');
        if hides(c) && !joins_emoji {
            let _ = write!(out, "⟨U+{:04X}⟩", c as u32);
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180E}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_spans_read_well() {
        let sizes = [0, 1, 999, 1000, 1234, 99_940, 999_999, 2_400_000, 104_857_600, u64::MAX].map(size);
        let expected = [
            "0 bytes",
            "1 byte",
            "999 bytes",
            "1.0 kB",
            "1.2 kB",
            "99 kB",
            "999 kB",
            "2.4 MB",
            "104 MB",
            "18446744 TB",
        ];
        assert_eq!(sizes, expected);
        let spans = [0, 999, 1000, 59_999, 60_000, 7_200_000, 200_000_000].map(span);
        assert_eq!(spans, ["0 ms", "999 ms", "1.0 s", "59.9 s", "1 min", "2 h", "2 days"]);
    }

    #[test]
    fn what_hides_is_shown() {
        assert_eq!(visible("cod\u{202E}gpj.exe"), "cod⟨U+202E⟩gpj.exe");
        assert_eq!(visible("\u{1b}[2Jbye\n"), "⟨U+001B⟩[2Jbye⟨U+000A⟩");
        assert_eq!(visible("pay\u{200D}pal"), "pay⟨U+200D⟩pal");
        assert_eq!(visible("👩\u{200D}🚀 Café Zürich – 日本語.jpg"), "👩\u{200D}🚀 Café Zürich – 日本語.jpg");
    }

    #[test]
    fn a_time_out_of_range_is_no_panic() {
        assert_eq!(time(1_795_408_580_000), "2026-11-23 04:36:20Z");
        assert_eq!(time(u64::MAX), "at an unknown time");
    }
}
