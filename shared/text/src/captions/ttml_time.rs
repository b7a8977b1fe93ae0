//! TTML's time expressions (TTML2 §12.3).

use super::time;

/// What a document says of its frames and ticks.
pub(super) struct Clock {
    frames_per_second: f64,
    sub_frames: f64,
    ticks_per_second: f64,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { frames_per_second: 30.0, sub_frames: 1.0, ticks_per_second: 1.0 }
    }
}

impl Clock {
    /// Reads the parameters of `tt`: `frameRate`, `frameRateMultiplier`, `subFrameRate`, `tickRate`.
    pub(super) fn new<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Clock {
        let number = |name: &str| get(name)?.trim().parse().ok().filter(|rate: &f64| (0.001..=1e9).contains(rate));
        let rate = number("frameRate");
        let multiplier = get("frameRateMultiplier").and_then(|value| {
            let (n, of) = value.trim().split_once([' ', ':'])?;
            let (n, of): (f64, f64) = (n.parse().ok()?, of.trim().parse().ok()?);
            Some(n / of).filter(|multiplier| (0.001..=1000.0).contains(multiplier))
        });
        let frames_per_second = rate.unwrap_or(30.0) * multiplier.unwrap_or(1.0);
        let sub_frames = number("subFrameRate").unwrap_or(1.0);
        let ticks = if rate.is_some() { frames_per_second * sub_frames } else { 1.0 };
        Clock { frames_per_second, sub_frames, ticks_per_second: number("tickRate").unwrap_or(ticks) }
    }

    /// Returns a time expression in milliseconds, rounded.
    pub(super) fn read(&self, text: &str) -> Option<u64> {
        let text = text.trim();
        if text.contains(':') { self.clock(text) } else { self.offset(text) }
    }

    fn clock(&self, text: &str) -> Option<u64> {
        let mut parts = text.split(':');
        let mut whole = || parts.next().and_then(|part| number(part.trim()));
        let (hours, minutes) = (whole()?, whole()?);
        let seconds = decimal(parts.next()?)?;
        let frames = parts.next();
        if parts.next().is_some() {
            return None;
        }
        let frames_ms = match frames {
            // Frames, and sub-frames behind a point.
            Some(frames) => {
                let (frames, sub) = frames.split_once('.').unwrap_or((frames, "0"));
                (number(frames)? as f64 + number(sub)? as f64 / self.sub_frames) * 1000.0 / self.frames_per_second
            }
            None => 0.0,
        };
        Some((time::total(hours, minutes, 0, 0) + rounded(seconds * 1000.0 + frames_ms)).min(time::MAX_MS))
    }

    fn offset(&self, text: &str) -> Option<u64> {
        let n = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (value, unit) = text.split_at(n);
        let ms = match unit {
            "h" => 3_600_000.0,
            "m" => 60_000.0,
            "s" => 1000.0,
            "ms" => 1.0,
            "f" => 1000.0 / self.frames_per_second,
            "t" => 1000.0 / self.ticks_per_second,
            _ => return None,
        };
        Some(rounded(decimal(value)? * ms))
    }
}

fn number(mut text: &str) -> Option<u64> {
    let (_, value) = time::digits(&mut text)?;
    text.is_empty().then_some(value)
}

/// Returns digits with or without a fraction; never a sign, an exponent or `inf`.
fn decimal(text: &str) -> Option<f64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.starts_with(|c: char| c.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

fn rounded(ms: f64) -> u64 {
    // Not negative and not too large: the cast is exact.
    ms.round().clamp(0.0, time::MAX_MS as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let pal = Clock::new(|name| (name == "frameRate").then_some("25"));
        let ntsc = Clock::new(|name| match name {
            "frameRate" => Some("30"),
            "frameRateMultiplier" => Some("1000 1001"),
            "tickRate" => Some("10000000"),
            _ => None,
        });
        for (clock, text, ms) in [
            (&pal, "00:00:01.5", 1500),
            (&pal, "01:00:01:05", 3_601_200),
            (&pal, "1.25s", 1250),
            (&pal, "1500ms", 1500),
            (&pal, "2m", 120_000),
            (&pal, "0.5h", 1_800_000),
            (&pal, "50f", 2000),
            (&pal, "25t", 1000),
            (&ntsc, "30f", 1001),
            (&ntsc, "00:00:10:15", 10_501),
            (&ntsc, "15000000t", 1500),
            (&ntsc, "100:00:00.000", 360_000_000),
        ] {
            assert_eq!(clock.read(text), Some(ms), "{text}");
        }
        for bad in ["", "1", "-1s", "1e3s", "infs", "00:01", "a:b:c", "00:00:01:02:03", "1.2.3s", "wallclock(x)"] {
            assert_eq!(pal.read(bad), None, "{bad}");
        }
    }
}
