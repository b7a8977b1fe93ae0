//! Times as WebVTT and SRT write them.

/// 100,000 hours: what is later is nonsense, and sums of such times stay far from overflow.
pub(super) const MAX_MS: u64 = 360_000_000_000;

/// Returns `01:02:03.004`.
pub(super) fn vtt(ms: u64) -> String {
    clock(ms, '.')
}

/// Returns `01:02:03,004`.
pub(super) fn srt(ms: u64) -> String {
    clock(ms, ',')
}

fn clock(ms: u64, point: char) -> String {
    let seconds = ms / 1000;
    format!("{:02}:{:02}:{:02}{point}{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, ms % 1000)
}

/// Takes digits off a text's start. `None` where there are none; a number too large to be a time is the largest.
pub(super) fn digits<'a>(text: &mut &'a str) -> Option<(&'a str, u64)> {
    let n = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(n);
    *text = rest;
    let value = |number: &str| number.parse().map_or(MAX_MS, |value: u64| value.min(MAX_MS));
    (n > 0).then(|| (number, value(number)))
}

/// Takes a time off a text's start, by WebVTT's rule "collect a WebVTT timestamp".
pub(super) fn take_vtt(text: &mut &str) -> Option<u64> {
    let (first, first_value) = digits(text)?;
    let second = two_digits(text)?;
    let has_hours = first.len() != 2 || first_value > 59 || text.starts_with(':');
    let (hours, minutes, seconds) =
        if has_hours { (first_value, second, two_digits(text)?) } else { (0, first_value, second) };
    *text = text.strip_prefix('.')?;
    let (fraction, ms) = digits(text)?;
    (fraction.len() == 3 && minutes <= 59 && seconds <= 59).then(|| total(hours, minutes, seconds, ms))
}

/// Takes a time off a text's start as SRT files have it: a comma, a point or a colon before the fraction, or no
/// fraction or hours at all, and any number of digits.
pub(super) fn take_srt(text: &mut &str) -> Option<u64> {
    let mut parts = vec![digits(text)?.1];
    while parts.len() < 3 {
        let Some(mut rest) = text.trim_start().strip_prefix(':').map(str::trim_start) else { break };
        parts.push(digits(&mut rest)?.1);
        *text = rest;
    }
    let (hours, minutes, seconds) = match parts[..] {
        [hours, minutes, seconds] => (hours, minutes, seconds),
        [minutes, seconds] => (0, minutes, seconds),
        _ => return None,
    };
    let mut ms = 0;
    if let Some(mut rest) = text.strip_prefix([',', '.', ':']) {
        let (fraction, _) = digits(&mut rest)?;
        ms = thousandths(fraction);
        *text = rest;
    }
    Some(total(hours, minutes, seconds, ms))
}

/// Returns a decimal fraction's digits in thousandths, rounded.
pub(super) fn thousandths(fraction: &str) -> u64 {
    let digit = |i: usize| fraction.as_bytes().get(i).map_or(0, |byte| u64::from(byte.wrapping_sub(b'0').min(9)));
    digit(0) * 100 + digit(1) * 10 + digit(2) + u64::from(digit(3) >= 5)
}

pub(super) fn total(hours: u64, minutes: u64, seconds: u64, ms: u64) -> u64 {
    // Each is at most `MAX_MS`, so that the sum is far below 2⁶⁴.
    (hours.min(MAX_MS) * 3_600_000 + minutes * 60_000 + seconds * 1000 + ms).min(MAX_MS)
}

fn two_digits(text: &mut &str) -> Option<u64> {
    *text = text.strip_prefix(':')?;
    let (number, value) = digits(text)?;
    (number.len() == 2).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let vtt = |mut text: &str| take_vtt(&mut text);
        let srt = |mut text: &str| take_srt(&mut text);
        assert_eq!(vtt("00:01.500"), Some(1500));
        assert_eq!(vtt("01:02:03.004"), Some(3_723_004));
        assert_eq!(vtt("1:02:03.004"), Some(3_723_004));
        assert_eq!(vtt("123:00:00.000"), Some(442_800_000));
        for bad in ["", "1", "01:2.000", "01:02,000", "01:02.00", "01:02.0000", "01:60.000", "60:00.000", "1:00.000"] {
            assert_eq!(vtt(bad), None, "{bad}");
        }
        assert_eq!(vtt("99999999999999999999:00:00.000"), Some(MAX_MS));
        assert_eq!(srt("00:00:01,500"), Some(1500));
        assert_eq!(srt("0:0:1.5"), Some(1500));
        assert_eq!(srt("00:00:01:50"), Some(1500));
        assert_eq!(srt("00: 00:01"), Some(1000));
        assert_eq!(srt("00:00:01,9996"), Some(2000));
        assert_eq!(srt("12"), None);
    }

    #[test]
    fn times_are_written() {
        assert_eq!(vtt(3_723_004), "01:02:03.004");
        assert_eq!(srt(360_000_000), "100:00:00,000");
    }
}
