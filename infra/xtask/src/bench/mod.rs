//! Benchmarks that anyone can repeat: `cargo xtask bench …`.

pub mod images;
pub mod pipeline;
