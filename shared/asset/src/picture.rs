//! The `<picture>` snippet: what a web page needs to show a view of an asset.

use crate::fact::Output;
use crate::image::OutputFormat;
use crate::readiness::Readiness;
use std::fmt::Write;

/// Returns the `<picture>` element of one view, `None` if nothing of it is there.
///
/// `url` maps a store key to the address at which it is served. One `<source>` per format with every width, best format first
/// (HTML Living Standard, "The picture element"); `width` and `height` reserve the space, the dominant colour fills it.
pub fn picture_html(readiness: &Readiness, view: &str, alt: &str, url: impl Fn(&str) -> String) -> Option<String> {
    let outputs: Vec<&Output> = readiness.outputs_of(view).collect();
    let of = |format: OutputFormat| -> Vec<&Output> {
        outputs.iter().copied().filter(|output| output.format == format).collect()
    };
    let srcset = |outputs: &[&Output]| -> String {
        outputs.iter().map(|o| format!("{} {}w", address(&url(&o.key)), o.width)).collect::<Vec<_>>().join(", ")
    };
    let formats: Vec<OutputFormat> = [OutputFormat::Avif, OutputFormat::Webp, OutputFormat::Jpeg]
        .into_iter()
        .filter(|format| outputs.iter().any(|output| output.format == *format))
        .collect();
    let (fallback, sources) = formats.split_last()?;
    let images = of(*fallback);
    let largest = images.iter().max_by_key(|output| output.width)?;

    let mut html = String::from("<picture>\n");
    for format in sources {
        let set = srcset(&of(*format));
        let _ = writeln!(html, "  <source type=\"{}\" srcset=\"{set}\" sizes=\"100vw\">", format.media_type());
    }
    let style = readiness
        .inspection
        .as_ref()
        .filter(|inspection| !inspection.transparent)
        .map(|inspection| format!(" style=\"background:{}\"", escape(&inspection.dominant_color)))
        .unwrap_or_default();
    let _ = writeln!(
        html,
        "  <img src=\"{}\" srcset=\"{}\" sizes=\"100vw\" width=\"{}\" height=\"{}\" alt=\"{}\" loading=\"lazy\" \
         decoding=\"async\"{style}>",
        address(&url(&largest.key)),
        srcset(&images),
        largest.width,
        largest.height,
        escape(alt),
    );
    html.push_str("</picture>");
    Some(html)
}

/// Escapes an address. A space would end it in a `srcset`, and so would a comma at its end.
fn address(url: &str) -> String {
    let url = escape(url).replace(' ', "%20");
    match url.strip_suffix(',') {
        Some(url) => format!("{url}%2C"),
        None => url,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
