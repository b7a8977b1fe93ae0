//! Every file that was made: its size, what it saves, and the markup that shows a view on a web page.

use super::{glyph, texts};
use crate::tile::media_url;
use ::asset::fact::Output;
use ::asset::manifest::Manifest;
use ::asset::picture::picture_html;
use ::asset::why::words::{count, size, visible};
use maud::{Markup, html};

/// Shows all renditions, view by view.
pub fn files(manifest: &Manifest) -> Markup {
    let source = manifest.version().map_or(0, |version| version.bytes);
    let readiness = &manifest.readiness;
    let names = readiness.steps.iter().flat_map(|step| &step.views);
    let views: Vec<(&str, Vec<&Output>)> = names
        .map(|name| (name.as_str(), readiness.outputs_of(name).collect::<Vec<_>>()))
        .filter(|(_, outputs)| !outputs.is_empty())
        .collect();
    html! {
        section #files data-live aria-labelledby="files-title" {
            @if !views.is_empty() {
                h2 #files-title { "Files" }
                @for (view, outputs) in &views { (self::view(manifest, view, outputs, source)) }
            }
        }
    }
}

fn view(manifest: &Manifest, view: &str, outputs: &[&Output], source: u64) -> Markup {
    let alt = texts::alt_state(manifest);
    let words = alt.and_then(|state| state.text.as_deref()).unwrap_or_default();
    let snippet = picture_html(&manifest.readiness, view, words, media_url).map(|snippet| references(&snippet));
    let total: u64 = outputs.iter().map(|output| output.bytes).sum();
    html! {
        details.view id={ "view-" (view) } {
            summary { strong { (visible(view)) } span.facts { (count(outputs.len(), "file", "files")) ", " (size(total)) } }
            @if let Some(snippet) = snippet {
                div.snippet {
                    div.row {
                        h3 { "Markup for a web page" }
                        button.small type="button" data-copy={ "snippet-" (view) } { (glyph("copy")) span { "Copy" } }
                    }
                    @if let Some(alt) = alt {
                        p.facts {
                            "Its " code { "alt" } " is the alt text in " bdi { (visible(&alt.locale)) }
                            ". Change it where the picture stands for something else."
                        }
                    } @else {
                        p.facts { "Fill in " code { "alt" } ": what it should say depends on where the picture stands." }
                    }
                    pre id={ "snippet-" (view) } tabindex="0" { code { (snippet) } }
                }
            }
            div.scroll tabindex="0" role="region" aria-label={ "files of " (view) } {
                table {
                    caption.hidden-text { "Files of view " (visible(view)) }
                    thead { tr {
                        th scope="col" { "Format" } th.num scope="col" { "Pixels" } th.num scope="col" { "Bytes" }
                        th.num scope="col" { "Against the original" } th scope="col" { span.hidden-text { "Link" } }
                    } }
                    tbody { @for output in outputs { (row(output, source)) } }
                }
            }
        }
    }
}

/// Writes characters that hide or reorder as references: seen here, and the same to a browser that reads the markup.
fn references(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    for c in html.chars() {
        let mut buffer = [0; 4];
        let text: &str = c.encode_utf8(&mut buffer);
        if c != '\n' && visible(text) != text { out.push_str(&format!("&#x{:X};", u32::from(c))) } else { out.push(c) }
    }
    out
}

fn row(output: &Output, source: u64) -> Markup {
    let format = output.format.name().to_uppercase();
    html! {
        tr {
            th scope="row" { (format) @if output.frames > 1 { span.facts { " " (output.frames) " frames" } } }
            td.num { (output.width) " × " (output.height) }
            td.num { (size(output.bytes)) }
            td.num { (saving(output.bytes, source)) }
            td.num { a href=(media_url(&output.key)) { "Open" span.hidden-text { " " (format) " " (output.width) " pixels wide" } } }
        }
    }
}

/// Returns `−92 %`, how much smaller a file is than its source.
fn saving(bytes: u64, source: u64) -> String {
    if source == 0 {
        return "–".to_owned();
    }
    let percent = (u128::from(bytes) * 100 / u128::from(source)) as i128 - 100;
    if percent <= 0 { format!("−{} %", -percent) } else { format!("+{percent} %") }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_hides_is_a_reference() {
        assert_eq!(super::references("alt=\"a\u{202E}b é\"\n>"), "alt=\"a&#x202E;b é\"\n>");
    }

    #[test]
    fn savings_read_both_ways() {
        assert_eq!(super::saving(8, 100), "−92 %");
        assert_eq!(super::saving(150, 100), "+50 %");
        assert_eq!(super::saving(1, 0), "–");
    }
}
