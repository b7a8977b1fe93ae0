//! A whole pipeline on services of one's choice: the real functions, a real queue protocol, and a fault wherever a test wants one.

pub mod faults;
pub mod pipeline;
pub mod story;
