//! The pure core of Greenroom: what an asset is, what it must have, and what follows from what happened.
//!
//! No I/O, no async, no clock. The flow of data is one line: [`event`] → [`fact`] → [`manifest`] (fold) → [`readiness`] (derive) →
//! [`task`] → … → [`fact`].

pub mod canary;
pub mod canonical;
pub mod catalog;
pub mod embedding;
pub mod event;
pub mod fact;
pub mod field;
pub mod ids;
pub mod image;
pub mod impact;
pub mod keys;
pub mod manifest;
pub mod money;
pub mod picture;
pub mod plan;
pub mod profile;
pub mod readiness;
pub mod recording;
pub mod refusal;
pub mod sequencer;
pub mod settle;
pub mod task;
pub mod vocabulary;
pub mod why;
