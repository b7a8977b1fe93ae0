//! Dates, as XMP, IPTC and EXIF write them, to ISO 8601.

/// Reads `2026-11-23T10:20:30+01:00`, `2026:11:23 10:20:30`, `20261123T102030+0100`, and beginnings of these. What follows a part that
/// is not valid is dropped; a date without a valid year is none.
pub(super) fn iso(text: &str) -> Option<String> {
    let mut rest = Rest(text.trim_matches(|c: char| c.is_whitespace() || c == '\0'));
    let year = rest.number(4, 1, 9999)?;
    let mut date = format!("{year:04}");
    rest.skip(&['-', ':', '/']);
    let Some(month) = rest.number(2, 1, 12) else { return Some(date) };
    date += &format!("-{month:02}");
    rest.skip(&['-', ':', '/']);
    let Some(day) = rest.number(2, 1, days(year, month)) else { return Some(date) };
    date += &format!("-{day:02}");
    if let Some(time) = rest.skip(&['T', ' ']).then(|| time(&mut rest)).flatten() {
        date += &time;
    }
    Some(date)
}

fn time(rest: &mut Rest<'_>) -> Option<String> {
    let hour = rest.number(2, 0, 23)?;
    rest.skip(&[':']);
    let minute = rest.number(2, 0, 59)?;
    rest.skip(&[':']);
    let second = rest.number(2, 0, 59);
    if rest.skip(&['.']) {
        rest.0 = rest.0.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let second = second.map(|second| format!(":{second:02}")).unwrap_or_default();
    Some(format!("T{hour:02}:{minute:02}{second}{}", zone(rest)))
}

fn zone(rest: &mut Rest<'_>) -> String {
    let sign = match rest.0.chars().next() {
        Some('Z') => return "Z".to_owned(),
        Some(sign @ ('+' | '-')) => sign,
        _ => return String::new(),
    };
    rest.skip(&[sign]);
    let hour = rest.number(2, 0, 14);
    rest.skip(&[':']);
    let minute = rest.number(2, 0, 59);
    hour.zip(minute).map(|(hour, minute)| format!("{sign}{hour:02}:{minute:02}")).unwrap_or_default()
}

fn days(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

struct Rest<'t>(&'t str);

impl Rest<'_> {
    /// Takes exactly `n` digits whose value is in a range.
    fn number(&mut self, n: usize, min: u32, max: u32) -> Option<u32> {
        let digits = self.0.get(..n).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        let value = digits.parse().ok().filter(|value| (min..=max).contains(value))?;
        self.0 = &self.0[n..];
        Some(value)
    }

    fn skip(&mut self, any: &[char]) -> bool {
        let rest = self.0.strip_prefix(any);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_as_exact_as_they_are_known() {
        let check = |text: &str, expected: &str| assert_eq!(iso(text).as_deref().unwrap_or("none"), expected, "{text}");
        check("2026-11-23T10:20:30+01:00", "2026-11-23T10:20:30+01:00");
        check("2026:11:23 10:20:30", "2026-11-23T10:20:30");
        check("20261123T102030-0330", "2026-11-23T10:20:30-03:30");
        check("2026-11-23T10:20:30.123Z", "2026-11-23T10:20:30Z");
        check("2026-11-23T10:20", "2026-11-23T10:20");
        check("20260000", "2026");
        check("2026-11", "2026-11");
        check("2026-02-30", "2026-02");
        check("2024-02-29", "2024-02-29");
        check("2026-11-23T99:00", "2026-11-23");
        check("0000:00:00 00:00:00", "none");
        check("    :  :     :  :  ", "none");
        check("yesterday", "none");
        check("２０２６", "none");
        check("1503", "1503");
    }
}
