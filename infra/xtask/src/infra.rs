//! `cargo xtask infra`: what runs on AWS, checked without AWS. Fastest first: expansion, linter, policies, our rules and their faults.

use crate::setup;
use anyhow::{Context, bail};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

pub fn main() -> anyhow::Result<()> {
    let begin = Instant::now();
    let workspace = setup::workspace();
    let venv = workspace.join("target/tools/venv");
    setup::pip(&venv)?;
    let bin = venv.join("bin");
    let (folder, stack) = (workspace.join("infra/aws"), workspace.join("target/infra/stack.json"));
    let python = |script: &str| {
        let mut command = Command::new(bin.join("python"));
        command.arg(folder.join(script)).arg(&stack);
        command
    };
    let resources = output(&mut python("expand.py"))?;
    println!("expanded: {resources}");
    for template in [folder.join("template.yaml"), stack.clone()] {
        lint(&bin, &template)?;
    }
    let policies = output(&mut python("audit.py"))?;
    println!("parliament: {policies}");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["test", "--release", "-p", "stack", "--", "--nocapture", "--test-threads", "1"];
    let tests = output(Command::new(cargo).args(arguments).current_dir(&workspace))?;
    let said = |what: &str| tests.lines().find_map(|line| Some(&line[line.find(what)?..])).unwrap_or_default();
    let counted = |what: &str| {
        let line = tests.lines().find(|line| line.contains(what)).and_then(|line| line.rsplit("... ").next());
        line.with_context(|| format!("the tests did not say `{what}`"))
    };
    let (planted, removed) = (counted(" planted, ")?, counted(" pieces taken away, ")?);
    println!("{}", said("functions with a main"));
    println!(
        "\ninfra: {resources}; linted twice; {policies}; {planted}; {removed}; {} ({:.0} s)",
        said("idle: "),
        begin.elapsed().as_secs_f64()
    );
    Ok(())
}

fn lint(bin: &Path, template: &Path) -> anyhow::Result<()> {
    output(Command::new(bin.join("cfn-lint")).arg("--non-zero-exit-code").arg("informational").arg(template))?;
    println!("cfn-lint: nothing to say about `{}`", template.file_name().unwrap_or_default().display());
    Ok(())
}

/// Runs a command and returns what it printed; shows it if the command fails.
fn output(command: &mut Command) -> anyhow::Result<String> {
    let words = format!("{command:?}");
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("failed to start {words}"))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() {
        bail!("{words} ended with {}\n{text}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(text)
}
