//! SVG's title and description of the whole drawing (SVG 2 §5.8).

use super::text::line;
use super::{MAX_DESCRIPTION, MAX_TITLE, Stated};
use crate::container::svg;
use asset::image::Limits;
use resvg::usvg::roxmltree::{Document, Node, ParsingOptions};

const SVG: &str = "http://www.w3.org/2000/svg";
const MAX_NODES: u32 = 100_000;

pub(super) fn read(bytes: &[u8]) -> Stated {
    let Ok(text) = svg::markup(bytes, &Limits::default()) else { return Stated::default() };
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(&text, options) else { return Stated::default() };
    let child = |name, max| {
        let node = document.root_element().children().find(|node: &Node<'_, '_>| node.has_tag_name((SVG, name)))?;
        let texts: String =
            node.descendants().filter_map(|text| text.is_text().then(|| text.text()).flatten()).collect();
        line(&texts, max)
    };
    Stated { title: child("title", MAX_TITLE), description: child("desc", MAX_DESCRIPTION), ..Stated::default() }
}
