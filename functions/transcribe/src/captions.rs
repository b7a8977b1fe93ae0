//! The words of all parts, joined: a transcript, and captions in three formats.

use crate::hear::WORDS;
use crate::{Transcribe, Words};
use asset::field::{Finding, Severity, UNDETERMINED};
use asset::ids::Sha256;
use asset::keys;
use asset::recording::{CaptionSpec, Captioned};
use asset::refusal::{Refusal, RefusalCode};
use asset::task::Task;
use ports::Kind;
use runtime::Failure;
use std::time::Duration;
use text::captions::{self, Context, Format, Profile, Track};

/// Findings of a long film beyond this are found again by `greenroom captions lint`.
const MAX_FINDINGS: usize = 50;

/// Characters of a transcript that a recording is found by.
const MAX_EXCERPT: usize = 3_000;

impl Transcribe {
    pub(crate) async fn caption(&self, task: &Task, spec: &CaptionSpec) -> Result<Result<Captioned, Refusal>, Failure> {
        let profile = match Profile::named(&spec.profile) {
            Ok(profile) => profile,
            Err(error) => {
                let way_out = "name other rules in the profile, under `[collection.recordings]`";
                return Ok(Err(Refusal::new(RefusalCode::Blocked, error.to_string(), way_out)));
            }
        };
        let words = self.joined(task, spec).await?;
        let (track, findings) = made(&words, &spec.language, &profile);
        let transcript = serde_json::to_vec(&words).map_err(Failure::reject)?;
        let files = self.files();
        let mut made = vec![files.publish(task, "transcript.json", "application/json", transcript.into()).await?];
        for format in Format::ALL {
            let name = format!("captions.{}.{}", spec.language, format.extension());
            let body = format.write(&track).into_bytes().into();
            made.push(files.publish(task, &name, format.media_type(), body).await?);
        }
        Ok(Ok(Captioned {
            language: spec.language.clone(),
            files: made,
            n_cues: track.cues.len() as u32,
            excerpt: words.excerpt(MAX_EXCERPT),
            findings,
        }))
    }

    /// Reads the words of every part. They are this asset's own: whoever heard them elsewhere, they were copied.
    async fn joined(&self, task: &Task, spec: &CaptionSpec) -> Result<Words, Failure> {
        let mut words = Vec::new();
        for part in &spec.parts {
            let key = keys::made_by(&task.asset, &task.generation, &part.task, WORDS);
            let blob = match self.store.read(&key).await {
                Ok(blob) => blob,
                // A life that is over: its files are gone, and so is whoever wants these captions.
                Err(error) if error.kind == Kind::NotFound => {
                    return Err(Failure::retry(Duration::from_secs(60), error));
                }
                Err(error) => return Err(error.into()),
            };
            if Sha256::of(&blob.bytes) != part.sha256 {
                return Err(Failure::reject(format!("`{key}` is not what was heard: it was changed")));
            }
            let part: Words = serde_json::from_slice(&blob.bytes).map_err(Failure::reject)?;
            words.extend(part.words);
        }
        words.sort_by_key(|word| (word.start_ms, word.end_ms));
        let language = (spec.language != UNDETERMINED).then(|| spec.language.clone());
        Ok(Words { language, words })
    }
}

/// Makes captions and says what is wrong with them.
fn made(words: &Words, language: &str, profile: &Profile) -> (Track, Vec<Finding>) {
    let spoken = words.spoken();
    let track = captions::cues(&spoken, language, profile);
    let context = Context { words: &spoken, ..Context::default() };
    let mut findings: Vec<Finding> = captions::lint(&track, profile, &context)
        .into_iter()
        .map(|finding| Finding {
            check: finding.check.id().to_owned(),
            severity: finding.severity,
            words: match (finding.cue, finding.at_ms) {
                (Some(cue), Some(at_ms)) => {
                    format!(
                        "cue {cue} at {}:{:02}: {}; {}",
                        at_ms / 60_000,
                        at_ms / 1000 % 60,
                        finding.found,
                        finding.fix
                    )
                }
                _ => format!("{}; {}", finding.found, finding.fix),
            },
        })
        .collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let n_findings = findings.len();
    findings.truncate(MAX_FINDINGS);
    if n_findings > MAX_FINDINGS {
        let what = format!("{} findings more: `greenroom captions lint` names them", n_findings - MAX_FINDINGS);
        findings.push(Finding { check: "more".to_owned(), severity: Severity::Note, words: what });
    }
    (track, findings)
}
