//! The catalog in SQLite.
//!
//! Lists are walks along an index, latest first, from where the page before ended: their cost is that of the page, whatever the number
//! of assets. `age` is the negated time of the latest arrival, so that one ascending order serves both `age` and the asset id.
//! A query with several states walks one index range per state and merges.

use super::database::Database;
use super::nearest;
use super::words::query_of;
use asset::catalog::CatalogEntry;
use asset::ids::AssetId;
use asset::readiness::State;
use async_trait::async_trait;
use ports::near::{space_of, stored_point};
use ports::{Catalog, CatalogPage, CatalogQuery, Kind, PortError};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use std::path::Path;

const VERSIONS: &[&str] = &[
    "
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        asset TEXT NOT NULL UNIQUE,
        revision INTEGER NOT NULL,
        state TEXT NOT NULL,
        kind TEXT NOT NULL,
        major TEXT NOT NULL,
        profile TEXT NOT NULL,
        age INTEGER NOT NULL,
        key TEXT NOT NULL,
        json TEXT NOT NULL
    );
    CREATE INDEX entries_by_age ON entries (state, age, asset);
    CREATE INDEX entries_by_kind ON entries (state, kind, age, asset);
    CREATE INDEX entries_by_major ON entries (state, major, age, asset);
    CREATE INDEX entries_by_profile ON entries (state, profile, age, asset);

    CREATE VIRTUAL TABLE words USING fts5
        (key, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2', prefix='1 2 3');
    CREATE TRIGGER words_insert AFTER INSERT ON entries BEGIN
        INSERT INTO words (rowid, key) VALUES (new.id, new.key);
    END;
    CREATE TRIGGER words_update AFTER UPDATE OF key ON entries WHEN old.key <> new.key BEGIN
        DELETE FROM words WHERE rowid = old.id;
        INSERT INTO words (rowid, key) VALUES (new.id, new.key);
    END;

    CREATE TABLE counts (state TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TRIGGER counts_insert AFTER INSERT ON entries BEGIN
        INSERT INTO counts VALUES (new.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
    END;
    CREATE TRIGGER counts_update AFTER UPDATE OF state ON entries WHEN old.state <> new.state BEGIN
        UPDATE counts SET n = n - 1 WHERE state = old.state;
        INSERT INTO counts VALUES (new.state, 1) ON CONFLICT DO UPDATE SET n = n + 1;
    END;
",
    // Texts beside the key, and vectors. Entries of before get theirs when they are written again: a sweep does that.
    "
    ALTER TABLE entries ADD COLUMN texts TEXT NOT NULL DEFAULT '';
    DROP TRIGGER words_insert;
    DROP TRIGGER words_update;
    DROP TABLE words;
    CREATE VIRTUAL TABLE words USING fts5
        (key, texts, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2', prefix='1 2 3');
    INSERT INTO words (rowid, key, texts) SELECT id, key, texts FROM entries;
    CREATE TRIGGER words_insert AFTER INSERT ON entries BEGIN
        INSERT INTO words (rowid, key, texts) VALUES (new.id, new.key, new.texts);
    END;
    CREATE TRIGGER words_update AFTER UPDATE OF key, texts ON entries
    WHEN old.key <> new.key OR old.texts <> new.texts BEGIN
        DELETE FROM words WHERE rowid = old.id;
        INSERT INTO words (rowid, key, texts) VALUES (new.id, new.key, new.texts);
    END;

    CREATE TABLE vectors (
        id INTEGER PRIMARY KEY,
        space TEXT NOT NULL,
        point BLOB NOT NULL
    );
",
];

/// Matches of a text up to this many are fetched and sorted; with more of them it is cheaper to walk the list and to ask of each entry
/// whether it matches, because the page fills soon.
const FEW_MATCHES: usize = 5_000;

/// The catalog in a SQLite file, shared by every process that opens it.
pub struct SqliteCatalog(Database);

impl SqliteCatalog {
    /// Opens or makes the file.
    pub fn open(path: &Path) -> Result<Self, PortError> {
        Database::open(path, "catalog", VERSIONS).map(SqliteCatalog)
    }
}

#[async_trait]
impl Catalog for SqliteCatalog {
    async fn upsert(&self, entry: &CatalogEntry) -> Result<bool, PortError> {
        const OPERATION: &str = "write catalog entry";
        let json = serde_json::to_string(entry)
            .map_err(|error| PortError::new(Kind::Fatal, OPERATION, entry.asset.as_str()).because(error))?;
        let point = stored_point(entry).map(|(vector, point)| (space_of(&vector.model, point.len() / 4), point));
        let entry = entry.without_vector();
        self.0
            .write(OPERATION, entry.asset.clone().as_str(), move |connection| {
                let upsert = "INSERT INTO entries (asset, revision, state, kind, major, profile, age, key, json, texts)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                    ON CONFLICT (asset) DO UPDATE SET revision = excluded.revision, state = excluded.state,
                        kind = excluded.kind, major = excluded.major, profile = excluded.profile, age = excluded.age,
                        key = excluded.key, json = excluded.json, texts = excluded.texts
                    WHERE entries.revision <= excluded.revision
                    RETURNING id";
                let major = entry.kind.split('/').next().unwrap_or_default();
                let age = age_of(entry.updated_ms);
                let revision = i64::try_from(entry.revision).unwrap_or(i64::MAX);
                let (asset, state) = (entry.asset.as_str(), entry.state.as_str());
                let texts = entry.texts.join("\n");
                let values =
                    (asset, revision, state, &entry.kind, major, &entry.profile, age, &entry.key, &json, &texts);
                let id = connection.prepare_cached(upsert)?.query_row(values, |row| row.get(0)).optional()?;
                match id {
                    Some(id) => nearest::put(connection, id, point.as_ref()).map(|()| true),
                    None => Ok(false),
                }
            })
            .await
    }

    async fn get(&self, asset: &AssetId) -> Result<Option<CatalogEntry>, PortError> {
        const OPERATION: &str = "read catalog entry";
        let id = asset.clone();
        let json = self
            .0
            .read(OPERATION, asset.as_str(), move |connection| {
                let get = "SELECT json FROM entries WHERE asset = ?1";
                connection.prepare_cached(get)?.query_row([id.as_str()], |row| row.get::<_, String>(0)).optional()
            })
            .await?;
        json.map(|json| parse(OPERATION, &json)).transpose()
    }

    async fn list(&self, query: &CatalogQuery) -> Result<CatalogPage, PortError> {
        const OPERATION: &str = "list catalog";
        let after = query.after.as_deref().map(Position::parse).transpose()?;
        let limit = if query.limit == 0 { 100 } else { query.limit.min(1000) };
        let wanted = query.clone();
        let mut rows = self
            .0
            .read(OPERATION, "entries", move |connection| {
                // One snapshot for all the ranges: an entry that changes its state meanwhile is in one of them.
                let snapshot = connection.unchecked_transaction()?;
                let rows = select(&snapshot, &wanted, after.as_ref(), limit + 1)?;
                snapshot.commit()?;
                Ok(rows)
            })
            .await?;
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|(position, _)| position.to_string());
        let entries = rows.iter().map(|(_, json)| parse(OPERATION, json)).collect::<Result<Vec<_>, _>>()?;
        Ok(CatalogPage { entries, next })
    }

    async fn nearest(&self, model: &str, query: &[f32], limit: usize) -> Result<Vec<(CatalogEntry, f32)>, PortError> {
        const OPERATION: &str = "find nearest";
        let (subject, wanted, query) = (model, model.to_owned(), query.to_vec());
        let find = move |connection: &Connection| {
            // One snapshot for the vectors and their entries.
            let snapshot = connection.unchecked_transaction()?;
            let found = nearest::nearest(&snapshot, &wanted, &query, limit)?;
            snapshot.commit()?;
            Ok(found)
        };
        let found = self.0.read(OPERATION, subject, find).await?;
        found.iter().map(|(json, score)| Ok((parse(OPERATION, json)?, *score))).collect()
    }

    async fn counts(&self) -> Result<Vec<(State, u64)>, PortError> {
        self.0
            .read("count", "catalog", |connection| {
                let mut count = connection.prepare_cached("SELECT n FROM counts WHERE state = ?1")?;
                let mut count = |state: State| -> rusqlite::Result<(State, u64)> {
                    let n: Option<i64> = count.query_row([state.as_str()], |row| row.get(0)).optional()?;
                    Ok((state, n.map_or(0, |n| u64::try_from(n).unwrap_or(0))))
                };
                State::ALL.into_iter().map(&mut count).collect()
            })
            .await
    }
}

/// Where an entry stands in the order of lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    age: i64,
    asset: String,
}

impl Position {
    fn parse(text: &str) -> Result<Self, PortError> {
        let position = text.split_once('.').and_then(|(age, asset)| Some((age.parse().ok()?, asset.to_owned())));
        let (age, asset) = position.ok_or_else(|| {
            PortError::new(Kind::Fatal, "list catalog", text).because("`after` is not the `next` of a page")
        })?;
        Ok(Position { age, asset })
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.age, self.asset)
    }
}

/// Selects the first `limit` rows of each index range that can hold answers.
fn select(
    connection: &Connection,
    query: &CatalogQuery,
    after: Option<&Position>,
    limit: usize,
) -> rusqlite::Result<Vec<(Position, String)>> {
    // The planner cannot know how many entries match: it is told which way to go.
    let (table, matching) = match query.text.as_deref().and_then(query_of) {
        None => ("entries", ""),
        Some(text) if gather_matches(connection, &text)? > FEW_MATCHES => {
            ("entries", " AND +id IN (SELECT id FROM temp.matches)")
        }
        Some(_) => ("entries NOT INDEXED", " AND id IN (SELECT id FROM temp.matches)"),
    };
    let mut states: Vec<State> = match query.states.as_slice() {
        [] => State::ALL.into_iter().filter(|state| *state != State::Deleted).collect(),
        states => states.to_vec(),
    };
    states.sort_unstable();
    states.dedup();
    let mut rows = Vec::new();
    for state in states {
        let profiles = match &query.other_profile_than {
            None => vec![None],
            Some(profile) => other_profiles(connection, state, profile)?.into_iter().map(Some).collect(),
        };
        for profile in profiles {
            let mut sql = format!("SELECT age, asset, json FROM {table} WHERE state = ?");
            let mut values = vec![Value::from(state.as_str().to_owned())];
            let mut condition = |text: &str, given: Vec<Value>| {
                sql.push_str(text);
                values.extend(given);
            };
            if let Some(profile) = profile {
                condition(" AND profile = ?", vec![profile.into()]);
            }
            if let Some(kind) = &query.kind {
                let column = if kind.contains('/') { " AND kind = ?" } else { " AND major = ?" };
                condition(column, vec![kind.clone().into()]);
            }
            if let Some(Position { age, asset }) = after {
                condition(" AND (age, asset) > (?, ?)", vec![(*age).into(), asset.clone().into()]);
            }
            condition(matching, Vec::new());
            condition(" ORDER BY age, asset LIMIT ?", vec![Value::from(i64::try_from(limit).unwrap_or(i64::MAX))]);
            let mut select = connection.prepare_cached(&sql)?;
            let found = select.query_map(params_from_iter(values), |row| {
                Ok((Position { age: row.get(0)?, asset: row.get(1)? }, row.get(2)?))
            })?;
            for row in found {
                rows.push(row?);
            }
        }
    }
    Ok(rows)
}

/// Puts the ids of the entries that match into this connection's temporary table, once for all the ranges; returns how many.
///
/// Asking the full-text index entry by entry costs a walk over all matches each time.
fn gather_matches(connection: &Connection, text: &str) -> rusqlite::Result<usize> {
    connection
        .execute_batch("CREATE TEMP TABLE IF NOT EXISTS matches (id INTEGER PRIMARY KEY); DELETE FROM temp.matches;")?;
    let gather = "INSERT INTO temp.matches SELECT rowid FROM words WHERE words MATCH ?1";
    connection.prepare_cached(gather)?.execute([text])
}

/// Returns every profile but `profile` that entries in `state` have, one index jump each.
fn other_profiles(connection: &Connection, state: State, profile: &str) -> rusqlite::Result<Vec<String>> {
    let next = "SELECT min(profile) FROM entries WHERE state = ?1 AND profile > ?2";
    let first = "SELECT min(profile) FROM entries WHERE state = ?1";
    let mut profiles = Vec::new();
    let mut found: Option<String> = connection.prepare_cached(first)?.query_row([state.as_str()], |row| row.get(0))?;
    let mut next = connection.prepare_cached(next)?;
    while let Some(other) = found {
        found = next.query_row((state.as_str(), &other), |row| row.get(0))?;
        if other != profile {
            profiles.push(other);
        }
    }
    Ok(profiles)
}

fn age_of(updated_ms: u64) -> i64 {
    -i64::try_from(updated_ms).unwrap_or(i64::MAX)
}

fn parse(operation: &'static str, json: &str) -> Result<CatalogEntry, PortError> {
    serde_json::from_str(json).map_err(|error| {
        PortError::new(Kind::Fatal, operation, json.chars().take(200).collect::<String>()).because(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use asset::embedding::Vector;
    use serde_json::json;

    /// A catalog of before there were texts and vectors is opened, searched and written on.
    #[tokio::test]
    async fn a_file_of_before_is_brought_along() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("catalog.db");
        let asset = AssetId::of_key("old pier.jpg");
        let json = json!({
            "asset": asset, "key": "old pier.jpg", "revision": 3, "state": "ready", "reason": null, "version": null,
            "kind": "image/jpeg", "bytes": 1, "width": 1, "height": 1, "n_outputs": 1, "output_bytes": 1, "n_done": 1,
            "n_steps": 1, "thumbnail": null, "thumbhash": null, "created_ms": 1, "updated_ms": 1, "profile": "p",
        });
        let before = Database::open(&path, "catalog", &VERSIONS[..1]).expect("opens");
        let (id, text) = (asset.to_string(), json.to_string());
        let insert = move |connection: &Connection| {
            let sql = "INSERT INTO entries (asset, revision, state, kind, major, profile, age, key, json)
                VALUES (?1, 3, 'ready', 'image/jpeg', 'image', 'p', -1, 'old pier.jpg', ?2)";
            connection.execute(sql, (id, text)).map(drop)
        };
        before.write("insert", "entry", insert).await.expect("inserts");
        drop(before);
        let catalog = SqliteCatalog::open(&path).expect("opens");
        let find = |text: &str| CatalogQuery { text: Some(text.to_owned()), ..CatalogQuery::default() };
        let mut found = catalog.list(&find("pier")).await.expect("lists").entries;
        let entry = found.pop().expect("it is found by its key");
        let vector = Some(Vector::new("m", &[1.0, 0.0]));
        let entry = CatalogEntry { texts: vec!["A quay.".into()], vector, ..entry };
        assert!(catalog.upsert(&entry).await.expect("writes"));
        assert_eq!(catalog.list(&find("pier quay")).await.expect("lists").entries.len(), 1);
        assert_eq!(catalog.nearest("m", &[1.0, 0.0], 1).await.expect("finds"), [(entry.without_vector(), 1.0)]);
    }
}
