//! The words of an asset, explained: what stands, whose it is, what the checks say, and where it came from.

use super::words::{count, size, span, time, visible};
use super::{Line, Mark, line};
use crate::embedding::Embedded;
use crate::fact::{Decision, Outcome, Verdict};
use crate::field::{self, Field, FieldState, FieldStatus, Provenance, Severity, Written};
use crate::manifest::Manifest;
use crate::readiness::Step;

/// Adds a line per text, and one per finding of its checks.
pub(super) fn lines(manifest: &Manifest, lines: &mut Vec<Line>) {
    for state in &manifest.readiness.fields {
        lines.push(self::state(manifest, state));
        // A person's words are a person's business: the checks read the model's.
        if matches!(state.status, FieldStatus::Human) {
            continue;
        }
        for finding in state.written.iter().flat_map(|written| &written.findings) {
            let mark = if finding.severity == Severity::Note { Mark::Note } else { Mark::Refused };
            lines.push(line(mark, None, format!("{}: {}: {}", title(state), finding.check, visible(&finding.words))));
        }
    }
}

fn title(state: &FieldState) -> String {
    visible(&field::title(state.field, &state.locale))
}

fn state(manifest: &Manifest, state: &FieldState) -> Line {
    let verdict = state.by.as_ref().and_then(|_| last_word(manifest, state));
    let at_ms = verdict.map(|verdict| verdict.at_ms);
    let by = state.by.as_deref().map(|by| format!(" by {}", visible(by))).unwrap_or_default();
    let text = state
        .text
        .as_deref()
        .or(state.written.as_ref().map(|written| written.text.as_str()))
        .map(|text| quoted(state.field, text));
    let text = text.map(|text| format!(": {text}")).unwrap_or_default();
    let (mark, words) = match state.status {
        FieldStatus::Missing => (Mark::Pending, "missing".to_owned()),
        FieldStatus::Machine => (Mark::Done, "written by a model".to_owned()),
        FieldStatus::InReview => (Mark::Refused, "a model's words wait for a person".to_owned()),
        FieldStatus::Approved => (Mark::Person, format!("approved{by}")),
        FieldStatus::Human => (Mark::Person, format!("written{by}")),
        FieldStatus::Stale => (Mark::Refused, format!("written{by} for an earlier version: confirm or edit it")),
        FieldStatus::Rejected => (Mark::Refused, format!("a model's words were rejected{by}")),
    };
    line(mark, at_ms, format!("{}: {words}{text}", title(state)))
}

/// An empty text says something, and it has to be seen.
fn quoted(field: Field, text: &str) -> String {
    match field {
        Field::AltText if text.is_empty() => "empty, the picture is decorative".to_owned(),
        _ if text.is_empty() => "nothing was found".to_owned(),
        _ if field.is_terms() => visible(&text.replace('\n', ", ")),
        // A line of its own per line would look like lines of ours.
        _ => format!("\"{}\"", visible(&text.replace('\n', " / "))),
    }
}

fn last_word<'a>(manifest: &'a Manifest, state: &FieldState) -> Option<&'a Verdict> {
    let about = Some((state.field, state.locale.as_str()));
    manifest.verdicts.values().rev().find(|verdict| verdict.decision.text() == about)
}

/// Returns what a finished step that a model did amounts to; `None` for other steps.
pub(super) fn made(manifest: &Manifest, step: &Step) -> Option<String> {
    if let Some(embedded) = embedded(manifest, step) {
        let Embedded { dimensions, model_answered, cost, .. } = embedded;
        return Some(format!(", {dimensions} numbers by {} for {cost}", visible(model_answered)));
    }
    let written = written(manifest, |result_task| *result_task == step.task)?;
    let Provenance { model_answered, cost, .. } = &written.provenance;
    Some(format!(
        ", {} by {} for {cost}",
        count(written.text.chars().count(), "character", "characters"),
        visible(model_answered)
    ))
}

fn embedded<'a>(manifest: &'a Manifest, step: &Step) -> Option<&'a Embedded> {
    manifest.results.values().filter(|result| result.task == step.task).find_map(|result| match &result.outcome {
        Outcome::Embedded(embedded) => Some(&**embedded),
        _ => None,
    })
}

fn written(manifest: &Manifest, is_it: impl Fn(&crate::ids::TaskId) -> bool) -> Option<&Written> {
    manifest.results.values().filter(|result| is_it(&result.task)).find_map(|result| match &result.outcome {
        Outcome::Written(written) => Some(&**written),
        _ => None,
    })
}

/// Tells everything about a text, a name and a value per row: `greenroom why ASSET --field alt_text`.
///
/// Returns nothing if the profile asks for no such text.
pub fn provenance(manifest: &Manifest, field: Field, locale: Option<&str>) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let wanted = |state: &&FieldState| state.field == field && locale.is_none_or(|locale| locale == state.locale);
    for state in manifest.readiness.fields.iter().filter(wanted) {
        let mut row = |name: &str, value: String| rows.push((name.to_owned(), value));
        row("text", state.text.as_deref().map_or_else(|| "none in force".to_owned(), |text| quoted(field, text)));
        row("locale", visible(&state.locale));
        row("status", state.status.words().to_owned());
        if let Some(written) = &state.written {
            row("the model's words", quoted(field, &written.text));
            self::rows(written, &mut row);
        }
        let about = Some((state.field, state.locale.as_str()));
        for verdict in manifest.verdicts.values().filter(|verdict| verdict.decision.text() == about) {
            let what = match &verdict.decision {
                Decision::ApproveText { value, .. } => {
                    format!("approved the words with digest {}", &value.as_str()[..12])
                }
                Decision::RejectText { value, .. } => {
                    format!("rejected the words with digest {}", &value.as_str()[..12])
                }
                Decision::EditText { text, .. } => format!("wrote {}", quoted(field, text)),
                _ => "gave it back to the model".to_owned(),
            };
            row("verdict", format!("{} {} {what}", time(verdict.at_ms), visible(&verdict.by)));
        }
    }
    rows
}

fn rows(written: &Written, row: &mut impl FnMut(&str, String)) {
    let Provenance {
        prompt,
        rendered,
        request,
        model_asked,
        model_answered,
        passed_over,
        max_tokens,
        temperature_thousandths,
        sent,
        usage,
        cost,
        latency_ms,
        n_calls,
        request_id,
        warnings,
    } = &written.provenance;
    row("digest of the words", written.digest().to_string());
    row("prompt", format!("{} {} {}", prompt.id, prompt.version, prompt.hash));
    row("prompt as rendered", rendered.to_string());
    row("request", request.to_string());
    row("model asked", visible(model_asked));
    row("model answered", visible(model_answered));
    for model in passed_over {
        row("passed over", visible(model));
    }
    let temperature = temperature_thousandths.map(|t| format!(", temperature {}.{:03}", t / 1000, t % 1000));
    row("parameters", format!("at most {max_tokens} tokens{}", temperature.unwrap_or_default()));
    row(
        "picture sent",
        format!("{} × {} pixels, {}, sha256 {}", sent.width, sent.height, size(sent.bytes), sent.sha256),
    );
    let cached = if usage.cache_read > 0 { format!(", {} from the cache", usage.cache_read) } else { String::new() };
    row("tokens", format!("{} in{cached}, {} out", usage.input, usage.output));
    row("cost", cost.to_string());
    row("took", format!("{} in {}", span(*latency_ms), count(*n_calls as usize, "call", "calls")));
    if let Some(id) = request_id {
        row("request id", visible(id));
    }
    for id in &written.evidence {
        row("brand rule", visible(id));
    }
    for suggestion in &written.suggestions {
        row("not in the vocabulary", visible(suggestion));
    }
    for warning in warnings {
        row("warning", visible(warning));
    }
    if written.findings.is_empty() {
        row("checks", "nothing found".to_owned());
    }
    for finding in &written.findings {
        row("check", format!("{}: {}", finding.check, visible(&finding.words)));
    }
}
