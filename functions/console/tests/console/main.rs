//! The console as a stranger, a browser and a tool meet it.

mod access;
mod life;
mod pages;
mod search;
mod texts;
mod words;
mod world;
