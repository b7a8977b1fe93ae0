//! The console as a stranger, a browser and a tool meet it.

mod access;
mod pages;
mod words;
mod world;
