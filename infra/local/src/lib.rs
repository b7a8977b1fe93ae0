//! Greenroom on one machine: the same functions as on AWS, over files and SQLite, in one process.

pub mod cli;
mod commands;
mod demo;
mod deployment;
mod host;
pub mod inbox;
mod local_models;
mod node;
mod pump;
#[cfg(feature = "aws")]
mod remote;
#[cfg(not(feature = "aws"))]
#[path = "remote/absent.rs"]
mod remote;
pub mod s3;
mod settings;
mod table;
mod up;
