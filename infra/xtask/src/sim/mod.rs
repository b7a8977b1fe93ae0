//! `cargo xtask sim`: the real functions in a simulated world, under every fault at once.
//!
//! One thread, virtual time, one seed: the same seed gives the same run, event for event.

mod config;
mod counts;
mod exec;
mod mutants;
mod oracle;
mod queue;
mod rng;
mod run;
mod store;
mod twins;
mod workload;
mod world;

use anyhow::{Context, bail};
use config::{Config, Plant, Rates};
use counts::Counts;
use oracle::Verdict;
use rng::Rng;
use run::{Run, in_parallel, run};
use std::time::{Duration, Instant};

pub const USAGE: &str = "sim [--uploads N] [--seed S] [--verify-replay] [--no-sweep] [--plant BUG] [--watch TEXT] [--swarm SEEDS] [--mutants]";

/// Milliseconds within which every change has to settle: four sends with 15 minutes between them, and a sweep of the whole store
/// (every hour) for each of the two things that only it can find.
const SETTLED_WITHIN_MS: u64 = 3 * 60 * 60_000;

/// Parses the arguments and runs.
pub fn main(args: &[String]) -> anyhow::Result<()> {
    let mut config = Config::standard(10_000, 42);
    let (mut verify_replay, mut swarm, mut with_mutants, mut plant, mut with_sweep) = (false, None, false, None, true);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut number = || -> anyhow::Result<u64> {
            let text = args.next().with_context(|| format!("`{arg}` needs a number"))?;
            text.replace('_', "").parse().with_context(|| format!("`{text}` after `{arg}` is no number"))
        };
        match arg.as_str() {
            "--uploads" => config.uploads = number()?,
            "--seed" => config.seed = number()?,
            "--swarm" => swarm = Some(number()?),
            "--verify-replay" => verify_replay = true,
            "--no-sweep" => with_sweep = false,
            "--mutants" => with_mutants = true,
            "--watch" => config.watch = Some(args.next().context("`--watch` needs a part of a key")?.clone().leak()),
            "--plant" => plant = Some(Plant::parse(args.next().context("`--plant` needs the name of a bug")?)?),
            other => bail!("`{other}` is no option of `sim`; usage: cargo xtask {USAGE}"),
        }
    }
    if config.uploads == 0 {
        bail!("`--uploads 0` would prove nothing");
    }
    if with_mutants {
        return mutants::main(config.seed);
    }
    if !with_sweep {
        config = config.without_sweep();
    }
    if let Some(plant) = plant {
        config = config.planted(plant);
    }
    match swarm {
        Some(n_seeds) => run_swarm(config, n_seeds),
        None => run_one(config, verify_replay),
    }
}

fn run_one(config: Config, verify_replay: bool) -> anyhow::Result<()> {
    let begin = Instant::now();
    let one = run(config);
    report(&one, begin.elapsed());
    nothing_is_no_proof(&config, &one.counts)?;
    if verify_replay {
        let again = run(config);
        if again.trace != one.trace || again.counts != one.counts {
            bail!("the replay of seed {} went another way: {:016x} and {:016x}", config.seed, one.trace, again.trace);
        }
        println!("replay: the same {} events, trace {:016x}", again.counts.events, again.trace);
    }
    let Counts { uploads, .. } = one.counts;
    let Verdict { lost, double, regressions, stale, leftovers, .. } = one.verdict;
    println!(
        "sim: {uploads} uploads, seed {}: {lost} lost, {double} double effects, {regressions} version regressions, {stale} stale, \
         {leftovers} leftovers, trace {:016x}",
        config.seed, one.trace
    );
    if config.sweep && one.slowest.0 > SETTLED_WITHIN_MS {
        bail!(
            "`{}` took {} s to settle, {} s are allowed",
            one.slowest.1,
            one.slowest.0 / 1000,
            SETTLED_WITHIN_MS / 1000
        );
    }
    if one.verdict.is_clean() { Ok(()) } else { bail!("seed {} found violations, see above", config.seed) }
}

fn report(run: &Run, took: Duration) {
    let Counts { uploads, deletes, calls, events, invocations, computed, .. } = run.counts;
    println!(
        "did: {} worlds, {uploads} uploads, {deletes} deletions; {invocations} invocations, {calls} calls, {events} events",
        run.worlds
    );
    let c = &run.counts;
    println!(
        "met: {} duplicates, {} dropped, {} delayed, {} crashes, {} zombies, {} throttles, {} lost answers, {} poisoned, \
         {} corrupt files",
        c.duplicated, c.dropped, c.delayed, c.crashed, c.zombies, c.throttled, c.lost_acks, c.poisoned, c.corrupt
    );
    println!(
        "saw: {} dead letters, {} rejected, {} found missing, {} sweeps, {} conflicts, {} second creations prevented, \
         {} written late for a deleted life",
        c.dead_letters, c.rejected, c.reconciled, c.sweeps, c.conflicts, c.prevented, c.late_writes
    );
    let v = &run.verdict;
    println!(
        "end: {} ready, {} refused, {} given up, {} deleted; {computed} computations",
        v.ready, v.refused, v.gave_up, v.deleted
    );
    let at = |per_10k: usize| {
        let index = run.settled_after_ms.len().saturating_sub(1) * per_10k / 10_000;
        run.settled_after_ms.get(index).map_or(0.0, |ms| *ms as f64 / 1000.0)
    };
    println!(
        "settled after (virtual): median {:.1} s, 99 % {:.1} s, 99.9 % {:.1} s, all {:.1} s ({})",
        at(5000),
        at(9900),
        at(9990),
        at(10_000),
        run.slowest.1
    );
    println!("took {:.1} s for {:.1} virtual hours", took.as_secs_f64(), run.virtual_ms as f64 / 3_600_000.0);
    for finding in &run.verdict.findings {
        println!("found: {finding}");
    }
}

/// A run in which nothing went wrong on purpose proves nothing.
fn nothing_is_no_proof(config: &Config, counts: &Counts) -> anyhow::Result<()> {
    if config.uploads < 1000 {
        return Ok(());
    }
    let rates = config.rates;
    for (rate, count, fault) in [
        (rates.duplicate, counts.duplicated, "duplicates"),
        (rates.drop, counts.dropped, "drops"),
        (rates.delay, counts.delayed, "delays"),
        (rates.crash, counts.crashed, "crashes"),
        (rates.zombie, counts.zombies, "zombies"),
        (rates.throttle, counts.throttled, "throttles"),
        (rates.lost_ack, counts.lost_acks, "lost answers"),
        (rates.poison, counts.poisoned + counts.corrupt, "poison"),
    ] {
        if rate > 0 && count == 0 {
            bail!("there were no {fault}: this run proves nothing about them");
        }
    }
    Ok(())
}

/// Many short runs, each with fault rates of its own.
fn run_swarm(mut config: Config, n_seeds: u64) -> anyhow::Result<()> {
    let begin = Instant::now();
    config.uploads = config.uploads.min(200);
    let runs = in_parallel(n_seeds, |index| {
        let seed = config.seed + index;
        run(Config { seed, rates: Rates::swarm(&mut Rng::new(seed ^ 0x5EED)), ..config })
    });
    for (seed, one) in (config.seed..).zip(&runs) {
        if !one.verdict.is_clean() {
            report(one, begin.elapsed());
            bail!("seed {seed} found violations: repeat it with `cargo xtask sim --swarm 1 --seed {seed}`");
        }
    }
    let uploads: u64 = runs.iter().map(|one| one.counts.uploads).sum();
    let faults: u64 = runs.iter().map(|one| one.counts.faults()).sum();
    if faults == 0 {
        bail!("no fault was applied: this swarm proves nothing");
    }
    let took = begin.elapsed().as_secs_f64();
    println!(
        "swarm: {n_seeds} seeds from {}, {uploads} uploads, {faults} faults: 0 violations in {took:.1} s",
        config.seed
    );
    Ok(())
}
