//! A whole pipeline on memory twins: the real functions, a real queue protocol, and a fault wherever a test wants one.

pub mod faults;
pub mod pipeline;
