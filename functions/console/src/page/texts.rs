//! The texts of an asset: the words in force, what a model proposes, what the checks say, and a person's word on each.

use super::{capital, glyph};
use crate::Console;
use crate::api::Given;
use ::asset::field::{self, Field, FieldState, FieldStatus, Finding, Severity, UNDETERMINED, Written};
use ::asset::manifest::Manifest;
use ::asset::readiness::StepStatus;
use ::asset::why::provenance;
use ::asset::why::words::visible;
use maud::{Markup, html};

/// Returns the id of a text's card on the asset's page.
pub fn anchor(field: Field, locale: &str) -> String {
    format!("text-{}-{locale}", field.as_str())
}

/// Shows a card per text that the profile asks for. The list is there without any, so that a live update has its place.
pub fn show(console: &Console, manifest: &Manifest) -> Markup {
    html! {
        section #texts aria-labelledby="texts-title" {
            h2 #texts-title { "Texts" }
            ul #texts-list .texts data-live-list {
                @for state in &manifest.readiness.fields { (Card::of(console, manifest, state).show()) }
            }
        }
    }
}

/// Says at the top of the page which texts wait for a person, each with the way to its card.
pub fn waiting(manifest: &Manifest) -> Markup {
    html! {
        @for state in manifest.readiness.fields.iter().filter(|state| state.status.needs_a_person()) {
            div.bar.review role="region" aria-label={ "Review of " (title(state)) } {
                (glyph("in_review"))
                p {
                    strong { (capital(&title(state))) } ": "
                    @if state.status == FieldStatus::Stale { "it was written for an earlier version. Does it still fit?" }
                    @else { "a model's words wait for a person." }
                }
                a.button href={ "#" (anchor(state.field, &state.locale)) } { "Look at it" }
            }
        }
    }
}

/// Returns what somebody typed into a form that was refused, so that it is not lost.
pub fn what_was_typed(given: &Given) -> Markup {
    let text = given.text.as_deref().unwrap_or_default();
    html! {
        @if matches!(given.decision.as_str(), "edit_text" | "give_captions") && !text.is_empty() {
            div.typed {
                label for="typed" { "Nothing was saved. This is what you typed:" }
                textarea #typed rows="6" dir="auto" readonly { "\n" (text) }
            }
        }
    }
}

/// Returns the alternative text for the picture on its own page; `None` where none is in force.
///
/// An empty one is right where the picture only decorates. On its own page it is what the page is about.
pub fn alt(manifest: &Manifest) -> Option<(&str, String)> {
    let state = alt_state(manifest).filter(|state| state.text.as_deref() != Some(""))?;
    Some((&state.locale, visible(&state.text.as_deref()?.replace('\n', " "))))
}

/// Returns the first alternative text in force, in the profile's order.
pub fn alt_state(manifest: &Manifest) -> Option<&FieldState> {
    manifest.readiness.fields.iter().find(|state| state.field == Field::AltText && state.text.is_some())
}

fn title(state: &FieldState) -> String {
    visible(&field::title(state.field, &state.locale))
}

struct Card<'a> {
    manifest: &'a Manifest,
    state: &'a FieldState,
    /// The model's words, where they are not the ones in force.
    proposal: Option<&'a Written>,
    /// How long the profile wants it at most.
    max_characters: Option<u32>,
    id: String,
    title: String,
    csrf: String,
}

impl<'a> Card<'a> {
    fn of(console: &Console, manifest: &'a Manifest, state: &'a FieldState) -> Self {
        let collection = console.profile.collection_of(&manifest.key);
        let asked = collection.and_then(|collection| {
            collection.texts.iter().find(|text| text.field == state.field && text.locale == state.locale)
        });
        Card {
            manifest,
            state,
            proposal: state.written.as_ref().filter(|written| state.text.as_ref() != Some(&written.text)),
            max_characters: asked.map(|text| text.max_characters),
            id: anchor(state.field, &state.locale),
            title: title(state),
            csrf: console.access.csrf(),
        }
    }

    fn is_by_a_person(&self) -> bool {
        matches!(self.state.status, FieldStatus::Human | FieldStatus::Stale)
    }

    fn show(&self) -> Markup {
        let FieldState { field, locale, status, .. } = self.state;
        html! {
            li id=(self.id) data-state=(status.words()) data-name=(capital(&self.title)) {
                div.row {
                    h3 tabindex="-1" {
                        (capital(field.words()))
                        @if locale != UNDETERMINED { span.hidden-text { " in" } " " span.tag { bdi { (visible(locale)) } } }
                    }
                    (mark(*status, self.refusal().is_some()))
                }
                (self.in_force())
                (self.missing())
                @if let Some(proposal) = self.proposal { (self.proposed(proposal)) }
                @if let Some(written) = &self.state.written {
                    // A person's words are a person's business: the checks read the model's.
                    @if self.proposal.is_some() || !self.is_by_a_person() { (findings(&written.findings)) }
                }
                p.moved.facts hidden {
                    "This text has changed meanwhile. What you typed is still here: save it, or load the page again."
                }
                (self.actions())
                (self.edit())
                details.from id={ (self.id) "-from" } {
                    summary { "Where it came from" span.hidden-text { ": " (self.title) } }
                    dl {
                        @for (name, value) in provenance(self.manifest, *field, Some(locale)) {
                            div { dt { (name) } dd { bdi { (value) } } }
                        }
                    }
                }
            }
        }
    }

    fn in_force(&self) -> Markup {
        let by = self.state.by.as_deref().map(visible);
        let by = by.as_deref().unwrap_or("a person");
        html! {
            @if let Some(text) = &self.state.text {
                p.label {
                    @match self.state.status {
                        FieldStatus::Machine => "In force, written by a model",
                        FieldStatus::Approved => { "In force, written by a model and approved by " bdi { (by) } },
                        FieldStatus::Stale => { "In force, written by " bdi { (by) } " for an earlier version" },
                        _ => { "In force, written by " bdi { (by) } },
                    }
                }
                (self.words(text))
            } @else {
                p.label { "Nothing is in force" }
            }
        }
    }

    /// Tells why nobody wrote it yet.
    fn missing(&self) -> Markup {
        html! {
            @if self.state.status == FieldStatus::Missing {
                @if let Some((found, way_out)) = self.refusal() {
                    p { (capital(&found)) "." }
                    p { strong { "Way out: " } (way_out) ", or write it yourself." }
                } @else {
                    p.facts { "A model has been asked to write it." }
                }
            }
        }
    }

    /// Returns what was found and the way out, if the step that writes this text was refused.
    fn refusal(&self) -> Option<(String, String)> {
        let FieldState { field, locale, .. } = self.state;
        let title = format!("write {}", field::title(*field, locale));
        let step = self.manifest.readiness.steps.iter().find(|step| step.title == title)?;
        match &step.status {
            StepStatus::Refused { refusal } => Some((visible(&refusal.found), visible(&refusal.way_out))),
            _ => None,
        }
    }

    fn proposed(&self, written: &Written) -> Markup {
        let by = self.state.by.as_deref().map(visible);
        html! {
            p.label {
                @match self.state.status {
                    FieldStatus::InReview => "The model's words, waiting for you",
                    FieldStatus::Rejected => { "The model's words, rejected by " bdi { (by.as_deref().unwrap_or("a person")) } },
                    _ => "The model's words, not in force",
                }
            }
            (self.words(&written.text))
            @if !written.suggestions.is_empty() {
                p.facts { "Not in the vocabulary: " bdi { (visible(&written.suggestions.join(", "))) } }
            }
        }
    }

    fn words(&self, text: &str) -> Markup {
        let terms = &self.state.terms;
        let called =
            |id: &str| terms.iter().find(|term| term.id == id).map_or(id, |term| term.label.as_str()).to_owned();
        let lines = text.split('\n').map(|line| visible(&called(line))).collect::<Vec<_>>().join("\n");
        html! {
            @if text.is_empty() {
                p.words.facts {
                    @if self.state.field == Field::AltText { "Empty: the picture is decorative." } @else { "Nothing was found." }
                }
            }
            @else { p.words lang=(self.state.locale) dir="auto" { (lines) } }
        }
    }

    /// Draws the decisions that take one press.
    fn actions(&self) -> Markup {
        let FieldState { status, text, written, .. } = self.state;
        let is_approvable = *status != FieldStatus::Approved && (self.proposal.is_some() || !self.is_by_a_person());
        let is_rejectable = matches!(status, FieldStatus::Machine | FieldStatus::InReview | FieldStatus::Approved);
        let digest = written.as_ref().map(Written::digest);
        html! {
            div.row {
                @if let (FieldStatus::Stale, Some(text)) = (status, text) {
                    (self.form("edit_text", "Confirmed.", html! {
                        (self.seen())
                        @if text.is_empty() && self.state.field == Field::AltText {
                            input type="hidden" name="decorative" value="on";
                        }
                        @else { input type="hidden" name="text" value=(text); }
                        (self.button("confirm", "It still fits", true))
                    }))
                }
                @if let Some(digest) = &digest {
                    @let value = html! { input type="hidden" name="value" value=(digest); };
                    @if is_approvable {
                        @let words = if self.is_by_a_person() { "Approve the model's words" } else { "Approve" };
                        @let button = self.button("approve", words, !self.is_by_a_person());
                        (self.form("approve_text", "Approved.", html! { (value) (button) }))
                    }
                    @if is_rejectable {
                        @let button = self.button("reject", "Reject", false);
                        (self.form("reject_text", "Rejected.", html! { (value) (button) }))
                    }
                }
                @if self.is_by_a_person() {
                    @let button = self.button("release", "Use the model's words again", false);
                    (self.form("release_text", "Given back to the model.", button))
                }
            }
        }
    }

    fn edit(&self) -> Markup {
        let FieldState { field, locale, status, text, written, .. } = self.state;
        let start = text.as_ref().or(written.as_ref().map(|written| &written.text)).map_or("", String::as_str);
        let is_empty = *field == Field::AltText && text.as_deref() == Some("");
        let is_open = *status == FieldStatus::Rejected || *status == FieldStatus::Missing && self.refusal().is_some();
        let n_rows = if *field == Field::AltText { 3 } else { 8 };
        let id = |part: &str| format!("{}-{part}", self.id);
        html! {
            details.edit id=(id("edit")) open[is_open] {
                summary { @if start.is_empty() && !is_empty { "Write" } @else { "Edit" } span.hidden-text { " " (self.title) } }
                (self.form("edit_text", "Saved.", html! {
                    (self.seen())
                    label for=(id("words")) { "Your words" span.hidden-text { " for " (self.title) } }
                    // The parser drops a line feed right after the tag: one of ours, so that none of theirs is lost.
                    textarea id=(id("words")) name="text" rows=(n_rows) lang=(locale) dir="auto"
                        required[*field == Field::Description] aria-describedby=(id("count")) { "\n" (start) }
                    @if field.is_terms() { p.facts { "Ids of the vocabulary, one a line." } }
                    p.facts.count id=(id("count")) data-script hidden data-max=[self.max_characters] {}
                    @if *field == Field::AltText {
                        label.tick { input type="checkbox" name="decorative" checked[is_empty]; " Decorative: no text" }
                    }
                    (self.button("save", "Save", true))
                }))
            }
        }
    }

    fn form(&self, decision: &str, said: &str, content: Markup) -> Markup {
        html! {
            // Without `off`, a browser may put the fields of an earlier page back into this one.
            form method="post" action={ "/assets/" (self.manifest.asset) "/verdicts" } data-send=(said) autocomplete="off" {
                input type="hidden" name="csrf" value=(self.csrf);
                input type="hidden" name="decision" value=(decision);
                input type="hidden" name="field" value=(self.state.field.as_str());
                input type="hidden" name="locale" value=(self.state.locale);
                (content)
            }
        }
    }

    /// Binds an edit to the version and the model's words that the person sees.
    fn seen(&self) -> Markup {
        html! {
            @if let Some(version) = &self.manifest.readiness.version { input type="hidden" name="source" value=(version); }
            @if let Some(written) = &self.state.written { input type="hidden" name="seen" value=(written.digest()); }
        }
    }

    /// The buttons of several texts have the same words, so each says which text it is about.
    fn button(&self, part: &str, words: &str, is_primary: bool) -> Markup {
        html! { button id={ (self.id) "-" (part) } .primary[is_primary] { (words) span.hidden-text { ": " (self.title) } } }
    }
}

/// Shows a status as an icon and words; the colour only helps.
fn mark(status: FieldStatus, is_refused: bool) -> Markup {
    let (class, icon) = match status {
        FieldStatus::Missing if is_refused => ("s-failed", "failed"),
        FieldStatus::Missing => ("s-processing", "processing"),
        FieldStatus::Machine => ("s-ready", "ready"),
        FieldStatus::InReview | FieldStatus::Stale => ("s-in_review", "in_review"),
        FieldStatus::Approved | FieldStatus::Human => ("m-person", "person"),
        FieldStatus::Rejected => ("s-failed", "failed"),
    };
    html! { span class={ "chip " (class) } { (glyph(icon)) (capital(status.words())) } }
}

fn findings(findings: &[Finding]) -> Markup {
    let look = |severity: Severity| match severity {
        Severity::Note => ("m-note", "note", "Note"),
        Severity::Warn => ("s-ready_with_gaps", "ready_with_gaps", "Warning"),
        Severity::Fail => ("s-failed", "failed", "Not fit to publish"),
    };
    html! {
        @if !findings.is_empty() {
            p.label { "What the checks found in the model's words" }
            ul.findings {
                @for finding in findings {
                    @let (class, icon, severity) = look(finding.severity);
                    li class=(class) {
                        (glyph(icon))
                        p { strong { (severity) } " " code { (visible(&finding.check)) } ": " bdi { (visible(&finding.words)) } }
                    }
                }
            }
        }
    }
}
