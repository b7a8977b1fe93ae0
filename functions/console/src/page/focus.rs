//! The focal point: shown on the picture, moved by pointer, touch or keys, and what each crop would show.

use super::{glyph, texts};
use crate::Console;
use crate::page::window::view_box;
use crate::tile::media_url;
use ::asset::fact::Output;
use ::asset::image::{AspectRatio, FocalPoint, FocusSource, OutputFormat};
use ::asset::manifest::Manifest;
use ::asset::profile::Collection;
use ::asset::readiness::{Focus, StepStatus};
use ::asset::why::words::{count, size, visible};
use maud::{Markup, html};

/// What the stage and the crops are drawn from.
pub struct Stage<'a> {
    manifest: &'a Manifest,
    collection: Option<&'a Collection>,
    width: u32,
    height: u32,
    focus: &'a Focus,
    /// A rendition of the whole picture.
    preview: Option<&'a Output>,
    csrf: String,
}

impl<'a> Stage<'a> {
    /// Returns `None` while nobody has looked at the picture.
    pub fn of(console: &'a Console, manifest: &'a Manifest) -> Option<Self> {
        let readiness = &manifest.readiness;
        let probe = readiness.probe.as_ref()?;
        let collection = console.profile.collection_of(&manifest.key);
        let whole = collection.and_then(|collection| collection.views.iter().find(|view| view.crop.is_none()));
        let preview = whole.and_then(|view| pick(readiness.outputs_of(&view.name), 1280));
        let (width, height) = (probe.width, probe.height);
        Some(Stage {
            manifest,
            collection,
            width,
            height,
            focus: readiness.focus.as_ref()?,
            preview,
            csrf: console.access.csrf(),
        })
    }

    fn crops(&self) -> impl Iterator<Item = (&'a str, AspectRatio)> {
        let views = self.collection.map_or(&[][..], |collection| &collection.views);
        views.iter().filter_map(|view| Some((view.name.as_str(), view.crop?)))
    }

    /// Draws the picture with its focal point, and the controls.
    pub fn show(&self) -> Markup {
        let FocalPoint { x, y } = self.focus.point;
        let (lang, alt) = texts::alt(self.manifest).map_or_else(
            || (None, format!("the whole picture {}", visible(&self.manifest.key))),
            |(locale, text)| (Some(locale), text),
        );
        html! {
            section #focus data-live aria-labelledby="focus-title" {
                @if let Some(preview) = self.preview {
                    div.stage data-width=(self.width) data-height=(self.height) data-x=(x) data-y=(y) {
                        img src=(media_url(&preview.key)) width=(preview.width) height=(preview.height) draggable="false"
                            alt=(alt) lang=[lang];
                        svg.mask viewBox={ "0 0 " (self.width) " " (self.height) } preserveAspectRatio="none" aria-hidden="true" { path {} }
                        button.marker type="button" hidden role="slider" aria-label="Focal point" aria-describedby="focus-help"
                            aria-valuemin="0" aria-valuemax="100" aria-valuenow=(x / 10) aria-orientation="horizontal" {}
                    }
                }
                div.panel {
                    h2 #focus-title { "Focal point" }
                    p.facts { (self.origin()) }
                    @if self.preview.is_some() && self.crops().next().is_some() {
                        fieldset.segments data-script hidden {
                            legend { "Show the window of" }
                            label { input type="radio" name="window" value=""; span { "none" } }
                            @for (index, (view, ratio)) in self.crops().enumerate() {
                                label {
                                    input type="radio" name="window" value={ (ratio.width) ":" (ratio.height) } checked[index == 0];
                                    span { (visible(view)) }
                                }
                            }
                        }
                    }
                    (self.controls())
                }
            }
        }
    }

    fn origin(&self) -> Markup {
        html! {
            @match &self.focus.by {
                Some(by) => { "Placed by " bdi { (visible(by)) } ". " @if self.focus.stale { "It was placed on an earlier version." } },
                None => @match self.manifest.readiness.inspection.as_ref().map(|found| (found.focus_from, found.faces)) {
                    Some((FocusSource::Faces, n)) => { "Found by " (count(n as usize, "face", "faces")) "." },
                    Some((FocusSource::Saliency, _)) => "Found by what stands out.",
                    _ => "The middle: nothing stands out.",
                },
            }
        }
    }

    fn controls(&self) -> Markup {
        let FocalPoint { x, y } = self.focus.point;
        let percent = |thousandths: u16| format!("{}.{}", thousandths / 10, thousandths % 10);
        html! {
            p #focus-help .facts data-script hidden {
                "Drag the ring, click the picture, or use the arrow keys on the ring (with Shift: larger steps)."
            }
            form #move method="post" action=(self.action()) data-send="The focal point is saved; its crops are made again." {
                (self.hidden("move_focus"))
                (self.source())
                div.pair {
                    label { "From the left, %" input #fx name="x" type="number" min="0" max="100" step="0.1" required value=(percent(x)); }
                    label { "From the top, %" input #fy name="y" type="number" min="0" max="100" step="0.1" required value=(percent(y)); }
                }
                div.row {
                    button.primary { "Save" }
                    button #discard type="button" data-script hidden disabled { "Discard" }
                }
            }
            @if self.focus.by.is_some() { (self.release()) }
        }
    }

    /// Asks for a word on a focal point that was placed on other bytes; `None` if there is nothing to ask.
    pub fn review(&self) -> Option<Markup> {
        let FocalPoint { x, y } = self.focus.point;
        self.focus.stale.then(|| html! {
            div.bar.review role="region" aria-label="Review" {
                (glyph("in_review"))
                p { strong { "Does the focal point still fit?" } " The file was replaced after " bdi { (visible(self.focus.by.as_deref().unwrap_or("somebody"))) } " placed it." }
                div.row {
                    form method="post" action=(self.action()) data-send="Confirmed." {
                        (self.hidden("move_focus")) (self.source())
                        input type="hidden" name="x" value=(f32::from(x) / 10.0);
                        input type="hidden" name="y" value=(f32::from(y) / 10.0);
                        button.primary { "It fits" }
                    }
                    a.button href="#focus" { "Move it" }
                    (self.release())
                }
            }
        })
    }

    fn release(&self) -> Markup {
        html! {
            form method="post" action=(self.action()) data-send="Released; crops look where the machine says." {
                (self.hidden("release_focus"))
                button { "Use the machine’s" }
            }
        }
    }

    fn action(&self) -> String {
        format!("/assets/{}/verdicts", self.manifest.asset)
    }

    fn hidden(&self, decision: &str) -> Markup {
        html! { input type="hidden" name="csrf" value=(self.csrf); input type="hidden" name="decision" value=(decision); }
    }

    /// Binds the word to the bytes that the person sees.
    fn source(&self) -> Markup {
        html! { @if let Some(version) = &self.manifest.readiness.version { input type="hidden" name="source" value=(version); } }
    }

    /// Shows what each crop holds: the file itself, and while the point is being moved a preview.
    pub fn show_crops(&self) -> Markup {
        html! {
            section #crops data-live aria-labelledby="crops-title" {
                @if self.crops().next().is_some() {
                    h2 #crops-title { "Crops" }
                    ul.crops { @for (view, ratio) in self.crops() { li { (self.crop(view, ratio)) } } }
                }
            }
        }
    }

    fn crop(&self, view: &str, ratio: AspectRatio) -> Markup {
        let readiness = &self.manifest.readiness;
        let made = pick(readiness.outputs_of(view), 600);
        let facts = match readiness.step_of(view).map(|step| &step.status) {
            Some(StepStatus::Refused { .. }) => "refused".to_owned(),
            Some(StepStatus::Done { .. }) => {
                let n_bytes = readiness.outputs_of(view).map(|output| output.bytes).sum();
                format!("{}, {}", count(readiness.outputs_of(view).count(), "file", "files"), size(n_bytes))
            }
            Some(StepStatus::Pending | StepStatus::Nothing { .. }) | None => "being made".to_owned(),
        };
        html! {
            figure.crop data-ratio={ (ratio.width) ":" (ratio.height) } {
                @if let Some(made) = made {
                    img.made src=(media_url(&made.key)) alt={ "crop " (view) } width=(made.width) height=(made.height) loading="lazy";
                }
                @if let Some(preview) = self.preview {
                    svg.live viewBox=(view_box(self.width, self.height, ratio, self.focus.point)) hidden[made.is_some()]
                        role="img" aria-label={ "preview of crop " (view) } {
                        image href=(media_url(&preview.key)) width=(self.width) height=(self.height) preserveAspectRatio="none" {}
                    }
                }
                figcaption {
                    strong { (visible(view)) } " " (ratio.width) ":" (ratio.height)
                    span.facts.is-made { (facts) }
                    span.facts.is-live hidden { (glyph("note")) "preview, not saved" }
                }
            }
        }
    }
}

/// Returns the smallest output of at least `width` pixels, else the largest; AVIF only if there is nothing else.
fn pick<'a>(outputs: impl Iterator<Item = &'a Output>, width: u32) -> Option<&'a Output> {
    outputs.min_by_key(|output| {
        let missing = width.saturating_sub(output.width);
        (output.format == OutputFormat::Avif, missing, output.width, output.bytes)
    })
}
