//! One file per command.

pub mod add;
pub mod captions;
pub mod cost;
pub mod doctor;
pub mod ls;
pub mod models;
pub mod progress;
pub mod prompts;
pub mod redrive;
pub mod retry;
pub mod review;
pub mod search;
pub mod status;
pub mod sweep;
pub mod verify;
mod verify_facts;
pub mod why;
