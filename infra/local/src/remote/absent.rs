//! `--aws` in a build that does not know AWS: one line that says how to get one that does.

use crate::commands::doctor::Check;
use crate::deployment::Deployment;
use anyhow::{Result, bail};

const ABSENT: &str = "this build does not know AWS; `cargo install --path infra/local --locked --features aws` makes \
                      one that does";

pub async fn open(_stack: &str) -> Result<Deployment> {
    bail!(ABSENT)
}

pub async fn check(_stack: &str) -> Result<Vec<Check>> {
    bail!(ABSENT)
}
