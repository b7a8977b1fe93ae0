//! What Greenroom asks of the world: one small trait per verb, one error, no foreign type.
//!
//! Each adapter (files and SQLite, AWS, memory) passes the same contract suite (`contract`, feature `testing`).

pub mod blob;
pub mod catalog;
pub mod claim;
pub mod clock;
pub mod error;
pub mod ledger;
pub mod near;
pub mod queue;
pub mod search;

#[cfg(feature = "testing")]
pub mod contract;
#[cfg(feature = "testing")]
pub mod memory;

pub use blob::{
    Blob, BlobMeta, Body, CopyBlob, CreateBlob, DeleteBlob, ETag, ListBlobs, Page, PresignBlob, PresignRead,
    PresignedPut, ReadBlob, SwapBlob,
};
pub use catalog::{Catalog, CatalogPage, CatalogQuery};
pub use claim::{ClaimOutcome, Claims};
pub use clock::Clock;
pub use error::{Kind, PortError};
pub use ledger::{Actual, Cap, Ledger, LedgerEntry, LedgerPage, LedgerQuery, Reservation, Reserved};
pub use queue::{DeadLetter, Depth, Envelope, Queue, Received, SendMessages};
pub use search::{MapQuery, QueryPoint};
