//! One asset: what it looks like, what was made of it, why it is as it is, and what a person can do about it.

use super::focus::Stage;
use super::player::{self, Player};
use super::renditions::files;
use super::{Frame, chip, frame, glyph, name, problem, texts, when};
use crate::tile::{Name, kind_words};
use crate::{Console, Shared, failure, read_manifest};
use ::asset::fact::Change;
use ::asset::ids::AssetId;
use ::asset::manifest::Manifest;
use ::asset::readiness::{State as AssetState, StepStatus};
use ::asset::why::words::{size, visible};
use ::asset::why::{Mark, why};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use std::collections::BTreeSet;

pub async fn show(State(console): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let Ok(id) = AssetId::parse(&id) else {
        return problem::respond("/assets/", &headers, StatusCode::NOT_FOUND, "there is no such asset");
    };
    let manifest = match read_manifest(&console, &id).await {
        Ok(manifest) => manifest,
        Err(error) => return failure("/assets/", &headers, &error),
    };
    let title = Name::of(&manifest.key);
    let stage = Stage::of(&console, &manifest);
    let player = Player::of(&console, &manifest).await;
    let content = html! {
        nav.crumbs aria-label="Breadcrumb" { a href="/" { (glyph("back")) "All assets" } }
        (head(&manifest, &title))
        div #alerts data-live {
            @if let Some(review) = stage.as_ref().and_then(Stage::review) { (review) }
            (texts::waiting(&manifest))
            (player::waiting(&manifest))
            (refusals(&console, &manifest))
        }
        @match &stage {
            Some(stage) => { (stage.show()) (stage.show_crops()) },
            None => { section #focus data-live {} section #crops data-live {} },
        }
        (player::parts(&manifest))
        @if let Some(player) = &player { (player.show()) (player.captions()) }
        (texts::show(&console, &manifest))
        (files(&manifest))
        div.columns { (timeline(&manifest, console.clock.now_ms())) div { (facts(&manifest)) (versions(&manifest)) } }
    };
    let frame_of = Frame { title: &title.full, poll: Some(format!("/api/assets/{id}")), tools: html! {} };
    Html(frame(Some(&console), frame_of, content).into_string()).into_response()
}

fn head(manifest: &Manifest, title: &Name) -> Markup {
    let readiness = &manifest.readiness;
    let n_steps = readiness.steps.len();
    let n_done = readiness.steps.iter().filter(|step| step.status != StepStatus::Pending).count();
    html! {
        header #status .masthead data-live data-state=(::asset::why::state_words(readiness.state)) {
            @if let Some(folder) = &title.folder { span.folder { bdi { (folder) } } }
            h1 { (name(title)) }
            div.row {
                (chip(readiness.state))
                @if n_done < n_steps {
                    span.steps { progress value=(n_done) max=(n_steps) aria-hidden="true" {} (n_done) " of " (n_steps) " steps" }
                } @else if let (AssetState::Deleted, Some(reason)) = (readiness.state, &readiness.reason) {
                    span.facts { (visible(reason)) }
                }
            }
        }
    }
}

/// Shows each refused step with its code, what was found, the way out, and the button for another try.
fn refusals(console: &Console, manifest: &Manifest) -> Markup {
    html! {
        @for (step, refusal) in manifest.readiness.gaps() {
            div.bar.refused role="region" aria-label={ "refused: " (step.title) } {
                (glyph("failed"))
                div {
                    p { strong { (visible(&step.title)) } " was refused " code { (refusal.code) } }
                    p { (visible(&refusal.found)) "." }
                    p { strong { "Way out: " } (visible(&refusal.way_out)) "." }
                }
                form method="post" action={ "/assets/" (manifest.asset) "/verdicts" } data-send="Trying again." {
                    input type="hidden" name="csrf" value=(console.access.csrf());
                    input type="hidden" name="decision" value="retry";
                    input type="hidden" name="task" value=(step.task);
                    button { (glyph("retry")) "Retry" }
                }
            }
        }
    }
}

fn timeline(manifest: &Manifest, now_ms: u64) -> Markup {
    let glyph_of = |mark: Mark| match mark {
        Mark::State => manifest.readiness.state.as_str(),
        Mark::Arrived => "arrived",
        Mark::Done => "ready",
        Mark::Pending => "processing",
        Mark::Refused => "failed",
        Mark::Person => "person",
        Mark::Note => "note",
    };
    html! {
        section #why data-live aria-labelledby="why-title" {
            h2 #why-title { "Why" }
            ol.why {
                @for line in why(manifest, now_ms) {
                    li class={ "m-" (glyph_of(line.mark)) } {
                        (glyph(glyph_of(line.mark)))
                        div { p { (line.text) } @if let Some(at_ms) = line.at_ms { (when(at_ms)) } }
                    }
                }
            }
        }
    }
}

fn facts(manifest: &Manifest) -> Markup {
    let readiness = &manifest.readiness;
    html! {
        section #facts data-live aria-labelledby="facts-title" {
            h2 #facts-title { "Source" }
            dl {
                div { dt { "Key" } dd { bdi { (visible(&manifest.key)) } } }
                @if let Some(version) = manifest.version() {
                    div { dt { "Kind" } dd { (kind_words(version.media_type.as_deref().unwrap_or("unknown"))) } }
                    @if let Some(probe) = &readiness.probe {
                        div { dt { "Pixels" } dd { (probe.width) " × " (probe.height) @if probe.frames > 1 { ", " (probe.frames) " frames" } } }
                    }
                    @if let Some(recording) = &readiness.recording {
                        div { dt { "Recording" } dd { (visible(&recording.line())) } }
                    }
                    div { dt { "Bytes" } dd { (size(version.bytes)) " (" (version.bytes) ")" } }
                    div { dt { "SHA-256" } dd { code.hash { (version.sha256) } } }
                }
                @if let Some(found) = &readiness.inspection {
                    @if let Some(copyright) = &found.copyright { div { dt { "Copyright" } dd { bdi { (visible(copyright)) } } } }
                    @if let Some(credit) = &found.credit { div { dt { "Credit" } dd { bdi { (visible(credit)) } } } }
                    div {
                        dt { "Colour" }
                        dd { svg.swatch viewBox="0 0 1 1" aria-hidden="true" { rect width="1" height="1" fill=(found.dominant_color) {} } code { (found.dominant_color) } @if found.transparent { ", partly transparent" } }
                    }
                }
                div { dt { "Asset" } dd { code.hash { (manifest.asset) } } }
            }
            @if readiness.inspection.as_ref().is_some_and(|found| found.copyright.is_some() || found.credit.is_some()) {
                p.facts { "Copyright and credit are what the file says of itself." }
            }
        }
    }
}

fn versions(manifest: &Manifest) -> Markup {
    let current = manifest.latest().map(|arrival| &arrival.sequencer);
    // The latest arrival of the same bytes stands for all of them.
    let mut seen = BTreeSet::new();
    let rows: Vec<_> = manifest
        .arrivals
        .values()
        .rev()
        .filter_map(|arrival| match &arrival.change {
            Change::Put(version) => seen.insert(version.sha256.clone()).then_some((arrival, version)),
            Change::Delete => None,
        })
        .collect();
    html! {
        section #versions data-live aria-labelledby="versions-title" {
            h2 #versions-title { "Versions" }
            @if rows.is_empty() { p.facts { "None yet." } }
            ul.versions {
                @for (arrival, version) in rows {
                    li {
                        div {
                            code.hash { (&version.sha256.as_str()[..12]) } " " (size(version.bytes))
                            @if current == Some(&arrival.sequencer) { " " span.tag { "current" } }
                            div.facts { (when(arrival.at_ms)) }
                        }
                        a href={ "/originals/" (manifest.asset) "/" (version.sha256) } download {
                            "Download" span.hidden-text { " version " (&version.sha256.as_str()[..12]) }
                        }
                    }
                }
            }
        }
    }
}
