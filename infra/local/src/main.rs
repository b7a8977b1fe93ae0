//! Skim `cli.rs` for the commands; each has a file of its own below `commands/`.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    greenroom::cli::Cli::parse().run()
}
