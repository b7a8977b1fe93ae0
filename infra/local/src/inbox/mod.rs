//! The local inbox: a folder of plain files whose changes become S3 notifications on the queue of `ingest`.
//!
//! Three sources see a change: the S3 endpoint, which made it ([`Notifier`]); the folder watch, for files that people drop
//! ([`watch`](fn@watch)); and the comparison of the folder with the store, for everything that happened while nobody looked
//! ([`reconcile`](fn@reconcile)). Any of them may be late or see it twice: the event of one file state is the same from each.

mod message;
mod notifier;
mod reconcile;
mod walk;
mod watch;

pub use notifier::Notifier;
pub use reconcile::{Reconciled, reconcile};
pub use watch::watch;

/// The bucket's name: in events, at the S3 endpoint, in upload links.
pub const BUCKET: &str = "inbox";

/// Returns whether a file that appears in the folder is somebody's temporary file and no asset.
///
/// It is not asked for uploads through the S3 endpoint: who names a key means it.
pub fn is_ignored(key: &str) -> bool {
    let is_hidden = key.split('/').any(|segment| segment.starts_with('.'));
    let name = key.rsplit('/').next().unwrap_or(key).to_lowercase();
    is_hidden || name.ends_with('~') || [".part", ".crdownload", ".tmp"].iter().any(|suffix| name.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::is_ignored;

    #[test]
    fn temporary_files_are_ignored() {
        for key in [".a.jpg", "a/.b/c.jpg", "a.jpg~", "movie.mp4.part", "x.CRDOWNLOAD", "a/b.tmp", ".DS_Store"] {
            assert!(is_ignored(key), "{key}");
        }
        for key in ["a.jpg", "a/b.tmp/c.jpg", "party.png", "a..b.png", "~a.png"] {
            assert!(!is_ignored(key), "{key}");
        }
    }
}
