//! Why an asset is in the state it is in, in plain words: one explanation for the terminal and for the asset's page.

mod texts;
pub mod words;

pub use texts::provenance;

use crate::fact::{Change, Decision, Outcome, TaskResult};
use crate::ids::TaskId;
use crate::image::FocusSource;
use crate::manifest::{Manifest, Request};
use crate::readiness::{Readiness, State, Step, StepStatus};
use crate::recording::{Heard, Passage};
use std::fmt;
use words::{count, size, span, time, times, visible};

/// What a line is about, so that a reader finds the line that needs a hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Where the asset stands.
    State,
    /// The inbox changed.
    Arrived,
    /// A step has its outputs.
    Done,
    /// A step is still to come.
    Pending,
    /// A step cannot be done as things are.
    Refused,
    /// A person's word.
    Person,
    /// Something for people to know.
    Note,
}

impl Mark {
    fn sign(self) -> char {
        match self {
            Mark::State => '=',
            Mark::Arrived => '>',
            Mark::Done => '+',
            Mark::Pending => '~',
            Mark::Refused => '!',
            Mark::Person => '@',
            Mark::Note => '-',
        }
    }
}

/// One sentence of the explanation. What strangers wrote is in it with [`visible`] marks: safe in a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub mark: Mark,
    /// Milliseconds since 1970, where it happened at one time.
    pub at_ms: Option<u64>,
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at_ms.map(time).unwrap_or_default();
        write!(f, "{} {at:20}  {}", self.mark.sign(), self.text)
    }
}

/// Findings of one recording's captions beyond this are in the manifest.
const MAX_FINDINGS: usize = 20;

/// Tells how the asset came to its state: the state first, then what arrived, each step, the focal point, what people asked for.
pub fn why(manifest: &Manifest, now_ms: u64) -> Vec<Line> {
    let mut lines = vec![state(manifest)];
    arrivals(manifest, &mut lines);
    for step in &manifest.readiness.steps {
        lines.push(self::step(manifest, step, now_ms));
    }
    let has_files = manifest.readiness.outputs().next().is_some() || manifest.readiness.files().next().is_some();
    if manifest.readiness.state == State::Ready && !has_files {
        lines.push(line(Mark::Note, None, "no collection of the profile matches this key, so nothing is made of it"));
    }
    let notes = manifest.readiness.inspection.iter().flat_map(|inspection| &inspection.notes);
    lines.extend(notes.map(|note| line(Mark::Note, None, visible(note))));
    focus(manifest, &mut lines);
    texts::lines(manifest, &mut lines);
    captions(manifest, &mut lines);
    retries(manifest, &mut lines);
    lines
}

fn line(mark: Mark, at_ms: Option<u64>, text: impl Into<String>) -> Line {
    Line { mark, at_ms, text: text.into() }
}

/// Returns a state in the words that people see: `ready with gaps`.
pub fn state_words(state: State) -> &'static str {
    match state {
        State::Processing => "processing",
        State::Ready => "ready",
        State::ReadyWithGaps => "ready with gaps",
        State::InReview => "in review",
        State::Failed => "failed",
        State::Deleted => "deleted",
    }
}

fn state(manifest: &Manifest) -> Line {
    let readiness = &manifest.readiness;
    let words = state_words(readiness.state);
    let text = match (&readiness.reason, readiness.state) {
        (None, _) => words.to_owned(),
        // Each gap has its own line below; the whole list here would only bury it.
        (Some(_), State::ReadyWithGaps | State::Failed) if readiness.gaps().next().is_some() => {
            format!("{words}: {} refused", count(readiness.gaps().count(), "step was", "steps were"))
        }
        (Some(reason), _) => format!("{words}: {}", visible(reason)),
    };
    line(Mark::State, None, text)
}

fn arrivals(manifest: &Manifest, lines: &mut Vec<Line>) {
    let mut before = None;
    for arrival in manifest.arrivals.values() {
        let text = match &arrival.change {
            Change::Delete => "deleted from the inbox".to_owned(),
            Change::Put(version) => {
                let verb = match before {
                    None => "arrived",
                    Some(sha256) if sha256 == &version.sha256 => "arrived again with the same bytes",
                    Some(_) => "replaced",
                };
                let kind = version.media_type.as_deref().map_or_else(|| "an unknown kind".to_owned(), visible);
                let sha256 = &version.sha256.as_str()[..12];
                let settled = manifest.time_to_settle_ms(arrival).map(|ms| format!(", settled after {}", span(ms)));
                format!("{verb}: {} of {kind}, sha256 {sha256}{}", size(version.bytes), settled.unwrap_or_default())
            }
        };
        before = match &arrival.change {
            Change::Put(version) => Some(&version.sha256),
            Change::Delete => None,
        };
        lines.push(line(Mark::Arrived, Some(arrival.at_ms), text));
    }
}

fn step(manifest: &Manifest, step: &Step, now_ms: u64) -> Line {
    let title = visible(&step.title);
    match &step.status {
        StepStatus::Pending => pending(manifest, step, &title, now_ms),
        StepStatus::Refused { refusal } => {
            let result = results(manifest, &step.task)
                .filter(|result| matches!(&result.outcome, Outcome::Refused(found) if found == refusal))
                .max_by_key(|result| result.at_ms);
            let found = visible(&refusal.found);
            let text =
                format!("{title}: refused ({}): {found}. the way out: {}", refusal.code, visible(&refusal.way_out));
            line(Mark::Refused, result.map(|result| result.at_ms), text)
        }
        StepStatus::Nothing { nothing } => {
            let text = format!("{title}: nothing to make ({}): {}", nothing.code.as_str(), visible(&nothing.found));
            line(Mark::Done, None, text)
        }
        StepStatus::Done { outputs, files } => {
            let result = results(manifest, &step.task).find(|result| !matches!(result.outcome, Outcome::Refused(_)));
            let made =
                texts::made(manifest, step).unwrap_or_else(|| match (&manifest.readiness, !step.views.is_empty()) {
                    (Readiness { probe: Some(probe), inspection: Some(inspection), .. }, false) => format!(
                        ", {} × {} pixels, {}",
                        probe.width,
                        probe.height,
                        count(inspection.faces as usize, "face", "faces")
                    ),
                    (Readiness { recording: Some(recording), .. }, false) if files.is_empty() => match result {
                        Some(TaskResult { outcome: Outcome::Probed(_), .. }) => {
                            format!(": {}", visible(&recording.line()))
                        }
                        Some(TaskResult { outcome: Outcome::Heard(heard), .. }) => self::heard(heard),
                        Some(TaskResult { outcome: Outcome::Cut { passages }, .. }) => self::cut(passages),
                        _ => String::new(),
                    },
                    (_, false) if files.is_empty() => String::new(),
                    (_, false) => {
                        let bytes = files.iter().map(|file| file.bytes).sum();
                        format!(", {}, {}", count(files.len(), "file", "files"), size(bytes))
                    }
                    (_, true) => {
                        let bytes = outputs.iter().map(|output| output.bytes).sum();
                        format!(", {}, {}", count(outputs.len(), "file", "files"), size(bytes))
                    }
                });
            let how = match result {
                None => String::new(),
                Some(TaskResult { reused_from: Some(other), .. }) => {
                    format!(" by copying from {other}, which has the same bytes")
                }
                Some(result) => format!(" in {}", span(result.took_ms)),
            };
            line(Mark::Done, result.map(|result| result.at_ms), format!("{title}: done{how}{made}"))
        }
    }
}

fn heard(heard: &Heard) -> String {
    let language = heard.language.as_deref().unwrap_or("an unknown language");
    let words = count(heard.n_words as usize, "word", "words");
    format!(": {words} in {}, by {}, for {}", visible(language), visible(&heard.by.model_answered), heard.by.cost)
}

fn cut(passages: &[Passage]) -> String {
    let n_silent = passages.iter().filter(|passage| passage.is_silent).count();
    format!(": {}, {n_silent} of them silent", count(passages.len(), "part", "parts"))
}

fn pending(manifest: &Manifest, step: &Step, title: &str, now_ms: u64) -> Line {
    let prefix = format!("{}/{}.", manifest.generation().as_segment(), step.task);
    let request: Option<&Request> = manifest
        .requests
        .range(prefix.clone()..)
        .take_while(|(name, _)| name.starts_with(&prefix))
        .map(|(_, request)| request)
        .max_by_key(|request| request.last_ms);
    let Some(request) = request else {
        return line(Mark::Pending, None, format!("{title}: to come, not sent yet"));
    };
    let since = span(now_ms.saturating_sub(request.first_ms));
    let mut text = format!("{title}: to come for {since}, sent {}", times(request.times));
    if request.times > 1 {
        text.push_str(&format!(", the last time {} ago", span(now_ms.saturating_sub(request.last_ms))));
    }
    line(Mark::Pending, Some(request.first_ms), text)
}

fn results<'a>(manifest: &'a Manifest, task: &'a TaskId) -> impl Iterator<Item = &'a TaskResult> {
    manifest.results.values().filter(move |result| result.task == *task)
}

fn focus(manifest: &Manifest, lines: &mut Vec<Line>) {
    let Some(focus) = &manifest.readiness.focus else { return };
    let at = format!("{}% from the left, {}% from the top", tenth(focus.point.x), tenth(focus.point.y));
    let Some(by) = &focus.by else {
        let from = match manifest.readiness.inspection.as_ref().map(|inspection| inspection.focus_from) {
            Some(FocusSource::Faces) => "by faces",
            Some(FocusSource::Saliency) => "by what stands out",
            Some(FocusSource::Center) | None => "as the middle, for want of anything better",
        };
        lines.push(line(Mark::Note, None, format!("focal point: {at}, found {from}")));
        return;
    };
    let at_ms = manifest.human_focus().map(|verdict| verdict.at_ms);
    lines.push(line(Mark::Person, at_ms, format!("focal point: {at}, placed by {}", visible(by))));
    if focus.stale {
        let text = "the focal point was placed on an earlier version: confirm, move or release it";
        lines.push(line(Mark::Refused, None, text));
    }
}

fn captions(manifest: &Manifest, lines: &mut Vec<Line>) {
    for captions in &manifest.readiness.captions {
        let by = captions.by.as_deref().map(|by| format!(" by {}", visible(by))).unwrap_or_default();
        let mark = if captions.by.is_some() { Mark::Person } else { Mark::Note };
        let text = format!("captions in {}: {}{by}", visible(&captions.locale), captions.status.words());
        lines.push(line(mark, None, text));
        for finding in captions.captioned.iter().flat_map(|captioned| &captioned.findings).take(MAX_FINDINGS) {
            let text = format!("{}: {}: {}", finding.severity, visible(&finding.check), visible(&finding.words));
            lines.push(line(Mark::Note, None, text));
        }
    }
    let notes = manifest.readiness.recording.iter().flat_map(|recording| &recording.notes);
    lines.extend(notes.map(|note| line(Mark::Note, None, visible(note))));
}

fn tenth(thousandths: u16) -> String {
    let (whole, rest) = (thousandths / 10, thousandths % 10);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest}") }
}

fn retries(manifest: &Manifest, lines: &mut Vec<Line>) {
    for verdict in manifest.verdicts.values() {
        let Decision::Retry { task } = &verdict.decision else { continue };
        let step = manifest.readiness.steps.iter().find(|step| step.task == *task);
        let title = step.map_or_else(|| format!("task {}", task.short()), |step| visible(&step.title));
        lines.push(line(
            Mark::Person,
            Some(verdict.at_ms),
            format!("{} asked to try {title} again", visible(&verdict.by)),
        ));
    }
}

#[cfg(test)]
mod tests;
