//! `cargo xtask crash`: `kill -9` the host at random while files are uploaded; what was acknowledged must be there.

use crate::host::{Place, tiny_png};
use anyhow::{Context, bail};
use asset::ids::Sha256;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const UPLOADERS: u64 = 2;

/// What one uploader did to one key.
#[derive(Default)]
struct History {
    /// SHA-256 of the last bytes that were acknowledged.
    acknowledged: Option<String>,
    /// Of those tried since: they may or may not have arrived.
    tried: Vec<String>,
}

pub fn main(args: &[String]) -> anyhow::Result<()> {
    let (mut n_kills, mut seed) = (20u64, 42u64);
    for pair in args.chunks(2) {
        let number =
            || pair.get(1).and_then(|text| text.parse().ok()).with_context(|| format!("`{}` needs a number", pair[0]));
        match pair[0].as_str() {
            "--kills" => n_kills = number()?,
            "--seed" => seed = number()?,
            other => bail!("`{other}` is no option of `crash`; usage: cargo xtask crash [--kills N] [--seed S]"),
        }
    }
    let place = Place::new("crash", 5)?;
    let is_over = AtomicBool::new(false);
    let (histories, slowest) = thread::scope(|scope| {
        let (place, is_over) = (&place, &is_over);
        let uploaders: Vec<_> =
            (0..UPLOADERS).map(|one| scope.spawn(move || upload(place, one, seed, is_over))).collect();
        let slowest = kill(place, n_kills, seed);
        is_over.store(true, Ordering::Relaxed);
        let mut histories = BTreeMap::new();
        for uploader in uploaders {
            histories.extend(uploader.join().map_err(|_| anyhow::anyhow!("an uploader panicked"))??);
        }
        anyhow::Ok((histories, slowest?))
    })?;
    let (mut host, _) = place.start()?;
    settle(&place)?;
    let lost = compare(&place, &histories)?;
    host.stop()?;
    let (report, is_sound) = place.ask(&["verify"])?;
    let problems = report["problems"].as_array().map_or(0, Vec::len);
    let n_acknowledged = histories.values().filter(|history| history.acknowledged.is_some()).count();
    if n_acknowledged == 0 {
        bail!("nothing was acknowledged: this run proves nothing");
    }
    for problem in report["problems"].as_array().into_iter().flatten().take(10) {
        println!("problem: {problem}");
    }
    println!(
        "crash: {n_kills} kills, {n_acknowledged} keys acknowledged, {} outputs checked: {lost} lost, {problems} problems; \
         slowest restart {:.2} s",
        report["outputs"],
        slowest.as_secs_f64()
    );
    if lost == 0 && is_sound { Ok(()) } else { bail!("see `{}`", place.data.display()) }
}

fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Starts and kills hosts. Returns the slowest start.
fn kill(place: &Place, n_kills: u64, mut seed: u64) -> anyhow::Result<Duration> {
    let mut slowest = Duration::ZERO;
    for _ in 0..n_kills {
        let (mut host, took) = place.start()?;
        slowest = slowest.max(took);
        thread::sleep(Duration::from_millis(20 + random(&mut seed) % 1000));
        host.kill()?;
    }
    Ok(slowest)
}

/// Uploads until it is over; the keys are this uploader's own, so it knows their order.
fn upload(place: &Place, one: u64, seed: u64, is_over: &AtomicBool) -> anyhow::Result<HashMap<String, History>> {
    let mut state = seed ^ (one + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut histories: HashMap<String, History> = HashMap::new();
    let body = place.data.join(format!("upload-{one}.png"));
    let mut n_keys = 0;
    while !is_over.load(Ordering::Relaxed) {
        let is_overwrite = n_keys > 0 && random(&mut state).is_multiple_of(5);
        let number = if is_overwrite { random(&mut state) % n_keys } else { n_keys };
        n_keys = n_keys.max(number + 1);
        let key = format!("{one}/{number}.png");
        let bytes = tiny_png(random(&mut state) << 24 | random(&mut state))?;
        let sha256 = Sha256::of(&bytes).to_string();
        fs::write(&body, bytes)?;
        let history = histories.entry(key.clone()).or_default();
        if place.upload(&key, &body)? {
            *history = History { acknowledged: Some(sha256), tried: Vec::new() };
        } else {
            history.tried.push(sha256);
            thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(histories)
}

fn settle(place: &Place) -> anyhow::Result<()> {
    let begin = Instant::now();
    let mut n_quiet = 0;
    while n_quiet < 3 {
        if begin.elapsed() > Duration::from_secs(600) {
            bail!("not everything settled within 10 minutes");
        }
        thread::sleep(Duration::from_millis(500));
        let (status, _) = place.ask(&["status"])?;
        let of = |queue: &serde_json::Value| {
            ["visible", "in_flight", "delayed"].iter().map(|name| queue[*name].as_u64().unwrap_or(0)).sum::<u64>()
        };
        let n_waiting: u64 = status["queues"].as_array().into_iter().flatten().map(of).sum();
        let is_quiet = n_waiting == 0 && status["assets"]["processing"] == 0;
        n_quiet = if is_quiet { n_quiet + 1 } else { 0 };
    }
    Ok(())
}

/// Returns how many keys hold neither their last acknowledged bytes nor later ones, ready.
fn compare(place: &Place, histories: &BTreeMap<String, History>) -> anyhow::Result<usize> {
    let (rows, _) = place.ask(&["ls"])?;
    let rows: HashMap<&str, &serde_json::Value> =
        rows.as_array().into_iter().flatten().filter_map(|row| Some((row["key"].as_str()?, row))).collect();
    let mut n_lost = 0;
    for (key, history) in histories {
        let Some(acknowledged) = &history.acknowledged else { continue };
        let row = rows.get(key.as_str());
        let version = row.and_then(|row| row["version"].as_str());
        let is_known = version
            .is_some_and(|version| version == acknowledged || history.tried.iter().any(|tried| tried == version));
        if !is_known || row.is_none_or(|row| row["state"] != "ready") {
            n_lost += 1;
            println!("lost: `{key}` was acknowledged as {acknowledged}, and is {row:?}");
        }
    }
    Ok(n_lost)
}
