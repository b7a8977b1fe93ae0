//! The order of events on one key.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An S3 `sequencer`: hex digits that order the events of *one* key.
///
/// S3 compares two of them after padding the shorter one with zeros on the right (S3 User Guide, "Event message structure").
/// Kept in a canonical form (upper case, trailing zeros cut) so that equal sequencers are equal values and that plain string
/// order is their order.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[0-9A-Fa-f]{1,64}$"))]
pub struct Sequencer(String);

/// Longest sequencer taken, in digits. S3 sends 16 to 18 today.
const MAX_DIGITS: usize = 64;

impl Sequencer {
    /// Before every real event.
    pub const ZERO: Sequencer = Sequencer(String::new());

    /// Takes the text of a notification; `None` if it is not 1 to 64 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = !text.is_empty() && text.len() <= MAX_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| Sequencer(text.to_ascii_uppercase().trim_end_matches('0').to_owned()))
    }

    /// Makes one out of a time, in the shape that S3's own have (ten digits of seconds, eight of nanoseconds).
    ///
    /// For sources that send none: a local folder, or an S3-compatible store with poorer events.
    pub fn from_unix_nanos(nanos: u64) -> Self {
        let text = format!("{:010X}{:08X}", nanos / 1_000_000_000, nanos % 1_000_000_000);
        Sequencer(text.trim_end_matches('0').to_owned())
    }

    /// Returns the digits, `0` for [`Sequencer::ZERO`]: a safe path segment.
    pub fn as_segment(&self) -> &str {
        if self.0.is_empty() { "0" } else { &self.0 }
    }
}

impl TryFrom<String> for Sequencer {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Sequencer::parse(&text).ok_or_else(|| format!("`{text:.80}` is not a sequencer (1 to 64 hex digits)"))
    }
}

impl From<Sequencer> for String {
    fn from(sequencer: Sequencer) -> String {
        sequencer.as_segment().to_owned()
    }
}

impl fmt::Display for Sequencer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_segment())
    }
}

impl fmt::Debug for Sequencer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_segment())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sequencer(text: &str) -> Sequencer {
        Sequencer::parse(text).expect("hex digits")
    }

    #[test]
    fn shorter_ones_are_padded_on_the_right() {
        assert_eq!(sequencer("0055AED6"), sequencer("0055aed600"));
        assert!(sequencer("0055AED6DCD90281E5") > sequencer("0055AED6DCD90281"));
        assert!(sequencer("00") < sequencer("0001"));
        assert_eq!(sequencer("0"), Sequencer::ZERO);
    }

    #[test]
    fn what_is_no_hex_is_none() {
        for text in ["", "xyz", "../a", &"0".repeat(65)] {
            assert_eq!(Sequencer::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn order_is_s3s_order(a in "[0-9A-F]{1,20}", b in "[0-9A-F]{1,20}") {
            let width = a.len().max(b.len());
            let padded = |text: &str| format!("{text:0<width$}");
            prop_assert_eq!(sequencer(&a).cmp(&sequencer(&b)), padded(&a).cmp(&padded(&b)));
        }

        #[test]
        fn later_times_come_later(a: u64, b: u64) {
            prop_assert_eq!(Sequencer::from_unix_nanos(a).cmp(&Sequencer::from_unix_nanos(b)), a.cmp(&b));
        }
    }
}
