//! `cargo xtask test`: all there is to check, in the order in which it fails fastest, and one closing line.

use crate::{package, setup};
use anyhow::{Context, bail};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
}

pub fn main() -> anyhow::Result<()> {
    // Asked now: the tests build this program anew, and then the system knows the running one under another name.
    let myself = std::env::current_exe().context("this program has no path")?;
    setup::main()?;
    let xtask = |arguments: &[&str]| {
        let mut command = Command::new(&myself);
        command.args(arguments).stdin(Stdio::null());
        command
    };
    let mut tally = Tally::default();
    tally.check("format", cargo(&["fmt", "--all", "--check"]));
    let features = package::features();
    let lints =
        ["clippy", "--release", "--workspace", "--all-targets", "--features", &features, "--", "-D", "warnings"];
    tally.check("lints", cargo(&lints));
    tally.tests(cargo(&["test", "--release", "--workspace", "--features", &features, "--no-fail-fast"]))?;
    tally.check("infra", xtask(&["infra"]));
    tally.check("drive", xtask(&["drive"]));
    tally.check("simulation", xtask(&["sim", "--uploads", "100000", "--seed", "42"]));
    tally.check("planted bugs", xtask(&["sim", "--mutants"]));
    tally.check("kills", xtask(&["crash", "--kills", "50"]));
    println!("\n{} passed, {} failed", tally.passed, tally.failed);
    if tally.failed == 0 && tally.passed > 0 { Ok(()) } else { bail!("{} failed", tally.failed) }
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(setup::workspace()).stdin(Stdio::null());
    command
}

impl Tally {
    /// Runs a check that passes or fails as a whole.
    fn check(&mut self, name: &str, mut command: Command) {
        println!("\n--- {name}");
        let begin = Instant::now();
        let is_ok = command.status().is_ok_and(|status| status.success());
        *(if is_ok { &mut self.passed } else { &mut self.failed }) += 1;
        println!("{name} ... {} ({:.0} s)", if is_ok { "ok" } else { "FAILED" }, begin.elapsed().as_secs_f64());
    }

    /// Runs the test suites and adds up what each of them says at its end.
    fn tests(&mut self, mut command: Command) -> anyhow::Result<()> {
        println!("\n--- tests");
        let mut child = command.stdout(Stdio::piped()).spawn().context("failed to start cargo test")?;
        let mut n_failed = 0;
        for line in BufReader::new(child.stdout.take().context("cargo test has no output")?).lines() {
            let line = line.context("failed to read from cargo test")?;
            println!("{line}");
            if let Some((passed, failed)) = summary(&line) {
                self.passed += passed;
                n_failed += failed;
            }
        }
        // A suite that does not compile, or is killed, counts no test of its own.
        let is_ok = child.wait().context("cargo test was lost")?.success();
        self.failed += if is_ok { n_failed } else { n_failed.max(1) };
        Ok(())
    }
}

/// Reads `test result: ok. 15 passed; 0 failed; …`.
fn summary(line: &str) -> Option<(u64, u64)> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let of = |what: &str| counts.split("; ").find_map(|part| part.strip_suffix(what)?.trim().parse().ok());
    Some((of(" passed")?, of(" failed")?))
}

#[cfg(test)]
mod tests {
    use super::summary;

    #[test]
    fn summaries_are_read() {
        let line = "test result: FAILED. 14 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.18s";
        assert_eq!(summary(line), Some((14, 1)));
        assert_eq!(summary("test a ... ok"), None);
    }
}
