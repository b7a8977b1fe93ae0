//! A recording on its page: the player with its captions, the waveform, the storyboard, chapters, the transcript, and a person's word.

use super::{capital, glyph};
use crate::tile::media_url;
use crate::{Console, statics};
use ::asset::field::{FieldStatus, Severity};
use ::asset::manifest::Manifest;
use ::asset::recording::{CaptionState, Captioned, File, Recording, is_recording};
use ::asset::why::words::{count, size, visible};
use maud::{Markup, html};

/// Captions beyond this are edited in a file of one's own.
const MAX_EDITED: u64 = 150_000;

/// What the page shows of a recording, once it is known what it is.
pub struct Player<'a> {
    manifest: &'a Manifest,
    recording: &'a Recording,
    csrf: String,
    /// The WebVTT files that can be edited on the page, by locale.
    edited: Vec<(String, String)>,
}

impl<'a> Player<'a> {
    pub async fn of(console: &Console, manifest: &'a Manifest) -> Option<Player<'a>> {
        let recording = manifest.readiness.recording.as_ref()?;
        let mut edited = Vec::new();
        for state in &manifest.readiness.captions {
            let Some(file) = vtt(state).filter(|file| file.bytes <= MAX_EDITED) else { continue };
            // Without it the page has one field less.
            if let Ok(blob) = console.store.read(&file.key).await {
                edited.push((state.locale.clone(), String::from_utf8_lossy(&blob.bytes).into_owned()));
            }
        }
        Some(Player { manifest, recording, csrf: console.access.csrf(), edited })
    }

    pub fn show(&self) -> Markup {
        let [script, style] = statics::player();
        html! {
            link rel="stylesheet" href=(style);
            script type="module" src=(script) {}
            section #player .player aria-label="Player" {
                (self.video())
                @if self.recording.video.is_none() { p #line .line dir="auto" {} }
                @if let Some(file) = self.file("waveform.json") {
                    canvas #waveform .waveform data-src=(media_url(&file.key)) role="img" aria-label="Waveform: click to seek" {}
                }
                @if let Some(file) = self.file("storyboard.vtt") {
                    div #storyboard .storyboard data-src=(media_url(&file.key)) role="list" aria-label="Storyboard" tabindex="0" {}
                }
                (self.chapters())
            }
            (self.transcript())
        }
    }

    fn video(&self) -> Markup {
        let readiness = &self.manifest.readiness;
        let source = readiness.version.as_ref().map(|sha256| format!("/recordings/{}/{sha256}", self.manifest.asset));
        let poster = readiness.outputs_of("poster").filter(|output| output.format != asset::image::OutputFormat::Avif);
        let poster = poster.min_by_key(|output| output.width.abs_diff(1280)).map(|output| media_url(&output.key));
        let is_audio = self.recording.video.is_none();
        let size = self.recording.video.as_ref().map(|video| (video.width, video.height));
        html! {
            video #video .audio[is_audio] controls playsinline preload="metadata" poster=[poster] src=[source]
                width=[size.map(|size| size.0)] height=[size.map(|size| size.1)]
            {
                @for (index, state) in readiness.captions.iter().enumerate() {
                    @if let Some(file) = vtt(state) {
                        track kind="captions" srclang=(state.locale) label=(state.locale) src=(media_url(&file.key)) default[index == 0];
                    }
                }
            }
        }
    }

    fn chapters(&self) -> Markup {
        html! {
            @if !self.recording.chapters.is_empty() {
                nav.chapters aria-label="Chapters" {
                    ol {
                        @for chapter in &self.recording.chapters {
                            li { button.small type="button" data-seek=(chapter.start_ms) { (clock(chapter.start_ms)) " " bdi { (visible(&chapter.title)) } } }
                        }
                    }
                }
            }
        }
    }

    /// The words, which the script makes clickable; without it there is a link.
    fn transcript(&self) -> Markup {
        let file = self.file("transcript.json");
        html! {
            @if let Some(file) = file {
                section #transcript aria-labelledby="transcript-title" {
                    h2 #transcript-title { "Transcript" }
                    div #words .words data-src=(media_url(&file.key)) dir="auto" {
                        a href=(media_url(&file.key)) { "The words with their times, as JSON" }
                    }
                }
            }
        }
    }

    /// Where captions stand, and what a person can do about it.
    pub fn captions(&self) -> Markup {
        let readiness = &self.manifest.readiness;
        html! {
            section #captions data-live aria-labelledby="captions-title" {
                @if !readiness.captions.is_empty() || self.recording.audio.is_some() {
                    h2 #captions-title { "Captions" }
                    ul.texts {
                        @for state in &readiness.captions { (self.card(state)) }
                        @if readiness.captions.is_empty() { li { p.facts { "There are none yet." } (self.give(None)) } }
                    }
                }
            }
        }
    }

    fn card(&self, state: &CaptionState) -> Markup {
        let CaptionState { locale, status, files, by, captioned, .. } = state;
        html! {
            li id={ "captions-" (locale) } data-state=(status.words()) {
                div.row {
                    h3 tabindex="-1" { "Captions" span.hidden-text { " in" } " " span.tag { bdi { (visible(locale)) } } }
                    span.facts { (capital(status.words())) @if let Some(by) = by { ": " bdi { (visible(by)) } } }
                }
                @if let Some(captioned) = captioned { (facts(captioned)) (findings(captioned)) }
                p.row {
                    @for file in files {
                        a href=(media_url(&file.key)) download=(file.name) { (kind(file)) } span.facts { (size(file.bytes)) }
                    }
                }
                div.row {
                    @if *status == FieldStatus::InReview {
                        (self.form("approve_captions", locale, captioned.as_ref(), "Approve"))
                    }
                    @if status.is_a_persons() {
                        (self.form("release_captions", locale, captioned.as_ref(), "Use the machine's again"))
                    }
                }
                (self.give(Some(state)))
            }
        }
    }

    fn form(&self, decision: &str, locale: &str, captioned: Option<&Captioned>, words: &str) -> Markup {
        html! {
            form method="post" action={ "/assets/" (self.manifest.asset) "/verdicts" } data-send="Recorded." {
                input type="hidden" name="csrf" value=(self.csrf);
                input type="hidden" name="decision" value=(decision);
                input type="hidden" name="locale" value=(locale);
                @if let Some(value) = captioned.and_then(Captioned::digest) { input type="hidden" name="value" value=(value); }
                button { (words) }
            }
        }
    }

    /// A field with the captions in force, to be edited or replaced.
    fn give(&self, state: Option<&CaptionState>) -> Markup {
        let locale = state.map(|state| state.locale.as_str());
        let edited = locale.and_then(|locale| self.edited.iter().find(|(of, _)| of == locale)).map(|(_, text)| text);
        let is_too_long = state.and_then(vtt).is_some_and(|file| file.bytes > MAX_EDITED);
        let id = locale.unwrap_or("new");
        html! {
            details id={ "give-" (id) } {
                summary { @if edited.is_some() { "Edit the captions" } @else { "Give your own captions" } }
                @if is_too_long {
                    p.facts { "They are too long for this page: edit a file and run " code { "greenroom captions give" } "." }
                } @else if let Some(source) = &self.manifest.readiness.version {
                    form.edit method="post" action={ "/assets/" (self.manifest.asset) "/verdicts" } data-send="Saved." {
                        input type="hidden" name="csrf" value=(self.csrf);
                        input type="hidden" name="decision" value="give_captions";
                        input type="hidden" name="source" value=(source);
                        @if let Some(locale) = locale { input type="hidden" name="locale" value=(locale); }
                        @else { label { "Language (BCP 47) " input name="locale" placeholder="en" required; } }
                        label for={ "vtt-" (id) } { "WebVTT, SRT or IMSC" }
                        textarea id={ "vtt-" (id) } name="text" rows="12" spellcheck="true" dir="auto" { "\n" (edited.map(String::as_str).unwrap_or("WEBVTT\n\n")) }
                        button { "Save" }
                    }
                }
            }
        }
    }

    fn file(&self, name: &str) -> Option<&File> {
        self.manifest.readiness.file(name)
    }
}

/// Keeps the places of what is still to come, and has the page loaded again when it is there.
pub fn parts(manifest: &Manifest) -> Markup {
    let readiness = &manifest.readiness;
    let kind = manifest.version().and_then(|version| version.media_type.as_deref()).unwrap_or_default();
    html! {
        @if is_recording(kind) {
            div #parts data-live data-reload hidden {
                @for file in readiness.files() { (file.sha256) " " }
                @for output in readiness.outputs() { (output.sha256) " " }
            }
        }
    }
}

/// Says at the top of the page that captions wait for a person.
pub fn waiting(manifest: &Manifest) -> Markup {
    html! {
        @for state in manifest.readiness.captions.iter().filter(|state| state.status.needs_a_person()) {
            div.bar.review role="region" aria-label={ "Review of captions in " (state.locale) } {
                (glyph("in_review"))
                p {
                    strong { "Captions in " bdi { (visible(&state.locale)) } } ": "
                    @if state.status == FieldStatus::Stale { "they were made for an earlier version. Do they still fit?" }
                    @else { "the linter found something that a person has to see." }
                }
                a.button href={ "#captions-" (state.locale) } { "Look at them" }
            }
        }
    }
}

fn facts(captioned: &Captioned) -> Markup {
    let worst = |severity| captioned.findings.iter().filter(|finding| finding.severity == severity).count();
    html! {
        p.facts { (count(captioned.n_cues as usize, "cue", "cues")) ", " (count(worst(Severity::Fail), "error", "errors")) ", "
            (count(worst(Severity::Warn), "warning", "warnings")) }
    }
}

fn findings(captioned: &Captioned) -> Markup {
    html! {
        @if !captioned.findings.is_empty() {
            details id={ "findings-" (captioned.language) } {
                summary { "What the linter found" }
                ul.findings {
                    @for finding in &captioned.findings {
                        li { strong { (finding.severity) } " " code { (visible(&finding.check)) } " " (visible(&finding.words)) }
                    }
                }
            }
        }
    }
}

/// Returns the file that a browser shows.
fn vtt(state: &CaptionState) -> Option<&File> {
    state.files.iter().find(|file| file.media_type == asset::recording::VTT)
}

fn kind(file: &File) -> &'static str {
    match file.media_type.as_str() {
        "text/vtt" => "WebVTT",
        "application/x-subrip" => "SRT",
        "application/ttml+xml" => "IMSC",
        _ => "JSON",
    }
}

fn clock(ms: u64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}
