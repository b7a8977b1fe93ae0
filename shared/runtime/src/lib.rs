//! What a Greenroom function is, and the shell around it.

mod cpu;
mod dispatch;
mod files;
mod function;
#[cfg(feature = "lambda")]
pub mod lambda;
mod metrics;
mod once;

pub use cpu::{Panicked, cpu};
pub use dispatch::{BatchFailure, Outcome, Shift, dispatch};
pub use files::Files;
pub use function::{Context, Failure, Function, parse_json};
pub use metrics::{Metrics, Unit};
pub use once::{Craft, Once};
