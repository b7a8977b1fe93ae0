//! An S3 endpoint over the inbox folder: whatever speaks S3 can upload to Greenroom on one machine.
//!
//! `s3s` does the protocol (routing, XML, SigV4 in headers, links and forms, chunked bodies); here is what the operations mean. The
//! objects are the files of the inbox. What a file cannot hold (MD5, media type, user metadata, checksums) lies in records outside of
//! it ([`record`]), each valid only for the very file state it was written for: a file that somebody replaced by hand simply has none.

mod buckets;
mod checksum;
mod conditions;
mod copy;
mod credentials;
mod delete;
mod details;
mod errors;
mod front;
mod list;
mod multipart;
mod objects;
mod presign;
mod publish;
mod read;
mod receive;
mod record;
mod server;
mod service;

pub use credentials::{Credentials, credentials};
pub use presign::Presigner;
pub use server::{S3Config, serve};

/// The region that the endpoint says it is in. Requests signed for another one are taken too.
pub const REGION: &str = "us-east-1";
