//! Greenroom on one machine: the same functions as on AWS, over files and SQLite, in one process.

pub mod cli;
mod commands;
mod demo;
mod host;
pub mod inbox;
mod node;
mod pump;
pub mod s3;
mod settings;
mod table;
mod up;
