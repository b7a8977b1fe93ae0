//! What video and audio must have. A recording is probed first; what its length, pictures and sound allow follows from that.

use super::{Step, StepStatus, Walk};
use crate::fact::{Decision, Outcome, Verdict};
use crate::field::{FieldStatus, Finding, Review};
use crate::ids::Sha256;
use crate::image::{Framing, RenderSpec};
use crate::profile::{Captions, Collection, Recordings};
use crate::recording::{
    CaptionSpec, CaptionState, Captioned, CutSpec, File, HearSpec, Heard, Nothing, NothingCode, PartRef, Recording,
    TimeSpan,
};
use crate::refusal::{Refusal, RefusalCode};
use crate::task::{Job, ViewSpec};

/// Half the ten minutes of sound that hosted models take in one call: a part that fails costs little, and a long recording is heard by
/// several workers at once.
const CUT: CutSpec = CutSpec { target_ms: 300_000, max_ms: 420_000 };

/// The name of the view that a poster is.
const POSTER: &str = "poster";

impl<'a> Walk<'a> {
    pub(super) fn recording(&mut self) {
        let Some(collection) = self.collection() else { return };
        if self.profile.lacks_recordings {
            let found = "nobody works on video and audio in this deployment";
            let fix = "run Greenroom on one machine for them: the functions for AWS are still to come";
            self.refused(&Job::Probe, Refusal::new(RefusalCode::Blocked, found, fix));
            return;
        }
        let Some(wanted) = &collection.recordings else {
            let found = format!("collection `{}` makes nothing of video and audio", collection.name);
            let fix = "add `[collection.recordings]` to the profile";
            self.refused(&Job::Probe, Refusal::new(RefusalCode::Unsupported, found, fix));
            return;
        };
        let Some(Outcome::Probed(recording)) = self.step(Job::Probe).map(|result| &result.outcome) else { return };
        self.readiness.recording = Some((**recording).clone());
        self.pictures(collection, wanted, recording);
        if let Some(captions) = &wanted.captions {
            self.captions(captions, recording);
        }
    }

    fn pictures(&mut self, collection: &Collection, wanted: &Recordings, recording: &Recording) {
        if recording.video.is_some() {
            if !wanted.poster.is_empty() {
                let spec = RenderSpec {
                    framing: Framing::Whole,
                    widths: wanted.poster.clone(),
                    encodings: collection.encodings.clone(),
                    color: collection.color,
                };
                self.step(Job::Poster { view: ViewSpec { name: POSTER.to_owned(), spec } });
            }
            for (is_wanted, job) in [(wanted.storyboard, Job::Storyboard), (wanted.clip, Job::Clip)] {
                if is_wanted {
                    self.step(job);
                }
            }
        }
        if wanted.waveform && recording.audio.is_some() {
            self.step(Job::Waveform);
        }
    }

    fn captions(&mut self, wanted: &Captions, recording: &Recording) {
        let given = self.given(wanted.language.as_deref());
        // With a person's captions nothing is missing that a model would have to hear, or failed to.
        let is_needed = given.as_ref().is_none_or(|given| !given.is_current);
        let captioned = if is_needed { self.captioned(wanted, recording) } else { None };
        if let Some(state) = state(self, wanted, given, captioned) {
            self.readiness.captions.push(state);
        }
    }

    /// Walks the steps from sound to captions; returns those, once all of it is heard.
    fn captioned(&mut self, wanted: &Captions, recording: &Recording) -> Option<Captioned> {
        if recording.audio.is_none() {
            self.nothing(NothingCode::NoAudio, "the recording has no sound");
            return None;
        }
        let Some(model) = self.profile.models.speech.clone() else {
            let way_out =
                "add `[models]` with `speech = \"NAME\"` to the profile; NAME is a model or a route of models.toml";
            let refusal = Refusal::new(RefusalCode::Blocked, "no model is configured for speech", way_out);
            self.refused(&Job::Cut(CUT), refusal);
            return None;
        };
        let Outcome::Cut { passages } = &self.step(Job::Cut(CUT))?.outcome else { return None };
        let mut language = wanted.language.clone();
        let (mut parts, mut findings) = (Vec::new(), Vec::new());
        for passage in passages.iter().filter(|passage| !passage.is_silent) {
            let part = self.hear(HearSpec {
                span: passage.span,
                model: model.clone(),
                language: language.clone(),
                vocabulary: wanted.vocabulary.clone(),
            });
            if language.is_none() {
                // The first part with words tells the language of the others, so that no part is heard as another one's.
                language.clone_from(&part.as_ref()?.1.language);
            }
            // Words that cannot be true are the captions' fault, too: a person has to see them.
            findings.extend(
                part.iter().flat_map(|(_, heard)| &heard.findings).map(|finding| in_part(passage.span, finding)),
            );
            parts.push(part);
        }
        let parts: Vec<(PartRef, &Heard)> = parts.into_iter().collect::<Option<_>>()?;
        let parts: Vec<PartRef> =
            parts.into_iter().filter(|(_, heard)| heard.n_words > 0).map(|(part, _)| part).collect();
        if parts.is_empty() {
            self.nothing(NothingCode::NoSpeech, "nobody speaks in it");
            return None;
        }
        let language = language.unwrap_or_else(|| crate::field::UNDETERMINED.to_owned());
        let job = Job::Caption(CaptionSpec { parts, language, profile: wanted.profile.clone() });
        match &self.step(job)?.outcome {
            Outcome::Captioned(captioned) => {
                let mut captioned = (**captioned).clone();
                captioned.findings.extend(findings);
                captioned.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
                Some(captioned)
            }
            _ => None,
        }
    }

    fn hear(&mut self, spec: HearSpec) -> Option<(PartRef, &'a Heard)> {
        let job = Job::Hear(spec);
        let task = job.id(&self.version.sha256);
        match &self.step(job)?.outcome {
            Outcome::Heard(heard) => Some((PartRef { task, sha256: heard.file.sha256.clone() }, heard)),
            _ => None,
        }
    }

    fn refused(&mut self, job: &Job, refusal: Refusal) {
        self.settled(job.title(), job, StepStatus::Refused { refusal });
    }

    fn nothing(&mut self, code: NothingCode, found: &str) {
        let nothing = Nothing { code, found: found.to_owned() };
        self.settled("transcript and captions".to_owned(), &Job::Cut(CUT), StepStatus::Nothing { nothing });
    }

    /// Records a step that nobody has to do.
    fn settled(&mut self, title: String, job: &Job, status: StepStatus) {
        let task = job.id(&self.version.sha256);
        self.readiness.steps.push(Step { title, views: Vec::new(), task, status });
    }

    /// Returns the captions that a person gave last, if they did not release them: those of a locale, or of any.
    fn given(&self, locale: Option<&str>) -> Option<Given> {
        let is_about = |verdict: &&Verdict| match (verdict.decision.captions(), locale) {
            (Some(about), Some(locale)) => about == locale,
            (Some(_), None) => !matches!(verdict.decision, Decision::ApproveCaptions { .. }),
            (None, _) => false,
        };
        let mut words = self.manifest.verdicts.values().rev().filter(is_about);
        let last = words.find(|verdict| !matches!(verdict.decision, Decision::ApproveCaptions { .. }))?;
        let Decision::GiveCaptions { locale, files, source, excerpt } = &last.decision else { return None };
        Some(Given {
            locale: locale.clone(),
            files: files.clone(),
            excerpt: excerpt.clone(),
            by: last.by.clone(),
            is_current: *source == self.version.sha256,
        })
    }

    fn approved(&self, locale: &str, value: &Sha256) -> Option<String> {
        let is_it = |verdict: &&Verdict| matches!(&verdict.decision, Decision::ApproveCaptions { locale: of, value: seen } if of == locale && seen == value);
        self.manifest.verdicts.values().rev().find(is_it).map(|verdict| verdict.by.clone())
    }
}

struct Given {
    locale: String,
    files: Vec<File>,
    excerpt: String,
    by: String,
    /// Whether they were made for the present bytes.
    is_current: bool,
}

fn state(
    walk: &Walk<'_>,
    wanted: &Captions,
    given: Option<Given>,
    captioned: Option<Captioned>,
) -> Option<CaptionState> {
    if let Some(given) = given {
        let status = if given.is_current { FieldStatus::Human } else { FieldStatus::Stale };
        let Given { locale, files, excerpt, by, .. } = given;
        return Some(CaptionState { locale, status, files, excerpt, by: Some(by), captioned });
    }
    let captioned = captioned?;
    let locale = captioned.language.clone();
    let by = captioned.digest().and_then(|digest| walk.approved(&locale, digest));
    let status = match &by {
        Some(_) => FieldStatus::Approved,
        None if wanted.review == Review::Always || captioned.needs_a_person() => FieldStatus::InReview,
        None => FieldStatus::Machine,
    };
    let (files, excerpt) = (captioned.files.clone(), captioned.excerpt.clone());
    Some(CaptionState { locale, status, files, excerpt, by, captioned: Some(captioned) })
}

/// Returns what was found in a part as a finding about the whole.
fn in_part(span: TimeSpan, finding: &Finding) -> Finding {
    Finding { words: format!("in the part {}: {}", span.title(), finding.words), ..finding.clone() }
}

pub(super) fn to_review(state: &CaptionState) -> String {
    match state.status {
        FieldStatus::Stale => format!("captions in {}: they were made for an earlier version", state.locale),
        _ => format!("captions in {}: approve them, or give others", state.locale),
    }
}
