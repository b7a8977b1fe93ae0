//! Models that run on one machine: which there are and where they come from ([`manifest`]), how they are installed ([`install`]) and
//! found again ([`folder`]), and the server that runs them ([`serve`], behind the feature of that name).
//!
//! Functions link none of this. They talk to an OpenAI-compatible server; `greenroom-models` is one.

pub mod convert;
pub mod folder;
pub mod install;
pub mod manifest;
#[cfg(feature = "serve")]
pub mod serve;
