//! Vectors of the catalog: a table of their own, read from end to end for each question.
//!
//! Brute force, in the order of the file, keeping the best in a heap: exact, in as much memory as there are answers, and linear
//! (`tests/speed.rs` measures it). An index of neighbours would answer sooner and not always right; at this size nobody needs one.

use ports::near::{Nearest, cosine, direction, limit_of, space_of};
use rusqlite::{Connection, OptionalExtension};

/// Writes what belongs to an entry, in its transaction; nothing is written where nothing changed.
pub(super) fn put(connection: &Connection, id: i64, point: Option<&(String, Vec<u8>)>) -> rusqlite::Result<()> {
    let Some((space, point)) = point else {
        return connection.prepare_cached("DELETE FROM vectors WHERE id = ?1")?.execute([id]).map(drop);
    };
    let put = "INSERT INTO vectors (id, space, point) VALUES (?1, ?2, ?3)
        ON CONFLICT (id) DO UPDATE SET space = excluded.space, point = excluded.point
        WHERE vectors.space <> excluded.space OR vectors.point <> excluded.point";
    connection.prepare_cached(put)?.execute((id, space, point)).map(drop)
}

/// Returns the JSON of the nearest entries with their scores, the nearest first.
pub(super) fn nearest(
    connection: &Connection,
    model: &str,
    query: &[f32],
    limit: usize,
) -> rusqlite::Result<Vec<(String, f32)>> {
    let Some(direction) = direction(query) else { return Ok(Vec::new()) };
    let space = space_of(model, direction.len());
    let mut nearest = Nearest::new(limit_of(limit));
    let mut select = connection.prepare_cached("SELECT id, point FROM vectors WHERE space = ?1")?;
    let mut rows = select.query([&space])?;
    while let Some(row) = rows.next()? {
        // Looked at where it lies: nothing is copied.
        let point = row.get_ref(1)?.as_blob()?;
        if let Some(score) = cosine(&direction, point).filter(|score| nearest.takes(*score)) {
            nearest.offer(score, row.get::<_, i64>(0)?);
        }
    }
    let mut read = connection.prepare_cached("SELECT json FROM entries WHERE id = ?1")?;
    let mut found = Vec::new();
    for (id, score) in nearest.into_sorted() {
        if let Some(json) = read.query_row([id], |row| row.get(0)).optional()? {
            found.push((json, score));
        }
    }
    Ok(found)
}
