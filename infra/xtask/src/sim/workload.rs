//! What people do to the inbox: upload, overwrite, delete, upload again; and the notifications of it.

use super::queue::INGEST;
use super::twins::InboxObject;
use super::world::{Event, World};
use asset::ids::{AssetId, Sha256};
use asset::sequencer::Sequencer;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

pub const BUCKET: &str = "inbox";

/// A file younger than this may have its notification still on the way.
const RECONCILE_AFTER_MS: u64 = 10 * 60_000;

impl World {
    /// One change of the inbox; asks for the next one.
    pub fn on_upload(&mut self) {
        let n_keys = self.truth.keys.len();
        let dice = self.rng.range(0, 100);
        // Of 100 changes: 20 overwrite (or bring back) a recent key, 6 delete one, the rest are new keys.
        let recent = n_keys.checked_sub(1 + self.rng.range(0, 400.min(n_keys as u64).max(1)) as usize);
        let is_free = |index: &usize| self.truth.keys[*index].last_op_ms < self.now_ms();
        match recent.filter(is_free) {
            Some(index) if dice < 6 => self.delete(index),
            Some(index) if dice < 26 => self.put(index),
            _ => self.put(n_keys),
        }
        if self.counts.uploads < self.config.uploads {
            let after_us = self.rng.range(1_000, 40_000);
            self.push(after_us, Event::Upload);
        }
    }

    fn key(&self, index: usize) -> String {
        match self.truth.keys.get(index) {
            Some(truth) => truth.key.clone(),
            None => format!("{index:x}/ü + {index}%2B 🦀.png"),
        }
    }

    fn put(&mut self, index: usize) {
        self.counts.uploads += 1;
        let n = self.counts.uploads;
        let rates = self.config.rates;
        let content = match self.rng.range(0, 100) {
            // The same bytes under many keys.
            0..10 => format!("stock picture {}", self.rng.range(0, 50)),
            _ if self.rng.hits(rates.poison) => {
                self.counts.corrupt += 1;
                if n.is_multiple_of(2) { String::new() } else { format!("corrupt {n}") }
            }
            _ => format!("picture {n}"),
        };
        let key = self.key(index);
        let etag = Sha256::of(content.as_bytes()).as_str()[..32].to_owned();
        let modified_ms = self.now_ms();
        self.inbox.0.insert(key.clone(), InboxObject { bytes: content.into(), etag: etag.clone(), modified_ms });
        self.changed(index, &key, Some(&etag));
    }

    fn delete(&mut self, index: usize) {
        let key = self.key(index);
        if self.inbox.0.remove(&key).is_some() {
            self.counts.deletes += 1;
            self.changed(index, &key, None);
        }
    }

    fn changed(&mut self, index: usize, key: &str, etag: Option<&str>) {
        let now_ms = self.now_ms();
        self.truth.changed(index, key, format!("assets/{}", AssetId::of_key(key)), now_ms);
        let rates = self.config.rates;
        if self.rng.hits(rates.drop) {
            self.counts.dropped += 1;
        } else if self.rng.hits(rates.poison) {
            self.counts.poisoned += 1;
            self.send(INGEST, "{\"Records\": [{\"s3\": \"gar", Duration::ZERO);
        } else {
            let sequencer = Sequencer::from_unix_nanos(self.now_us * 1000);
            self.notify(key, etag, &sequencer, now_ms);
        }
    }

    fn notify(&mut self, key: &str, etag: Option<&str>, sequencer: &Sequencer, at_ms: u64) {
        let key = utf8_percent_encode(key, NON_ALPHANUMERIC).to_string().replace("%20", "+");
        let time = jiff::Timestamp::from_millisecond(at_ms as i64).expect("a time of this century");
        let (name, etag) = match etag {
            Some(etag) => ("ObjectCreated:Put", format!("\"eTag\":\"{etag}\",")),
            None => ("ObjectRemoved:Delete", String::new()),
        };
        let body = format!(
            "{{\"Records\":[{{\"eventName\":\"{name}\",\"eventTime\":\"{time}\",\"s3\":{{\"bucket\":{{\"name\":\"{BUCKET}\"}},\
             \"object\":{{\"key\":\"{key}\",{etag}\"sequencer\":\"{sequencer}\"}}}}}}]}}"
        );
        self.send(INGEST, &body, Duration::ZERO);
    }

    /// Compares the inbox with the manifests and notifies of what they do not know: what was lost on the way.
    pub fn reconcile(&mut self) {
        let now_ms = self.now_ms();
        let mut missing = Vec::new();
        let mut never_seen = Vec::new();
        for (index, truth) in self.truth.keys.iter().enumerate() {
            let known = self.store.get(&asset::keys::manifest(&AssetId::of_key(&truth.key))).and_then(|manifest| {
                let glance: Glance<'_> = serde_json::from_slice(&manifest.bytes).expect("settle writes manifests");
                glance.arrivals.into_values().next_back()
            });
            if known.is_none() && !self.inbox.0.contains_key(&truth.key) {
                never_seen.push(index);
            }
            let known_etag = known.and_then(|arrival| arrival.change.etag);
            match self.inbox.0.get(&truth.key) {
                Some(object) if known_etag != Some(object.etag.as_str()) => {
                    if object.modified_ms + RECONCILE_AFTER_MS < now_ms {
                        missing.push((truth.key.clone(), Some(object.etag.clone()), object.modified_ms));
                    }
                }
                None if known_etag.is_some() => missing.push((truth.key.clone(), None, now_ms)),
                Some(_) | None => {}
            }
        }
        never_seen.into_iter().for_each(|index| self.truth.never_seen(index));
        for (key, etag, at_ms) in missing {
            self.counts.reconciled += 1;
            let sequencer = Sequencer::from_unix_nanos(at_ms * 1_000_000);
            self.notify(&key, etag.as_deref(), &sequencer, at_ms);
        }
    }
}

/// As much of a manifest as the comparison needs.
#[derive(Deserialize)]
struct Glance<'a> {
    #[serde(borrow)]
    arrivals: BTreeMap<&'a str, GlanceArrival<'a>>,
}

#[derive(Deserialize)]
struct GlanceArrival<'a> {
    #[serde(borrow)]
    change: GlanceChange<'a>,
}

#[derive(Deserialize)]
struct GlanceChange<'a> {
    #[serde(borrow, default)]
    etag: Option<&'a str>,
}
