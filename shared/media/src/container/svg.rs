//! SVG before it is drawn: inflated under a limit, well-formed, without declarations, of a sane size.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read;

use asset::image::{Limits, SourceFormat};
use asset::refusal::Refusal;
use resvg::usvg::roxmltree::{Document, Node, NodeId, ParsingOptions};

use super::Header;
use crate::refuse;

const MAX_NODES: u32 = 100_000;
const MAX_DEPTH: usize = 256;
/// Nodes after every reference is followed. `use` of `use` of `use` multiplies: ten lines can ask for billions.
const MAX_EXPANDED: u64 = 500_000;

/// Returns the first bytes of a gzip stream, for the sniffer.
pub(crate) fn inflate_start(bytes: &[u8]) -> Vec<u8> {
    let mut start = vec![0; 4096];
    let mut reader = flate2::read::GzDecoder::new(bytes);
    let mut length = 0;
    while let Ok(read @ 1..) = reader.read(&mut start[length..]) {
        length += read;
    }
    start.truncate(length);
    start
}

/// Returns the markup, inflated if it is svgz.
pub(crate) fn markup<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, str>, Refusal> {
    let allowed = limits.max_svg_bytes;
    let too_large = |found| refuse::too_large("bytes of SVG", found, "max_svg_bytes", allowed);
    let plain: Cow<'a, [u8]> = if bytes.starts_with(&[0x1F, 0x8B]) {
        let mut out = Vec::new();
        let mut reader = flate2::read::GzDecoder::new(bytes).take(allowed.saturating_add(1));
        reader.read_to_end(&mut out).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => refuse::truncated(SourceFormat::Svg, bytes.len()),
            _ => refuse::corrupt(SourceFormat::Svg, error),
        })?;
        out.into()
    } else {
        bytes.into()
    };
    if plain.len() as u64 > allowed {
        return Err(too_large(plain.len() as u64));
    }
    let text = match plain {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(not_utf8),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|error| not_utf8(error.utf8_error())),
    }?;
    Ok(without_document_type(text))
}

/// Takes out a `<!DOCTYPE …>` that only names SVG's own, as drawing programs write it. One that declares anything (`[ … ]`) stays, and is
/// refused by the parser: declared entities can expand without end.
fn without_document_type(text: Cow<'_, str>) -> Cow<'_, str> {
    let Some(start) = text.find("<!DOCTYPE") else { return text };
    let Some(length) = text[start..].find(['>', '[']).filter(|end| text.as_bytes()[start + end] == b'>') else {
        return text;
    };
    Cow::Owned(format!("{}{}", &text[..start], &text[start + length + 1..]))
}

fn not_utf8(_: std::str::Utf8Error) -> Refusal {
    refuse::unsupported("an SVG that is not in UTF-8", "save it with UTF-8 encoding")
}

/// Reads only the size. The limit on bytes here is the default one; `decode` and `probe` check the profile's.
pub(crate) fn read(bytes: &[u8]) -> Result<Header<'_>, Refusal> {
    let text = markup(bytes, &Limits { max_svg_bytes: 64 << 20, ..Limits::default() })?;
    let (width, height) = check(&text)?;
    let mut header = Header::new(SourceFormat::Svg, width, height);
    // A filter keeps several copies of its region.
    header.pixel_bytes = 24;
    Ok(header)
}

/// Checks the document and returns its size in pixels, rounded up.
pub(crate) fn check(text: &str) -> Result<(u32, u32), Refusal> {
    // `allow_dtd` is off by default: no entity can be declared, so none can expand.
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        use resvg::usvg::roxmltree::Error;
        match error {
            Error::DtdDetected => refuse::unsupported(
                "an SVG with declarations in its document type, which can expand without end",
                "remove the part in brackets of `<!DOCTYPE … [ … ]>`, or export it as plain SVG",
            ),
            Error::NodesLimitReached => refuse::unsupported(
                format!("an SVG of more than {MAX_NODES} nodes"),
                "simplify it or upload a PNG of it",
            ),
            Error::UnexpectedEndOfStream | Error::UnclosedRootNode => refuse::truncated(SourceFormat::Svg, text.len()),
            error => refuse::corrupt(SourceFormat::Svg, error),
        }
    })?;
    for node in document.descendants().filter(Node::is_element) {
        if node.ancestors().take(MAX_DEPTH + 1).count() > MAX_DEPTH {
            return Err(refuse::unsupported(format!("an SVG nested deeper than {MAX_DEPTH}"), "flatten it"));
        }
    }
    check_references(&document)?;
    let size =
        size_of(&document).ok_or_else(|| refuse::corrupt(SourceFormat::Svg, "no usable width, height or viewBox"))?;
    Ok(size)
}

/// Returns whether a well-formed document has text that fonts decide the look of.
pub(crate) fn has_live_text(text: &str) -> bool {
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(text, options) else { return false };
    let is_written = |node: Node| node.is_text() && node.text().is_some_and(|text| !text.trim().is_empty());
    document.descendants().any(|node| node.tag_name().name() == "text" && node.descendants().any(is_written))
}

/// SVG 2 §8.2: `width` and `height`, else the view box, else 100 by 100 as resvg has it. Percentages count as absent.
fn size_of(document: &Document) -> Option<(u32, u32)> {
    let root = document.root_element();
    let view: Vec<f64> = root
        .attribute("viewBox")
        .map(|v| v.split([' ', ',', '\t', '\n']).filter_map(|n| n.parse().ok()).collect())
        .unwrap_or_default();
    let view = if let [_, _, w, h] = view[..] { Some((w, h)) } else { None };
    let width = root.attribute("width").and_then(length);
    let height = root.attribute("height").and_then(length);
    let (width, height) = match (width, height, view) {
        (Some(w), Some(h), _) => (w, h),
        (Some(w), None, Some((vw, vh))) => (w, w * vh / vw),
        (None, Some(h), Some((vw, vh))) => (h * vw / vh, h),
        (w, h, Some((vw, vh))) => (w.unwrap_or(vw), h.unwrap_or(vh)),
        (w, h, None) => (w.unwrap_or(100.0), h.unwrap_or(100.0)),
    };
    let pixels = |v: f64| (v.is_finite() && v > 0.0 && v <= f64::from(u32::MAX)).then(|| (v.round() as u32).max(1));
    Some((pixels(width)?, pixels(height)?))
}

/// CSS absolute lengths at 96 pixels an inch.
fn length(value: &str) -> Option<f64> {
    let value = value.trim();
    let split =
        value.find(|c: char| c.is_ascii_alphabetic() && c != 'e' && c != 'E' || c == '%').unwrap_or(value.len());
    let (number, unit) = value.split_at(split);
    let number: f64 = number.trim().parse().ok()?;
    let factor = match unit {
        "" | "px" => 1.0,
        "in" => 96.0,
        "cm" => 96.0 / 2.54,
        "mm" => 9.6 / 2.54,
        "pt" => 96.0 / 72.0,
        "pc" => 16.0,
        _ => return None,
    };
    Some(number * factor)
}

/// Refuses documents whose references multiply without measure, and patterns which lead to patterns (resvg draws each tile
/// of each tile: <https://github.com/linebender/resvg/issues/186>).
fn check_references(document: &Document) -> Result<(), Refusal> {
    let targets: HashMap<&str, Node> =
        document.descendants().filter_map(|node| Some((node.attribute("id")?, node))).collect();
    let mut weights = HashMap::new();
    let expanded = weigh(document.root_element(), &targets, &mut weights, 0);
    if expanded > MAX_EXPANDED {
        return Err(refuse::unsupported(
            format!("an SVG that expands to more than {MAX_EXPANDED} nodes"),
            "simplify it or upload a PNG of it",
        ));
    }
    let is_pattern = |node: &Node| node.tag_name().name() == "pattern";
    for pattern in document.descendants().filter(is_pattern) {
        let inside = pattern.descendants().skip(1);
        if inside.clone().any(|node| is_pattern(&node))
            || inside.flat_map(|node| references(node, &targets)).any(|target| is_pattern(&target))
        {
            return Err(refuse::unsupported("an SVG with a pattern inside a pattern", "flatten the pattern"));
        }
    }
    Ok(())
}

/// Returns what a node's attributes point at: `#id` and `url(#id)`.
fn references<'a, 'i>(node: Node<'a, 'i>, targets: &HashMap<&'a str, Node<'a, 'i>>) -> Vec<Node<'a, 'i>> {
    let ids = node.attributes().flat_map(|attribute| {
        let value = attribute.value();
        let direct = value.strip_prefix('#').filter(|_| attribute.name() == "href");
        let urls = value.split("url(").skip(1).filter_map(|rest| {
            let end = rest.find(')')?;
            rest[..end].trim_matches(['"', '\'', ' ']).strip_prefix('#')
        });
        direct.into_iter().chain(urls)
    });
    ids.filter_map(|id| targets.get(id).copied()).collect()
}

/// Counts a node and all it leads to; a node that is being counted counts as nothing, because a loop draws nothing.
fn weigh<'a, 'i>(
    node: Node<'a, 'i>,
    targets: &HashMap<&'a str, Node<'a, 'i>>,
    weights: &mut HashMap<NodeId, u64>,
    depth: usize,
) -> u64 {
    if let Some(&weight) = weights.get(&node.id()) {
        return weight;
    }
    if depth > 4 * MAX_DEPTH {
        return u64::MAX;
    }
    weights.insert(node.id(), 0);
    let mut weight = 1u64;
    for next in node.children().filter(Node::is_element).chain(references(node, targets)) {
        weight = weight.saturating_add(weigh(next, targets, weights, depth + 1));
    }
    weights.insert(node.id(), weight);
    weight
}
