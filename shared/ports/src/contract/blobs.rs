//! Objects: the list of promises.

use super::{Report, blob_content as content, blob_keys as keys, blob_races as races};
use crate::{CopyBlob, CreateBlob, DeleteBlob, ListBlobs, ReadBlob, SwapBlob};

/// Every verb of a store.
pub trait BlobStore: ReadBlob + CreateBlob + SwapBlob + CopyBlob + DeleteBlob + ListBlobs {}

impl<T: ReadBlob + CreateBlob + SwapBlob + CopyBlob + DeleteBlob + ListBlobs> BlobStore for T {}

/// Checks a store. Everything is written below `prefix` (empty or ending in `/`), where nothing may be yet.
pub async fn blobs(store: &dyn BlobStore, prefix: &str) -> Report {
    let mut report = Report::default();
    let at = |folder: &str| format!("{prefix}{folder}/");

    report.check("what was created reads back", content::reads_back(store, &at("reads-back"))).await;
    report.check("an object may be empty", content::may_be_empty(store, &at("empty"))).await;
    report.check("what is absent is not found", content::absent(store, &at("absent"))).await;
    report.check("ranges end where the object ends", content::ranges(store, &at("ranges"))).await;
    report.check("streams come in chunks of at most 1 MiB", content::streams(store, &at("streams"))).await;
    report.check("a later write does not disturb a stream", content::stream_is_stable(store, &at("stable"))).await;
    report.check("create never overwrites", content::create_only(store, &at("create-only"))).await;
    report.check("a stream that fails publishes nothing", content::failed_stream(store, &at("failed-stream"))).await;
    report.check("a call that is dropped publishes nothing", content::dropped_call(store, &at("dropped"))).await;
    report.check("swap needs the present etag", content::swap_guards(store, &at("swap"))).await;
    report.check("copy creates and never overwrites", content::copies(store, &at("copy"))).await;
    report.check("delete is final and repeatable", content::deletes(store, &at("delete"))).await;

    report.check("of concurrent creators exactly one succeeds", races::creators(store, &at("creators"))).await;
    report.check("concurrent swaps lose no update", races::swappers(store, &at("swappers"))).await;
    report.check("of concurrent first swaps exactly one succeeds", races::first_swaps(store, &at("first-swaps"))).await;
    report.check("a reader never sees a part of a write", races::torn_reads(store, &at("torn"))).await;
    report.check("creating and deleting neighbours is independent", races::neighbours(store, &at("neighbours"))).await;

    report.check("lists are in byte order of keys", keys::order(store, &at("order"))).await;
    report.check("pages cover everything once", keys::pages(store, &at("pages"))).await;
    report.check("lists are consistent", keys::consistent(store, &at("consistent"))).await;
    report.check("a prefix may end anywhere", keys::prefixes(store, &at("prefixes"))).await;
    report.check("strange but safe keys work", keys::strange(store, &at("strange"))).await;
    report.check("unsafe keys are refused by every verb", keys::unsafe_keys(store, &at("unsafe"))).await;
    report
}
