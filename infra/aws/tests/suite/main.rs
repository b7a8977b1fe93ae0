//! The template against its rules, the rules against planted faults, and `calls.json` against the code.

mod clean;
mod code;
mod faults;
mod planted;
mod removals;
mod template;
