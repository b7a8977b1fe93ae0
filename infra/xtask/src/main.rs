//! What a developer of Greenroom runs: tests, simulations, benchmarks. `cargo xtask` without arguments lists it.

mod arm64;
mod bench;
mod crash;
mod drive;
mod host;
mod infra;
mod package;
mod setup;
mod sim;
mod test;

use anyhow::bail;
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask setup
            installs what the tests need: apt packages (as root or by sudo), the rest below target/tools
cargo xtask test
            setup, format, lints, every test, the template, the stack driven on an emulator, the simulation and its planted bugs
cargo xtask sim [--uploads N] [--seed S] [--verify-replay] [--no-sweep] [--plant BUG] [--watch TEXT] [--swarm SEEDS] [--mutants]
            the real functions in a simulated world, under every fault at once
cargo xtask crash [--kills N] [--seed S]
            kills the host at random while files are uploaded
cargo xtask infra
            the AWS template: expanded, linted, its policies and rules checked, faults planted in it; no AWS needed
cargo xtask package [--arch arm64|x86_64] [--profile FILE] [--models FILE]
            one zip per function below target/lambda: for arm64, which the template asks for, on any machine
cargo xtask drive [--arch arm64]
            the stack with the packaged functions on an emulator, driven as users do; those for arm64 under qemu
cargo xtask bench coldstart
            from the start of each function to its first request for work, beside Node and Python
cargo xtask bench images
            against sharp, at equal quality
cargo xtask bench pipeline [--assets N]
            what the pipeline costs beside the pictures, from 1,000 assets on
cargo xtask bench speech [--runs N]
            real speech written down on this machine, beside faster-whisper with the same weights
cargo xtask bench video [--film FILE]
            poster, storyboard and sound of ten minutes, beside plain ffmpeg";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> anyhow::Result<()> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help" | "--help" | "-h", ..] => {
            println!("{USAGE}");
            Ok(())
        }
        ["setup"] => setup::main(),
        ["test"] => test::main(),
        ["infra"] => infra::main(),
        ["package", ..] => package::main(&args[1..]),
        ["drive", ..] => drive::main(&args[1..]),
        ["sim", ..] => sim::main(&args[1..]),
        ["crash", ..] => crash::main(&args[1..]),
        ["bench", "coldstart"] => bench::coldstart::run(),
        ["bench", "images", ..] => bench::images::run(&args[2..]),
        ["bench", "video", ..] => bench::video::run(&args[2..]),
        ["bench", "pipeline", ..] => bench::pipeline::run(&args[2..]),
        ["bench", "speech", ..] => bench::speech::run(&args[2..]),
        _ => bail!("`{}` is no task\n\n{USAGE}", args.join(" ")),
    }
}
