//! Benchmarks that anyone can repeat: `cargo xtask bench …`.

pub mod coldstart;
pub mod images;
pub mod pipeline;
pub mod speech;
pub mod video;
