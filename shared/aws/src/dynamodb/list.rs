//! Lists: stretches of places, merged.
//!
//! A list is not a snapshot. An asset that changes its state while a page is made may be missing from it or be in the
//! state before, never twice and never in a state that was not asked for.

use super::items::N_PARALLEL;
use super::place::{Position, Stretch};
use super::{DynamoCatalog, N_SHARDS, PARTITION_KEY, SORT_KEY, failed, text, text_of, words};
use asset::catalog::CatalogEntry;
use asset::readiness::State;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures::stream::{StreamExt, TryStreamExt, iter};
use ports::{CatalogPage, CatalogQuery, PortError};
use std::collections::{BTreeSet, VecDeque};

const OPERATION: &str = "list catalog";

/// Words of a query that are looked up before the list is walked instead; the entries are asked for all words in either
/// case.
const MAX_LOOKED_UP: usize = 3;

/// A stretch that is being read.
struct Cursor {
    stretch: Stretch,
    /// Everything up to this sort key was read.
    lower: String,
    /// What was read and not taken yet.
    positions: VecDeque<Position>,
    is_exhausted: bool,
}

/// A query with its text taken apart.
struct Wanted<'a> {
    query: &'a CatalogQuery,
    states: BTreeSet<&'static str>,
    words: BTreeSet<String>,
    after: Option<Position>,
    limit: usize,
}

impl<'a> Wanted<'a> {
    fn of(query: &'a CatalogQuery) -> Result<Self, PortError> {
        let states: Vec<State> = match query.states.as_slice() {
            [] => State::ALL.into_iter().filter(|state| *state != State::Deleted).collect(),
            states => states.to_vec(),
        };
        Ok(Wanted {
            query,
            states: states.into_iter().map(State::as_str).collect(),
            words: words::words_of(query.text.as_deref().unwrap_or_default()),
            after: query.after.as_deref().map(Position::of_next).transpose()?,
            limit: if query.limit == 0 { 100 } else { query.limit.min(1000) },
        })
    }

    fn states(&self) -> impl Iterator<Item = State> {
        State::ALL.into_iter().filter(|state| self.states.contains(state.as_str()))
    }

    fn matches(&self, entry: &CatalogEntry) -> bool {
        let has_kind = self.query.kind.as_deref().is_none_or(|kind| {
            entry.kind == kind || (!kind.contains('/') && entry.kind.split('/').next() == Some(kind))
        });
        has_kind
            && self.states.contains(entry.state.as_str())
            && self.query.other_profile_than.as_ref().is_none_or(|profile| entry.profile != *profile)
            && self.after.as_ref().is_none_or(|after| Position::of(entry) > *after)
            && words::matches(&self.words, &entry.searchable())
    }

    /// Lets the service drop places of other kinds, where it can tell.
    fn filter(&self, query: QueryFluentBuilder) -> QueryFluentBuilder {
        let Some(kind) = &self.query.kind else { return query };
        let condition =
            if kind.contains('/') { "#kind = :kind" } else { "#kind = :kind OR begins_with(#kind, :major)" };
        let query = query.filter_expression(condition).expression_attribute_names("#kind", "kind");
        let query = query.expression_attribute_values(":kind", text(kind));
        if kind.contains('/') { query } else { query.expression_attribute_values(":major", text(format!("{kind}/"))) }
    }

    /// Makes a page of the first entries of a list that has one more if there are more.
    fn page(&self, mut entries: Vec<CatalogEntry>) -> CatalogPage {
        let has_more = entries.len() > self.limit;
        entries.truncate(self.limit);
        let next = entries.last().filter(|_| has_more).map(|entry| Position::of(entry).to_next());
        CatalogPage { entries, next }
    }
}

impl DynamoCatalog {
    pub(super) async fn list_page(&self, query: &CatalogQuery) -> Result<CatalogPage, PortError> {
        let wanted = Wanted::of(query)?;
        // The longest word is likely to be the rarest.
        let mut by_length: Vec<&String> = wanted.words.iter().collect();
        by_length.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        for word in by_length.into_iter().take(MAX_LOOKED_UP) {
            if let Some(assets) = self.look_up(word).await? {
                return self.sorted(&wanted, &assets).await;
            }
        }
        self.walk(&wanted).await
    }

    /// Makes a page of given assets.
    async fn sorted(&self, wanted: &Wanted<'_>, assets: &BTreeSet<String>) -> Result<CatalogPage, PortError> {
        let mut entries = self.entries(OPERATION, assets.iter().map(String::as_str)).await?;
        entries.retain(|entry| wanted.matches(entry));
        entries.sort_by_cached_key(Position::of);
        Ok(wanted.page(entries))
    }

    /// Makes a page by walking the lists, latest first, until it is full.
    async fn walk(&self, wanted: &Wanted<'_>) -> Result<CatalogPage, PortError> {
        let mut cursors = self.cursors(wanted).await?;
        let mut entries = Vec::new();
        while entries.len() <= wanted.limit {
            let n_missing = wanted.limit + 1 - entries.len();
            let positions = self.take(wanted, &mut cursors, n_missing).await?;
            if positions.is_empty() {
                break;
            }
            let mut read = self.entries(OPERATION, positions.iter().map(|position| position.asset.as_str())).await?;
            // Who moved since the places were read is not where the list says, or not wanted any more.
            read.retain(|entry| wanted.matches(entry) && positions.binary_search(&Position::of(entry)).is_ok());
            read.sort_by_cached_key(Position::of);
            entries.extend(read);
        }
        Ok(wanted.page(entries))
    }

    async fn cursors(&self, wanted: &Wanted<'_>) -> Result<Vec<Cursor>, PortError> {
        let shards = wanted.states().flat_map(|state| (0..N_SHARDS).map(move |shard| (state, shard)));
        let stretches = match &wanted.query.other_profile_than {
            None => shards.map(|(state, shard)| Stretch::of_state(state, shard)).collect(),
            Some(profile) => {
                let found: Vec<_> = shards.map(|(state, shard)| self.other_profiles(state, shard, profile)).collect();
                let found: Vec<Vec<Stretch>> = iter(found).buffer_unordered(N_PARALLEL).try_collect().await?;
                found.into_iter().flatten().collect::<Vec<_>>()
            }
        };
        let cursor = |stretch: Stretch| Cursor {
            lower: stretch.lower(wanted.after.as_ref()),
            stretch,
            positions: VecDeque::new(),
            is_exhausted: false,
        };
        Ok(stretches.into_iter().map(cursor).collect())
    }

    /// Finds the profiles but one that a partition has, one jump each. There are as many as were in force lately.
    async fn other_profiles(&self, state: State, shard: u32, profile: &str) -> Result<Vec<Stretch>, PortError> {
        let mut stretches = Vec::new();
        let mut lower = Stretch::of_profile(state, shard, "").lower(None);
        loop {
            let partition = Stretch::of_profile(state, shard, profile).partition;
            let query = self
                .query_of(&partition, &format!("{SORT_KEY} > :lower"))
                .expression_attribute_values(":lower", text(&lower));
            let answer = query.limit(1).send().await.map_err(failed(OPERATION, &self.table))?;
            let found = answer.items().first().and_then(|item| text_of(item, SORT_KEY)).and_then(Stretch::profile);
            let Some(found) = found else { return Ok(stretches) };
            let stretch = Stretch::of_profile(state, shard, found);
            lower = stretch.upper();
            if found != profile {
                stretches.push(stretch);
            }
        }
    }

    /// Returns a consistent query of one partition.
    fn query_of(&self, partition: &str, condition: &str) -> QueryFluentBuilder {
        self.client()
            .query()
            .table_name(&self.table)
            .key_condition_expression(format!("{PARTITION_KEY} = :partition AND {condition}"))
            .expression_attribute_values(":partition", text(partition))
            .projection_expression(SORT_KEY)
            .consistent_read(true)
    }

    /// Takes the next `n_positions` of all stretches together, in order, fewer only at the end.
    async fn take(
        &self,
        wanted: &Wanted<'_>,
        cursors: &mut [Cursor],
        n_positions: usize,
    ) -> Result<Vec<Position>, PortError> {
        let mut taken: Vec<Position> = Vec::new();
        while taken.len() < n_positions {
            let mut fill = Vec::new();
            for cursor in cursors.iter_mut() {
                if cursor.positions.is_empty() && !cursor.is_exhausted {
                    fill.push(self.fill(wanted, cursor, n_positions));
                }
            }
            iter(fill).buffer_unordered(N_PARALLEL).try_collect::<()>().await?;
            let first = cursors.iter_mut().min_by(|a, b| order(a).cmp(&order(b)));
            let Some(position) = first.and_then(|cursor| cursor.positions.pop_front()) else { break };
            // An asset on its way from one state to another may stand in both.
            if taken.last() != Some(&position) {
                taken.push(position);
            }
        }
        Ok(taken)
    }

    /// Reads on until there is a position or none is left.
    async fn fill(&self, wanted: &Wanted<'_>, cursor: &mut Cursor, n_positions: usize) -> Result<(), PortError> {
        while cursor.positions.is_empty() && !cursor.is_exhausted {
            let query = self
                .query_of(&cursor.stretch.partition, &format!("{SORT_KEY} BETWEEN :lower AND :upper"))
                .expression_attribute_values(":lower", text(&cursor.lower))
                .expression_attribute_values(":upper", text(cursor.stretch.upper()));
            // A filter works on what was read: then the service stops by itself, at a mebibyte.
            let is_filtered = wanted.query.kind.is_some();
            let limit = i32::try_from(n_positions).ok().filter(|_| !is_filtered);
            let answer = wanted.filter(query).set_limit(limit).send().await;
            let answer = answer.map_err(failed(OPERATION, &self.table))?;
            let sort_keys = answer.items().iter().filter_map(|item| text_of(item, SORT_KEY));
            cursor.positions.extend(sort_keys.filter_map(|sort_key| cursor.stretch.position(sort_key)));
            let last = answer.last_evaluated_key().and_then(|key| cursor.stretch.position(text_of(key, SORT_KEY)?));
            match last {
                Some(last) => cursor.lower = cursor.stretch.lower(Some(&last)),
                None => cursor.is_exhausted = true,
            }
        }
        Ok(())
    }

    /// Returns the assets that have a word beginning like this, or `None` if they are many.
    async fn look_up(&self, word: &str) -> Result<Option<BTreeSet<String>>, PortError> {
        let found: Vec<_> = (0..N_SHARDS).map(|shard| self.look_up_in(shard, word)).collect();
        let found: Vec<Vec<String>> = iter(found).buffer_unordered(N_PARALLEL).try_collect().await?;
        let assets: BTreeSet<String> = found.into_iter().flatten().collect();
        Ok((assets.len() <= self.few_matches).then_some(assets))
    }

    /// Stops as soon as there are too many.
    async fn look_up_in(&self, shard: u32, word: &str) -> Result<Vec<String>, PortError> {
        let (partition, begin) = words::search_key(shard, word);
        let most = i32::try_from(self.few_matches + 1).unwrap_or(i32::MAX);
        let mut assets = Vec::new();
        let mut from = None;
        loop {
            let query = self
                .query_of(&partition, &format!("begins_with({SORT_KEY}, :begin)"))
                .expression_attribute_values(":begin", text(&begin))
                .limit(most)
                .set_exclusive_start_key(from);
            let answer = query.send().await.map_err(failed(OPERATION, &self.table))?;
            let found = answer.items().iter().filter_map(|item| words::asset_of(text_of(item, SORT_KEY)?));
            assets.extend(found.map(str::to_owned));
            from = answer.last_evaluated_key;
            if from.is_none() || assets.len() > self.few_matches {
                return Ok(assets);
            }
        }
    }
}

/// Orders cursors by what comes next; empty ones are last.
fn order(cursor: &Cursor) -> (bool, Option<&Position>) {
    (cursor.positions.is_empty(), cursor.positions.front())
}
