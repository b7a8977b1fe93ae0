//! The ports on AWS: objects in S3, queues in SQS, catalog, claims and ledger in DynamoDB.
//!
//! No type of an SDK leaves this crate. Each adapter passes the contract suite on emulators that others wrote
//! (`tests/`).

mod clients;
mod error;

#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "operate")]
pub mod operate;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "secrets")]
mod secrets;
#[cfg(feature = "sqs")]
mod sqs;

pub use clients::{Clients, Environment, MissingVariables, Timeouts};
#[cfg(feature = "dynamodb")]
pub use dynamodb::{DynamoCatalog, DynamoClaims, DynamoLedger};
#[cfg(feature = "s3")]
pub use s3::S3Store;
#[cfg(feature = "secrets")]
pub use secrets::secret;
#[cfg(feature = "sqs")]
pub use sqs::SqsQueue;
