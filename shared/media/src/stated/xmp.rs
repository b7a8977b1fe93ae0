//! XMP (ISO 16684-1): properties of the packet's own resource, as elements or attributes.

use super::text::line;
use super::{
    MAX_ALT_TEXT, MAX_DESCRIPTION, MAX_LONG_DESCRIPTION, MAX_NAME, MAX_TITLE, Stated, creators, date, keywords,
};
use resvg::usvg::roxmltree::{Document, Node, ParsingOptions};

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const XML: &str = "http://www.w3.org/XML/1998/namespace";
const DC: &str = "http://purl.org/dc/elements/1.1/";
const PHOTOSHOP: &str = "http://ns.adobe.com/photoshop/1.0/";
const BASIC: &str = "http://ns.adobe.com/xap/1.0/";
const EXIF: &str = "http://ns.adobe.com/exif/1.0/";
const IPTC: &str = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/";

/// Bytes of a packet that is read.
const MAX_BYTES: usize = 1 << 20;
const MAX_NODES: u32 = 20_000;
/// Items of a list that are looked at.
const MAX_ITEMS: usize = 400;

pub(super) fn read(packet: &[u8]) -> Stated {
    if packet.len() > MAX_BYTES {
        return Stated::default();
    }
    let text = String::from_utf8_lossy(packet);
    // No document type: no entity can be declared, so none can expand.
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(text.trim_matches(['\0', '\u{feff}']), options) else {
        return Stated::default();
    };
    let is_own = |node: &Node<'_, '_>| {
        node.has_tag_name((RDF, "Description")) && node.parent().is_some_and(|parent| parent.has_tag_name((RDF, "RDF")))
    };
    let own: Vec<_> = document.descendants().filter(is_own).collect();
    let values = |space, name| own.iter().map(|node| values(*node, space, name)).find(|values| !values.is_empty());
    let list = |space, name| values(space, name).unwrap_or_default();
    let one = |space, name, max| values(space, name)?.iter().find_map(|text| line(text, max));
    let when = [(PHOTOSHOP, "DateCreated"), (EXIF, "DateTimeOriginal"), (BASIC, "CreateDate")];
    Stated {
        title: one(DC, "title", MAX_TITLE).or_else(|| one(PHOTOSHOP, "Headline", MAX_TITLE)),
        description: one(DC, "description", MAX_DESCRIPTION),
        alt_text: one(IPTC, "AltTextAccessibility", MAX_ALT_TEXT),
        long_description: one(IPTC, "ExtDescrAccessibility", MAX_LONG_DESCRIPTION),
        keywords: keywords(list(DC, "subject").iter().map(String::as_str)),
        creators: creators(list(DC, "creator").iter().map(String::as_str)),
        copyright: one(DC, "rights", MAX_NAME),
        credit: one(PHOTOSHOP, "Credit", MAX_NAME),
        city: one(PHOTOSHOP, "City", MAX_NAME),
        country: one(PHOTOSHOP, "Country", MAX_NAME),
        date: when.iter().find_map(|(space, name)| date::iso(values(space, name)?.first()?)),
    }
}

/// Returns the values of a property; of texts in several languages the default one first.
fn values(description: Node<'_, '_>, space: &str, name: &str) -> Vec<String> {
    if let Some(value) = description.attribute((space, name)) {
        return vec![value.to_owned()];
    }
    let Some(property) = description.children().find(|node| node.has_tag_name((space, name))) else {
        return Vec::new();
    };
    let is_list = |node: &Node<'_, '_>| ["Alt", "Bag", "Seq"].iter().any(|kind| node.has_tag_name((RDF, *kind)));
    let Some(list) = property.children().find(is_list) else { return vec![text_of(property)] };
    let mut items: Vec<_> = list.children().filter(|node| node.has_tag_name((RDF, "li"))).take(MAX_ITEMS).collect();
    if list.has_tag_name((RDF, "Alt")) {
        items.sort_by_key(|item| item.attribute((XML, "lang")) != Some("x-default"));
    }
    items.into_iter().map(text_of).collect()
}

fn text_of(node: Node<'_, '_>) -> String {
    node.descendants().filter(Node::is_text).filter_map(|text| text.text()).take(MAX_ITEMS).collect()
}
