//! The pure core, held to its word: events, profiles, the fold, task ids, settling, the snippet.

mod canary;
mod embedding;
mod events;
mod fold;
mod make;
mod picture;
mod profile;
mod recordings;
mod samples;
mod schemas;
mod settle;
mod task_ids;
mod texts;
