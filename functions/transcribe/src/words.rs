//! The words of a part, or of a whole recording, as they lie in the store.

use models::Word;
use serde::{Deserialize, Serialize};

/// `words.json` of a part, `transcript.json` of a recording. Times are from the recording's start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// BCP 47.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// In the order in which they begin.
    pub words: Vec<Word>,
}

impl Words {
    /// Returns them as `text` takes them.
    pub fn spoken(&self) -> Vec<text::captions::Word> {
        let spoken = |word: &Word| text::captions::Word {
            text: word.text.clone(),
            start_ms: word.start_ms,
            end_ms: word.end_ms,
            confidence: word.confidence_thousandths.map(|thousandths| f32::from(thousandths) / 1000.0),
            speaker: word.speaker.clone(),
        };
        self.words.iter().map(spoken).collect()
    }

    /// Returns the first `max` characters of what is said, cut between words.
    pub fn excerpt(&self, max: usize) -> String {
        let mut excerpt = String::new();
        for word in &self.words {
            if excerpt.chars().count() + word.text.chars().count() >= max {
                break;
            }
            if !excerpt.is_empty() {
                excerpt.push(' ');
            }
            excerpt.push_str(&word.text);
        }
        excerpt
    }
}
