//! Waiting for keys to settle, with progress that a person can see.

use crate::node::Node;
use anyhow::Result;
use asset::ids::AssetId;
use asset::readiness::State;
use asset::why::words::visible;
use ports::Catalog;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Prints a line when an asset settles and, on a terminal, a counter that moves in between.
pub struct Progress {
    is_shown: bool,
    has_terminal: bool,
    begin: Instant,
}

impl Progress {
    /// Makes one that prints nothing if not `is_shown`.
    pub fn new(is_shown: bool) -> Self {
        Progress { is_shown, has_terminal: std::io::stderr().is_terminal(), begin: Instant::now() }
    }

    fn settled(&mut self, key: &str, state: State, reason: Option<&str>) {
        if self.is_shown {
            let reason = reason.map(|reason| format!(": {}", visible(reason))).unwrap_or_default();
            let seconds = self.begin.elapsed().as_secs_f64();
            self.clear();
            eprintln!("{seconds:7.2} s  {:<16} {}{reason}", state.as_str(), visible(key));
        }
    }

    fn tick(&mut self, n_settled: usize, n_keys: usize, n_done: u64, n_steps: u64) {
        if self.is_shown && self.has_terminal {
            eprint!("\r\x1b[K{n_settled}/{n_keys} settled, {n_done} of {n_steps} known steps done");
            let _ = std::io::stderr().flush();
        }
    }

    fn clear(&mut self) {
        if self.is_shown && self.has_terminal {
            eprint!("\r\x1b[K");
        }
    }
}

/// Waits until every key has a settled state. Returns `false` if that took longer than `patience`.
pub async fn wait_until_settled(
    node: &Node,
    keys: &[String],
    patience: Duration,
    progress: &mut Progress,
) -> Result<bool> {
    let begin = Instant::now();
    let mut settled: BTreeMap<&str, bool> = keys.iter().map(|key| (key.as_str(), false)).collect();
    loop {
        let (mut n_done, mut n_steps) = (0, 0);
        for (key, is_settled) in settled.iter_mut() {
            if let Some(entry) = node.catalog.get(&AssetId::of_key(key)).await? {
                n_done += u64::from(entry.n_done);
                n_steps += u64::from(entry.n_steps);
                if entry.state.is_settled() && !*is_settled {
                    *is_settled = true;
                    progress.settled(key, entry.state, entry.reason.as_deref());
                }
            }
        }
        let n_settled = settled.values().filter(|is_settled| **is_settled).count();
        if n_settled == keys.len() {
            progress.clear();
            return Ok(true);
        }
        if begin.elapsed() > patience {
            progress.clear();
            return Ok(false);
        }
        progress.tick(n_settled, keys.len(), n_done, n_steps);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
