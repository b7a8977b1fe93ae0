//! `greenroom doctor`: what this machine and its data folder need, or a stack and its account; each with the way out.

use crate::deployment::Target;
use crate::node::Node;
use crate::remote;
use crate::settings::{SettingArgs, Settings};
use anyhow::Result;
use asset::image::{Encoding, Framing, Limits, OutputFormat, RenderSpec};
use models::Usage;
use models::book::Lifetime;
use ports::Queue;
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::ExitCode;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct Check {
    pub name: &'static str,
    /// `None` if it could not be told.
    pub ok: Option<bool>,
    pub found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way_out: Option<String>,
}

/// Runs every check. Fails if one does.
pub async fn doctor(target: Target, json: bool) -> Result<ExitCode> {
    let checks = match target {
        Target::Here(settings) => check_machine(*settings).await,
        Target::Stack(name) => remote::check(&name).await?,
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&checks)?);
    } else {
        checks.iter().for_each(print);
    }
    Ok(if checks.iter().any(|check| check.ok == Some(false)) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn print(check: &Check) {
    let mark = match check.ok {
        Some(true) => "ok",
        Some(false) => "FAIL",
        None => "?",
    };
    println!("{mark:<4} {:<10} {}", check.name, check.found);
    if let Some(way_out) = &check.way_out {
        println!("                → {way_out}");
    }
}

async fn check_machine(args: SettingArgs) -> Vec<Check> {
    let mut checks = Vec::new();
    let settings = args.resolve();
    match settings {
        Ok(settings) => {
            note(&mut checks, "settings", Ok(format!("data {}", settings.data.display())), "");
            note(&mut checks, "profile", Ok(describe_profile(&settings)), "");
            inspect_node(settings, &mut checks).await;
        }
        Err(error) => note(&mut checks, "settings", Err(format!("{error:#}")), "mend the named file, flag or variable"),
    }
    note(
        &mut checks,
        "pictures",
        render_each_format(),
        "this build is broken: build it again, and report it if that does not help",
    );
    checks
}

/// Notes what was found, or what is wrong and the way out.
pub fn note(checks: &mut Vec<Check>, name: &'static str, found: Result<String, String>, way_out: impl Into<String>) {
    checks.push(match found {
        Ok(found) => Check { name, ok: Some(true), found, way_out: None },
        Err(found) => Check { name, ok: Some(false), found, way_out: Some(way_out.into()) },
    });
}

/// Without ffmpeg only recordings are refused, so its absence is a fault only where the profile asks for something of them.
fn describe_ffmpeg(node: &Node) -> Result<String, String> {
    match node.tools().as_ref() {
        Ok(tools) => Ok(tools.version().to_owned()),
        Err(refusal) if node.settings.profile.collections.iter().any(|collection| collection.recordings.is_some()) => {
            Err(refusal.found.clone())
        }
        Err(refusal) => Ok(format!("{}; the profile asks for no recordings", refusal.found)),
    }
}

fn describe_profile(settings: &Settings) -> String {
    let names: Vec<&str> = settings.profile.collections.iter().map(|collection| collection.name.as_str()).collect();
    format!("{}: collections {}", settings.profile_name, names.join(", "))
}

async fn inspect_node(settings: Settings, checks: &mut Vec<Check>) {
    let ports = [("console", settings.console), ("s3", settings.s3)];
    let node = match Node::open(settings) {
        Ok(node) => node,
        Err(error) => {
            note(checks, "data", Err(format!("{error:#}")), "choose a folder that you can write to with `--data DIR`");
            return;
        }
    };
    note(checks, "data", Ok("folders and databases open".to_owned()), "");
    let is_running = match node.lock() {
        Ok(lock) => lock.is_none(),
        Err(error) => {
            note(checks, "host", Err(format!("{error:#}")), "choose a data folder on a file system with locks");
            return;
        }
    };
    let state = if is_running { "a host is running" } else { "no host is running; `greenroom up` starts one" };
    note(checks, "host", Ok(state.to_owned()), "");
    for (name, address) in ports.into_iter().filter(|_| !is_running) {
        let found = TcpListener::bind(address)
            .map(|_| format!("{address} is free"))
            .map_err(|error| format!("{address}: {error}"));
        note(checks, name, found, "stop what listens there or choose another address");
    }
    note(
        checks,
        "models",
        describe_models(&node),
        "mend the named line of models.toml or of the profile; `greenroom up --help` says where they are",
    );
    note(
        checks,
        "ffmpeg",
        describe_ffmpeg(&node),
        "install ffmpeg (on Debian: `apt install ffmpeg`), or say where it is with `--ffmpeg` and `--ffprobe`",
    );
    note(checks, "own models", describe_own_models(&node).await, "`greenroom models ls` shows what there is");
    for (name, queue) in node.queues_by_name() {
        let found = match queue.depth().await {
            Ok(depth) if depth.dead == 0 => Ok(format!("{} waiting, no dead letters", depth.visible)),
            Ok(depth) => Err(format!("{} dead letters", depth.dead)),
            Err(error) => Err(error.to_string()),
        };
        note(checks, name, found, "`greenroom status` shows them, `greenroom redrive` delivers them again");
    }
}

/// Says whether whoever is to write texts, and to map them, can be asked and may be paid. Asks nobody: that would cost.
fn describe_models(node: &Node) -> Result<String, String> {
    let profile = &node.settings.profile;
    let mut found = Vec::new();
    if profile.collections.iter().all(|collection| collection.texts.is_empty()) {
        found.push("the profile asks for no texts".to_owned());
    } else {
        let asked = profile.collections.iter().flat_map(|collection| &collection.texts).map(|text| text.field);
        let mut names = BTreeSet::new();
        for field in BTreeSet::from_iter(asked) {
            let words = field.words();
            let nobody = || format!("the profile asks for {words}, and names no model for it in `[models]`");
            names.insert(profile.models.of(field).ok_or_else(nobody)?);
        }
        for name in names {
            found.push(format!("texts by {}", describe_model(node, name, Role::Writes)?));
        }
    }
    if let Some(name) = &profile.models.embedding {
        found.push(format!("search by meaning with {}", describe_model(node, name, Role::Maps)?));
    }
    Ok(found.join("; "))
}

enum Role {
    Writes,
    Maps,
}

fn describe_model(node: &Node, name: &str, role: Role) -> Result<String, String> {
    let book = &node.settings.book;
    let models = node.models().map_err(|error| format!("{error:#}"))?;
    match role {
        Role::Writes => models.text(name).map(drop),
        Role::Maps => models.embedder(name).map(drop),
    }
    .map_err(|error| error.to_string())?;
    let ids = book.route(name).map_or_else(|| vec![name.to_owned()], |route| route.models.clone());
    let now = jiff::Timestamp::from_millisecond(node.clock.now_ms() as i64).map_err(|error| error.to_string())?;
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut found = Vec::new();
    for model in ids.iter().filter_map(|id| book.model(id)) {
        if model.cost(Usage::default()).is_none() {
            return Err(format!("`{}` has no price, so nothing may be spent on it", model.id));
        }
        found.push(match model.lifetime(today) {
            Lifetime::Fine => format!("`{}`", model.id),
            Lifetime::Ending { date, days } => format!("`{}`, which ends in {days} days, on {date}", model.id),
            Lifetime::Over { date } => return Err(format!("`{}` ended on {date}", model.id)),
        });
    }
    Ok(found.join(", then "))
}

/// Says which models are installed on this machine, and whether a server of them, started for this check, answers.
async fn describe_own_models(node: &Node) -> Result<String, String> {
    let local = &node.settings.local_models;
    let names = local.installed.join(", ");
    let served = local.serve().await.map_err(|error| format!("{names}: {error:#}"))?;
    let Some((server, _)) = served else { return Ok("none installed; `greenroom models pull` does".to_owned()) };
    let url = server.url.replace("/v1", "/health");
    let answered = tokio::task::spawn_blocking(move || ureq::get(&url).call().map(drop)).await;
    server.stop().await;
    match answered {
        Ok(Ok(())) => Ok(format!("{names}: the server answers")),
        Ok(Err(error)) => Err(format!("{names}: the server does not answer: {error}")),
        Err(error) => Err(format!("{names}: {error}")),
    }
}

/// Renders one tiny picture into every format: encoders and decoders of this build work.
fn render_each_format() -> Result<String, String> {
    let svg = br##"<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><rect width="32" height="32" fill="#2a7"/></svg>"##;
    let formats = [OutputFormat::Avif, OutputFormat::Webp, OutputFormat::Jpeg];
    let spec = RenderSpec {
        framing: Framing::Whole,
        widths: vec![16],
        encodings: formats.iter().map(|format| Encoding { format: *format, quality: 60, effort: 4 }).collect(),
        color: asset::image::ColorPolicy::Srgb,
    };
    let renditions = media::render(svg, &spec, &Limits::default()).map_err(|refusal| refusal.to_string())?;
    match renditions.len() {
        3 => Ok("svg in; avif, webp and jpeg out".to_owned()),
        n => Err(format!("{n} of 3 formats were written")),
    }
}
