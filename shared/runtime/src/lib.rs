//! What a Greenroom function is, and the shell around it.

mod cpu;
mod dispatch;
mod function;

pub use cpu::{Panicked, cpu};
pub use dispatch::{BatchFailure, Outcome, dispatch};
pub use function::{Context, Failure, Function, parse_json};
