//! Pages: HTML made on the server. Every value is escaped by the template; nothing is ever put in as markup.

pub mod asset;
mod focus;
pub mod gallery;
mod player;
pub mod problem;
mod renditions;
pub mod texts;
mod window;

use crate::Console;
use crate::statics;
use crate::tile::Name;
use ::asset::readiness::State;
use ::asset::why::state_words;
use ::asset::why::words::time;
use maud::{DOCTYPE, Markup, html};

/// What goes around a page.
pub struct Frame<'a> {
    pub title: &'a str,
    /// Where the script asks whether something changed.
    pub poll: Option<String>,
    /// What stands in the bar beside the name.
    pub tools: Markup,
}

/// Wraps a page's content.
pub fn frame(console: Option<&Console>, frame: Frame<'_>, content: Markup) -> Markup {
    let [style, script, icon] = statics::addresses();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let Some(console) = console { meta name="csrf" content=(console.access.csrf()); }
                title { (frame.title) " · Greenroom" }
                link rel="icon" type="image/svg+xml" href=(icon);
                link rel="stylesheet" href=(style);
                script type="module" src=(script) {}
            }
            body data-poll=[frame.poll] {
                (sprite())
                a.skip href="#main" { "Skip to content" }
                header.top {
                    a.brand href="/" { (glyph("brand")) span { "Greenroom" } }
                    (frame.tools)
                }
                main #main tabindex="-1" { (content) }
                div #say .hidden-text role="status" aria-live="polite" {}
                div #offline .toast hidden role="status" {
                    (glyph("failed")) span { "The connection is lost. What you see may be old; trying again…" }
                }
            }
        }
    }
}

/// Draws an icon of [`sprite`]; words always stand beside it.
pub fn glyph(name: &str) -> Markup {
    html! { svg.glyph aria-hidden="true" focusable="false" { use href={ "#g-" (name) } {} } }
}

fn sprite() -> Markup {
    const GLYPHS: [(&str, &str); 15] = [
        ("brand", "M3 13.5V4.8C3 3.3 4.3 2 5.8 2h4.4C11.7 2 13 3.3 13 4.8v8.7M1.5 13.5h13M6 7.8l1.6 1.7L10.4 6"),
        ("processing", "M8 1.8a6.2 6.2 0 1 1-6.2 6.2M8 4.5V8l2.4 1.6"),
        ("ready", "M1.8 8a6.2 6.2 0 1 0 12.4 0A6.2 6.2 0 0 0 1.8 8M5.2 8.2l2 2 3.6-4"),
        ("ready_with_gaps", "M1.8 8a6.2 6.2 0 1 0 12.4 0A6.2 6.2 0 0 0 1.8 8M8 4.8v3.6M8 11v.1"),
        (
            "in_review",
            "M1.2 8S3.6 3.6 8 3.6 14.8 8 14.8 8 12.4 12.4 8 12.4 1.2 8 1.2 8M6.2 8a1.8 1.8 0 1 0 3.6 0 1.8 1.8 0 0 0-3.6 0",
        ),
        ("failed", "M8 2 1.6 13.4h12.8zM8 6.4v3.2M8 11.6v.1"),
        ("deleted", "M2.6 4.2h10.8M6 4V2.4h4V4M4 4.4l.6 9.2h6.8l.6-9.2M6.8 7v4M9.2 7v4"),
        ("upload", "M8 10.8V2.4M4.6 5.6 8 2.2l3.4 3.4M2.2 10.6v3.2h11.6v-3.2"),
        ("search", "M2.2 7a4.8 4.8 0 1 0 9.6 0 4.8 4.8 0 0 0-9.6 0M10.6 10.6l3.4 3.4"),
        ("back", "M9.8 3.2 5 8l4.8 4.8"),
        ("arrived", "M8 2.2v8M4.8 7.2 8 10.4l3.2-3.2M2.2 10.6v3.2h11.6v-3.2"),
        ("person", "M5.2 5a2.8 2.8 0 1 0 5.6 0 2.8 2.8 0 0 0-5.6 0M2.4 14c.6-3 2.8-4.6 5.6-4.6s5 1.6 5.6 4.6"),
        ("note", "M1.8 8a6.2 6.2 0 1 0 12.4 0A6.2 6.2 0 0 0 1.8 8M8 7.4v3.8M8 5v.1"),
        ("copy", "M5.4 5.4h8v8h-8zM10.6 5.2V2.6h-8v8h2.6"),
        ("retry", "M13.4 8a5.4 5.4 0 1 1-1.6-3.8M13.6 1.8v3h-3"),
    ];
    html! {
        svg.sprite aria-hidden="true" width="0" height="0" {
            @for (name, path) in GLYPHS {
                symbol id={ "g-" (name) } viewBox="0 0 16 16" { path d=(path) {} }
            }
        }
    }
}

/// Shows a state as an icon and words; the colour only helps.
pub fn chip(state: State) -> Markup {
    html! { span class={ "chip s-" (state.as_str()) } { (glyph(state.as_str())) (capital(state_words(state))) } }
}

/// Returns `Ready with gaps` for `ready with gaps`.
pub fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Shows a file's name, cut in its middle where it is too long; the whole is in the title.
pub fn name(name: &Name) -> Markup {
    html! {
        bdi.name title=(name.full) { span.head { (name.head) } @if !name.tail.is_empty() { span.tail { (name.tail) } } }
    }
}

/// Shows a time; the script puts it into the reader's zone and words.
pub fn when(at_ms: u64) -> Markup {
    html! { time data-ms=(at_ms) { (time(at_ms)) } }
}
