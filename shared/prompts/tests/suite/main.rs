//! Prompts, held to their word: the format's own cases, identity, input, our prompts.

mod diff;
mod differential;
mod eval;
mod evals;
mod injection;
mod library;
mod lint;
mod prompt;
mod registry;
mod samples;
mod schema;
mod shelf;
mod spec;
mod stores;
