//! Prompts, held to their word: the format's own cases, identity, input, our prompts.

mod spec;
