//! Profiles: how long, how fast and how wide captions may be. Data, never code.

use super::language::primary;
use super::{Check, Severity};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The shipped profiles, in TOML, each number with its source: `netflix`, `bbc`, `web`, `children`, `sdh`.
pub const PROFILES: &str = include_str!("profiles.toml");

/// The limits of one kind of captions.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    limits: Limits,
    severity: BTreeMap<Check, Severity>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    fps: f64,
    min_duration_ms: u64,
    max_duration_ms: u64,
    min_gap_frames: u32,
    close_gap_frames: u32,
    linger_ms: u64,
    max_pause_ms: u64,
    max_sync_ms: u64,
    max_lines: usize,
    cpl: BTreeMap<String, u32>,
    cps: BTreeMap<String, f32>,
}

/// What is wrong with a profile's TOML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("profile is no TOML of profiles: {0}")]
    Syntax(String),
    #[error("there is no profile `{0}`")]
    Unknown(String),
    #[error("`{profile}.{field}` is {found}; {fix}")]
    Value { profile: String, field: &'static str, found: String, fix: &'static str },
}

static SHIPPED: LazyLock<toml::Table> =
    LazyLock::new(|| PROFILES.parse().expect("the shipped profiles are valid: a test says so"));

impl Profile {
    /// Returns a shipped profile.
    ///
    /// # Errors
    /// `Unknown` where none has the name.
    pub fn named(name: &str) -> Result<Profile, ProfileError> {
        Profile::of(name, &SHIPPED)
    }

    /// Returns the shipped profiles' names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SHIPPED.keys().map(String::as_str).filter(|name| *name != "severity")
    }

    /// Reads a profile from a file of profiles like [`PROFILES`]. Severities that the file does not give are the shipped.
    ///
    /// # Errors
    /// What is wrong with the first field that is: a limit of 0, a limit no player could show, an unknown check.
    pub fn parse(name: &str, text: &str) -> Result<Profile, ProfileError> {
        let file = text.parse::<toml::Table>().map_err(|error| ProfileError::Syntax(error.message().to_owned()))?;
        Profile::of(name, &file)
    }

    fn of(name: &str, file: &toml::Table) -> Result<Profile, ProfileError> {
        let table = file.get(name).filter(|_| name != "severity");
        let table = table.ok_or_else(|| ProfileError::Unknown(name.to_owned()))?;
        let limits: Limits = table
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| ProfileError::Syntax(error.message().to_owned()))?;
        limits.check(name)?;
        let mut severity = BTreeMap::new();
        for file in [Some(&*SHIPPED), Some(file)].into_iter().flatten() {
            for (id, value) in file.get("severity").and_then(toml::Value::as_table).into_iter().flatten() {
                let value = value.as_str().unwrap_or_default();
                let wrong =
                    |found: String, fix| ProfileError::Value { profile: "severity".to_owned(), field: "*", found, fix };
                let check = Check::of_id(id).ok_or_else(|| wrong(format!("`{id:.40}`"), "name a check"))?;
                match rated(value) {
                    Some(Some(rated)) => severity.insert(check, rated),
                    Some(None) => severity.remove(&check),
                    None => return Err(wrong(format!("`{value:.40}`"), "give `off`, `note`, `warn` or `fail`")),
                };
            }
        }
        Ok(Profile { limits, severity })
    }

    /// Returns the profile for a recording's own frame rate, which turns its frames into milliseconds. A rate that is
    /// none, below 1 or above 1000, changes nothing.
    #[must_use]
    pub fn with_fps(mut self, fps: f64) -> Profile {
        if (1.0..=1000.0).contains(&fps) {
            self.limits.fps = fps;
        }
        self
    }

    /// Characters a line: see [`Profile::cps`] for how they are counted.
    pub fn cpl(&self, language: &str) -> u32 {
        let all = &self.limits.cpl;
        all.get(&primary(language)).or_else(|| all.get("default")).copied().unwrap_or(42)
    }

    /// Characters a second, with spaces. In ja, zh and ko a full-width character is one and any other is a half.
    pub fn cps(&self, language: &str) -> f32 {
        let all = &self.limits.cps;
        all.get(&primary(language)).or_else(|| all.get("default")).copied().unwrap_or(17.0)
    }

    pub fn max_lines(&self) -> usize {
        self.limits.max_lines
    }

    pub fn min_duration_ms(&self) -> u64 {
        self.limits.min_duration_ms
    }

    pub fn max_duration_ms(&self) -> u64 {
        self.limits.max_duration_ms
    }

    /// The shortest pause between two cues, in whole milliseconds that are not shorter than its frames.
    pub fn min_gap_ms(&self) -> u64 {
        self.frames(self.limits.min_gap_frames)
    }

    /// Pauses up to this are closed to the shortest.
    pub fn close_gap_ms(&self) -> u64 {
        self.frames(self.limits.close_gap_frames)
    }

    /// How long a cue may stay behind its last word, so that it can be read.
    pub fn linger_ms(&self) -> u64 {
        self.limits.linger_ms
    }

    /// The longest pause between two words of a cue.
    pub fn max_pause_ms(&self) -> u64 {
        self.limits.max_pause_ms
    }

    /// How far a cue may be from its words.
    pub fn max_sync_ms(&self) -> u64 {
        self.limits.max_sync_ms
    }

    /// How bad a finding is; `None` where the check is off.
    pub fn severity(&self, check: Check) -> Option<Severity> {
        self.severity.get(&check).copied()
    }

    fn frames(&self, n: u32) -> u64 {
        // At most 1000 frames of a second: the cast is exact.
        (f64::from(n) * 1000.0 / self.limits.fps).ceil() as u64
    }

    /// Returns the longest line in half characters, as `Count` counts.
    pub(super) fn halves(&self, language: &str) -> u32 {
        self.cpl(language) * 2
    }

    /// Returns the time that text needs to be read.
    pub(super) fn reading_ms(&self, halves: u32, language: &str) -> u64 {
        (f64::from(halves) * 500.0 / f64::from(self.cps(language))).ceil() as u64
    }
}

fn rated(value: &str) -> Option<Option<Severity>> {
    Some(match value {
        "off" => None,
        "note" => Some(Severity::Note),
        "warn" => Some(Severity::Warn),
        "fail" => Some(Severity::Fail),
        _ => return None,
    })
}

impl Limits {
    /// The bounds keep the work of the cue engine small, whatever a profile says.
    fn check(&self, profile: &str) -> Result<(), ProfileError> {
        let cpl: Vec<_> = self.cpl.values().map(|cpl| f64::from(*cpl)).collect();
        let cps: Vec<_> = self.cps.values().map(|cps| f64::from(*cps)).collect();
        let n = |number: u64| number as f64;
        let bounds = [
            ("fps", vec![self.fps], 1.0, 1000.0, "give frames a second, 1 to 1000"),
            (
                "min_duration_ms",
                vec![n(self.min_duration_ms)],
                1.0,
                n(self.max_duration_ms),
                "give 1 to `max_duration_ms`",
            ),
            ("max_duration_ms", vec![n(self.max_duration_ms)], 1.0, 60_000.0, "give 1 to 60000"),
            ("min_gap_frames", vec![f64::from(self.min_gap_frames)], 0.0, 1000.0, "give 0 to 1000"),
            ("close_gap_frames", vec![f64::from(self.close_gap_frames)], 0.0, 1000.0, "give 0 to 1000"),
            ("linger_ms", vec![n(self.linger_ms)], 0.0, 60_000.0, "give 0 to 60000"),
            ("max_pause_ms", vec![n(self.max_pause_ms)], 1.0, 60_000.0, "give 1 to 60000"),
            ("max_sync_ms", vec![n(self.max_sync_ms)], 1.0, 60_000.0, "give 1 to 60000"),
            ("max_lines", vec![self.max_lines as f64], 1.0, 4.0, "give 1 to 4"),
            ("cpl", cpl, 4.0, 100.0, "give 4 to 100"),
            ("cps", cps, 1.0, 100.0, "give 1 to 100"),
        ];
        for (field, values, min, max, fix) in bounds {
            if let Some(found) = values.into_iter().find(|value| !(min..=max).contains(value)) {
                return Err(ProfileError::Value { profile: profile.to_owned(), field, found: found.to_string(), fix });
            }
        }
        Ok(())
    }
}
