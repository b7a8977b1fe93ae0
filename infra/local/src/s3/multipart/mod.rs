//! Multipart uploads: parts lie on disk outside the inbox until they are assembled, and survive a restart.

mod begin;
mod complete;
mod list;
mod parts;
mod store;

pub(super) use store::Uploads;
