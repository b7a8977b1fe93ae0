//! The gallery: every asset, its state, and the way in for new ones.

use super::{Frame, capital, chip, frame, glyph, name};
use crate::tile::Tile;
use crate::{Console, Shared, failure};
use ::asset::readiness::State as AssetState;
use ::asset::why::state_words;
use ::asset::why::words::{count, size, visible};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ports::search::{Hit, Meaning, Why, search};
use ports::{CatalogQuery, Kind, PortError};
use serde::Deserialize;

const PAGE_SIZE: usize = 48;

/// What a list is asked for.
#[derive(Clone, Default, Deserialize)]
pub struct Ask {
    state: Option<String>,
    q: Option<String>,
    kind: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
}

impl Ask {
    fn state(&self) -> Option<AssetState> {
        AssetState::ALL.into_iter().find(|state| self.state.as_deref() == Some(state.as_str()))
    }

    fn text(&self) -> &str {
        self.q.as_deref().unwrap_or_default().trim()
    }

    fn query(&self) -> CatalogQuery {
        let text = |value: &Option<String>| value.clone().filter(|value| !value.trim().is_empty());
        CatalogQuery {
            states: self.state().into_iter().collect(),
            kind: text(&self.kind),
            text: text(&self.q),
            after: text(&self.after),
            limit: self.limit.unwrap_or(PAGE_SIZE).clamp(1, 200),
            ..CatalogQuery::default()
        }
    }

    /// Returns this list's address below `path`, with another state and page.
    fn address(&self, path: &str, state: Option<AssetState>, after: Option<&str>) -> String {
        let pairs = [
            ("state", state.map(AssetState::as_str)),
            ("q", Some(self.text())),
            ("kind", self.kind.as_deref()),
            ("after", after),
        ];
        let query: Vec<String> = pairs
            .into_iter()
            .filter_map(|(name, value)| value.filter(|value| !value.is_empty()).map(|value| (name, value)))
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
    }
}

type Counts = Vec<(AssetState, u64)>;

/// One page of a list.
pub struct Listed {
    pub tiles: Vec<Tile>,
    pub next: Option<String>,
    /// Whether meaning was used; absent where nothing was searched for.
    pub meaning: Option<Meaning>,
    pub counts: Counts,
}

/// Reads one page of the list, or of what a search finds, and the counts beside it.
pub async fn list(console: &Console, ask: &Ask) -> Result<Listed, PortError> {
    let query = ask.query();
    let (catalog, mapper) = (console.catalog.as_ref(), console.meaning.as_deref());
    let found = match search(catalog, mapper, &query).await {
        // An address from elsewhere whose page nobody knows: begin at the beginning.
        Err(error) if error.kind == Kind::Fatal && query.after.is_some() => {
            search(catalog, mapper, &CatalogQuery { after: None, ..query }).await?
        }
        found => found?,
    };
    let is_search = !ask.text().is_empty();
    let tile = |hit: Hit| if is_search { Tile::of_hit(hit) } else { Tile::of(hit.entry) };
    Ok(Listed {
        tiles: found.hits.into_iter().map(tile).collect(),
        next: found.next,
        meaning: is_search.then_some(found.meaning),
        counts: console.catalog.counts().await?,
    })
}

/// Returns what is wrong with the queues, in words; empty while all is well.
pub async fn troubles(console: &Console) -> Vec<String> {
    let queues = match console.health.queues().await {
        Ok(queues) => queues,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "failed to read the queues' depth");
            return vec!["the queues do not answer: new files may wait".to_owned()];
        }
    };
    let dead = queues.iter().filter(|queue| queue.depth.dead > 0).map(|queue| {
        let letters = count(queue.depth.dead as usize, "message", "messages");
        let last = queue.dead.last().and_then(|letter| letter.last_error.as_deref());
        let because = last.map(|error| format!(", the last one because: {}", visible(error))).unwrap_or_default();
        format!("{letters} of queue `{}` failed too often{because}. see `greenroom status`", visible(&queue.name))
    });
    dead.collect()
}

pub async fn show(State(console): State<Shared>, Query(ask): Query<Ask>, headers: HeaderMap) -> Response {
    let Listed { tiles, next, meaning, counts } = match list(&console, &ask).await {
        Ok(found) => found,
        Err(error) => return failure("/", &headers, &error),
    };
    let troubles = troubles(&console).await;
    let n_all: u64 = counts.iter().filter(|(state, _)| *state != AssetState::Deleted).map(|(_, n)| n).sum();
    let content = html! {
        h1.hidden-text { "Assets" }
        div #troubles data-live { @for trouble in &troubles { p.bar.warn role="alert" { (glyph("failed")) span { (trouble) } } } }
        (filters(&ask, &counts, n_all))
        @if let Some(words) = meaning.as_ref().and_then(|meaning| meaning_words(&console, meaning)) { p #meaning .facts { (words) } }
        ul #grid .grid data-live-list { @for tile in &tiles { (self::tile(tile)) } }
        div #rest data-live {
            @if tiles.is_empty() { (empty(&ask, n_all)) }
            @if next.is_some() || ask.after.is_some() {
                nav.pager aria-label="Pages" {
                    @if ask.after.is_some() { a.button href=(ask.address("/", ask.state(), None)) { (glyph("back")) "First page" } }
                    @if let Some(next) = &next {
                        a.button rel="next" href=(ask.address("/", ask.state(), Some(next))) { "Next page" }
                    }
                }
            }
        }
        div #drop .drop hidden { div { (glyph("upload")) strong { "Drop to upload" } span { "Greenroom makes them ready" } } }
        section #uploads .uploads hidden aria-labelledby="uploads-title" {
            header { h2 #uploads-title { "Uploads" } button #uploads-close .quiet type="button" { "Close" } }
            ul {}
        }
    };
    let invitation = if console.meaning.is_some() { "Search by words or meaning" } else { "Search names and texts" };
    let tools = html! {
        form.search role="search" method="get" action="/" {
            @if let Some(state) = ask.state() { input type="hidden" name="state" value=(state.as_str()); }
            label.hidden-text for="q" { (invitation) }
            (glyph("search"))
            input #q name="q" type="search" value=(ask.text()) placeholder=(invitation) autocomplete="off" spellcheck="false";
        }
        label.button.primary.upload { (glyph("upload")) span { "Upload" } input #files type="file" multiple; }
    };
    // What meaning found stays as it is until somebody asks again: looking anew reads every vector.
    let is_live = !matches!(meaning, Some(Meaning::Used { .. } | Meaning::Failed { .. }));
    let poll = is_live.then(|| ask.address("/api/assets", ask.state(), ask.after.as_deref()));
    Html(frame(Some(&console), Frame { title: "Assets", poll, tools }, content).into_string()).into_response()
}

/// Says in one line whether meaning was used, and why not.
fn meaning_words(console: &Console, meaning: &Meaning) -> Option<String> {
    let is_configured = console.profile.models.embedding.is_some();
    match meaning {
        Meaning::Used { model } => Some(format!("Found by words, and by meaning with {}.", visible(model))),
        Meaning::Off if is_configured => Some("Found by words: this console asks no models.".to_owned()),
        Meaning::Off => {
            Some("Found by words: the profile names no model for meaning (`embedding` in `[models]`).".to_owned())
        }
        Meaning::NotAsked => None,
        Meaning::Failed { why } => Some(format!("Found by words only, for now: {}.", visible(why))),
    }
}

fn filters(ask: &Ask, counts: &Counts, n_all: u64) -> Markup {
    let current = ask.state();
    let mut words = "All".to_owned();
    if ask.text().is_empty() && ask.kind.is_none() {
        words = "All assets".to_owned();
    }
    html! {
        nav #filters .filters data-live aria-label="Filter by state" {
            ul {
                li { a href=(ask.address("/", None, None)) aria-current=[current.is_none().then_some("page")] { (words) span.n { (n_all) } } }
                @for (state, n) in counts {
                    @if *n > 0 || current == Some(*state) {
                        li {
                            a class={ "s-" (state.as_str()) } href=(ask.address("/", Some(*state), None))
                                aria-current=[(current == Some(*state)).then_some("page")] {
                                (glyph(state.as_str())) (capital(state_words(*state))) span.n { (n) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn tile(tile: &Tile) -> Markup {
    let is_processing = tile.state == AssetState::Processing;
    // What words found shows why by itself.
    let is_by_meaning = tile.found.as_ref().is_some_and(|found| found.why == Why::Meaning);
    let says_why = matches!(tile.state, AssetState::ReadyWithGaps | AssetState::Failed | AssetState::InReview);
    html! {
        li id={ "tile-" (tile.id) } data-state=(tile.state_words) {
            a.tile href=(tile.url) {
                span.thumb {
                    @if let Some(placeholder) = &tile.placeholder { img.blur src=(placeholder) alt=""; }
                    @if let Some(thumbnail) = &tile.thumbnail {
                        img.pic src=(thumbnail) alt="" loading="lazy" decoding="async" width=(tile.width) height=(tile.height);
                    } @else {
                        span.none { (glyph(tile.state.as_str())) @if is_processing { "no picture yet" } @else { "no picture" } }
                    }
                }
                span.about {
                    @if let Some(folder) = &tile.name.folder { span.folder { bdi { (folder) } } }
                    (name(&tile.name))
                    span.facts { (tile.facts()) @if is_by_meaning { " · by meaning" } }
                    span.row {
                        (chip(tile.state))
                        @if is_processing && tile.n_steps > 0 {
                            span.steps {
                                progress value=(tile.n_done) max=(tile.n_steps) aria-hidden="true" {}
                                (tile.n_done) " of " (tile.n_steps) " steps"
                            }
                        } @else if tile.n_outputs > 0 {
                            span.facts { (count(tile.n_outputs as usize, "file", "files")) ", " (size(tile.output_bytes)) }
                        }
                    }
                    @if says_why { @if let Some(reason) = &tile.reason { span.reason { (reason) } } }
                }
            }
        }
    }
}

fn empty(ask: &Ask, n_all: u64) -> Markup {
    if n_all > 0 || ask.state().is_some() || !ask.text().is_empty() {
        return html! {
            section.empty {
                (glyph("search"))
                h2 { "No asset matches" }
                @if ask.text().is_empty() { p { "No asset is in this state now." } }
                @else { p { "Each word you typed must begin a word of the file's name or of its texts." } }
                p { a.button href="/" { "Show all assets" } }
            }
        };
    }
    html! {
        section.empty {
            (glyph("upload"))
            h2 { "Nothing here yet" }
            p { "Drop pictures anywhere on this page, press " strong { "Upload" } ", or put files into the inbox." }
            ol.how {
                li { strong { "A file lands in the inbox." } " JPEG, PNG, GIF, WebP, TIFF, BMP or SVG." }
                li { strong { "Greenroom looks at it" } " and finds where crops should look." }
                li { strong { "Every view is made," } " in each format and width that the profile asks for. Then it is ready." }
            }
            noscript { p { "Uploading from this page needs JavaScript; the inbox does not." } }
        }
    }
}
