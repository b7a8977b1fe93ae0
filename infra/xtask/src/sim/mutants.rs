//! Does the simulator notice? Each planted bug has to be caught.

use super::config::{Config, Plant};
use super::run::{in_parallel, run};
use anyhow::bail;

const N_SEEDS: u64 = 20;
const UPLOADS: u64 = 400;

/// Runs every planted bug, with the sweep and without it; fails if one survives where it must not.
pub fn main(seed: u64) -> anyhow::Result<()> {
    println!("{:<16} {:>16} {:>16}", "planted bug", "with sweep", "without sweep");
    let clean = [caught(None, seed, true), caught(None, seed, false)];
    println!("{:<16} {:>13}/{N_SEEDS} {:>13}/{N_SEEDS}", "none", clean[0], clean[1]);
    if clean != [0, 0] {
        bail!("the simulator finds bugs where none is planted");
    }
    let mut survivors = Vec::new();
    for plant in Plant::ALL {
        let with_sweep = caught(Some(plant), seed, true);
        let without = caught(Some(plant), seed, false);
        // Without drops there is nothing that only a sweep could find.
        let (is_caught, without) = match plant {
            Plant::NoSweep => (with_sweep > 0, "-".to_owned()),
            _ => (without > 0, format!("{without}/{N_SEEDS}")),
        };
        println!("{:<16} {with_sweep:>13}/{N_SEEDS} {without:>16}", plant.name());
        if !is_caught {
            survivors.push(plant.name());
        }
    }
    if !survivors.is_empty() {
        bail!("planted and not caught: {}", survivors.join(", "));
    }
    println!(
        "mutants: {} planted, {} caught, {N_SEEDS} seeds of {UPLOADS} uploads each",
        Plant::ALL.len(),
        Plant::ALL.len()
    );
    Ok(())
}

/// Returns in how many of the seeds the bug shows.
fn caught(plant: Option<Plant>, first: u64, sweep: bool) -> u64 {
    let is_caught = |index: u64| {
        let mut config = Config::standard(UPLOADS, first + index);
        if !sweep {
            config = config.without_sweep();
        }
        if let Some(plant) = plant {
            config = config.planted(plant);
        }
        !run(config).verdict.is_clean()
    };
    in_parallel(N_SEEDS, is_caught).into_iter().filter(|is_caught| *is_caught).count() as u64
}
