//! Benchmarks that anyone can repeat: `cargo xtask bench …`.

pub mod images;
