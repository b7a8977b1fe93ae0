//! One writer per key, among threads and processes.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Few enough to be opened at once, enough that two keys rarely meet.
const STRIPES: usize = 64;

/// Lock files, shared by every process that has the store open. The operating system drops a dead process's locks.
pub(super) struct Locks(Vec<Mutex<File>>);

/// Holds a key's stripe until dropped.
pub(super) struct Held<'a>(MutexGuard<'a, File>);

impl Locks {
    pub(super) fn open(scratch: &Path) -> io::Result<Locks> {
        let folder = scratch.join("locks");
        std::fs::create_dir_all(&folder)?;
        let open = |stripe: usize| {
            let path = folder.join(format!("{stripe:02}"));
            OpenOptions::new().write(true).create(true).truncate(false).open(path).map(Mutex::new)
        };
        (0..STRIPES).map(open).collect::<io::Result<Vec<_>>>().map(Locks)
    }

    /// Waits for the key's stripe: the mutex against threads, the file lock against other processes.
    pub(super) fn hold(&self, key: &str) -> io::Result<Held<'_>> {
        let guard = self.0[stripe_of(key)].lock().unwrap_or_else(PoisonError::into_inner);
        guard.lock()?;
        Ok(Held(guard))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // It fails only if the descriptor is bad, and then nothing is held.
        let _ = self.0.unlock();
    }
}

/// FNV-1a. Spelled out because processes of different builds must agree on the stripe.
fn stripe_of(key: &str) -> usize {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    (hash % STRIPES as u64) as usize
}
