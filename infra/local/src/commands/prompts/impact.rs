//! `greenroom prompts diff --impact`: what a changed prompt would write anew, what it would leave alone, and what that may cost.
//!
//! Counted by the very derivation that `settle` does, on the manifests as they are: what is printed is what would be sent.

use super::{compared, shelf};
use crate::commands::ls;
use crate::deployment::{Deployment, Home, read_manifest};
use crate::settings::SettingArgs;
use crate::table::table;
use anyhow::{Context, Result, bail, ensure};
use asset::canary::{PromptChoice, Share};
use asset::field::{Field, WriteSpec};
use asset::image::ImageProbe;
use asset::impact::{Fate, Touched, impact as touched};
use asset::manifest::Manifest;
use asset::profile::Profile;
use asset::task::Job;
use asset::why::words::visible;
use futures::stream::{StreamExt, iter};
use models::book::Book;
use models::{Image, ImageFormat, MicroUsd, Parameters, Part, Request, Schema};
use ports::CatalogQuery;
use prompts::{Data, Prompt, Role};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;

/// Manifests that are read at the same time: those of a stack are far away.
const N_PARALLEL: usize = 16;

/// The longest edge of what a model is shown, as `caption` makes it.
const LONG_EDGE: u32 = 1024;

/// The texts of one collection in one locale.
#[derive(Debug, Default, Serialize)]
struct Counts {
    /// Written anew by a model.
    remade: u64,
    /// Left alone: a person's words are in force.
    human: u64,
    /// Left alone: what this very prompt wrote is there.
    settled: u64,
    /// Of those written anew, those that a canary would write first.
    canary: u64,
}

#[derive(Debug, Default)]
struct Report {
    rows: BTreeMap<(String, String), Counts>,
    all: Counts,
    n_assets: u64,
    /// Derived under another profile than the present one: the next sweep looks at them whatever happens here.
    n_outdated: u64,
    /// At most; of those that it is known for.
    forecast: MicroUsd,
    canary_forecast: MicroUsd,
    no_forecast: BTreeSet<String>,
    /// What the words that go did cost.
    paid: MicroUsd,
}

/// The profile as it is and as it would be.
struct Choices {
    now: Profile,
    promoted: Profile,
    canary: Profile,
}

pub async fn impact(
    deployment: &Deployment,
    settings: &SettingArgs,
    changed: &Prompt,
    share: Share,
    json: bool,
) -> Result<ExitCode> {
    let is_stack = matches!(deployment.home, Home::Stack(_));
    ensure!(!is_stack || settings.profile.is_some(), "`--profile FILE` says which profile the stack was packed with");
    let settings = settings.resolve()?;
    let id = changed.id();
    let Some(field) = Field::parse(id) else { bail!("no profile asks for what the prompt `{}` writes", visible(id)) };
    let shelf = shelf(Some(deployment));
    let diff = compared(&shelf, changed).await?;
    let now = shelf.complete(&Arc::new(settings.profile)).await?;
    let present = now.prompts.get(&field).with_context(|| format!("the profile asks for no {}", field.words()))?;
    let with = |choice: PromptChoice| {
        let others = now.prompts.clone().into_iter().filter(|(other, _)| *other != field);
        Profile::clone(&now).with_prompts(others.chain([(field, choice)]))
    };
    let promoted = PromptChoice::from(changed.reference());
    let promoted = match present.canary.clone() {
        Some(canary) => promoted.with_canary(canary.prompt, canary.share),
        None => promoted,
    };
    let canary = PromptChoice::from(present.production.clone()).with_canary(changed.reference(), share);
    let choices = Choices { now: Profile::clone(&now), promoted: with(promoted), canary: with(canary) };
    let report = count(deployment, field, &choices, changed, &settings.book).await?;
    match json {
        true => println!("{}", serde_json::to_string_pretty(&json!({ "diff": diff, "impact": report.json(share) }))?),
        false => print!("{diff}\n{}", report.text(field, share)),
    }
    Ok(ExitCode::SUCCESS)
}

async fn count(
    deployment: &Deployment,
    field: Field,
    choices: &Choices,
    changed: &Prompt,
    book: &Book,
) -> Result<Report> {
    let entries = ls::entries(deployment, CatalogQuery::default()).await?;
    let reads = entries.iter().map(|entry| read_manifest(deployment.store.as_ref(), &entry.asset));
    let mut manifests = iter(reads.collect::<Vec<_>>()).buffered(N_PARALLEL);
    let (mut report, digest) = (Report::default(), choices.now.digest());
    while let Some(manifest) = manifests.next().await {
        let Some(manifest) = manifest? else { continue };
        report.n_outdated += u64::from(manifest.readiness.profile != digest);
        let texts = touched(&manifest, field, &choices.now, &choices.promoted);
        let canary = touched(&manifest, field, &choices.now, &choices.canary);
        report.n_assets += u64::from(!texts.is_empty());
        for text in texts {
            let is_first = canary.iter().any(|first| first.locale == text.locale && is_written_by(first, changed));
            report.add(&manifest, text, is_first, changed, book);
        }
    }
    Ok(report)
}

/// Where a canary takes the place of another one, the other one's assets go back to production.
fn is_written_by(text: &Touched, prompt: &Prompt) -> bool {
    let Fate::Remade(task) = &text.fate else { return false };
    matches!(&task.job, Job::Write(spec) if spec.prompt.hash == *prompt.hash())
}

impl Report {
    fn add(&mut self, manifest: &Manifest, text: Touched, is_first: bool, changed: &Prompt, book: &Book) {
        let row = self.rows.entry((text.collection, text.locale)).or_default();
        let task = match text.fate {
            Fate::Remade(task) => task,
            Fate::Human => {
                (row.human, self.all.human) = (row.human + 1, self.all.human + 1);
                return;
            }
            Fate::Settled => {
                (row.settled, self.all.settled) = (row.settled + 1, self.all.settled + 1);
                return;
            }
        };
        (row.remade, self.all.remade) = (row.remade + 1, self.all.remade + 1);
        row.canary += u64::from(is_first);
        self.all.canary += u64::from(is_first);
        self.paid = self.paid.plus(text.written.map(|written| written.provenance.cost).unwrap_or_default());
        let (Job::Write(spec), Some(probe)) = (&task.job, &manifest.readiness.probe) else { return };
        match forecast(book, changed, spec, probe) {
            Ok(cost) => {
                self.forecast = self.forecast.plus(cost);
                if is_first {
                    self.canary_forecast = self.canary_forecast.plus(cost);
                }
            }
            Err(error) => drop(self.no_forecast.insert(format!("{error:#}"))),
        }
    }

    fn json(&self, share: Share) -> Value {
        let row = |((collection, locale), counts): (&(String, String), &Counts)| {
            let mut row = json!(counts);
            row["collection"] = json!(collection);
            row["locale"] = json!(locale);
            row
        };
        // Where one price is missing, the sum of the others is no forecast.
        let known = |cost: MicroUsd| self.no_forecast.is_empty().then_some(cost);
        json!({
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "all": self.all, "assets": self.n_assets, "outdated_assets": self.n_outdated,
            "forecast_micro_usd": known(self.forecast), "no_forecast": self.no_forecast,
            "paid_before_micro_usd": self.paid,
            "canary": { "share": share, "remade": self.all.canary, "forecast_micro_usd": known(self.canary_forecast) },
        })
    }

    fn text(&self, field: Field, share: Share) -> String {
        let Counts { remade, human, settled, canary } = &self.all;
        let mut lines = Vec::new();
        if self.n_outdated > 0 {
            lines.push(format!(
                "{} assets wait for a sweep under the present profile, whatever is done here",
                self.n_outdated
            ));
        }
        if self.rows.is_empty() {
            lines.push(format!("no {} would change", field.words()));
            return lines.join("\n") + "\n";
        }
        let row = |collection: &str, locale: &str, counts: &Counts| {
            let numbers = [counts.remade, counts.human, counts.settled, counts.canary].map(|n| n.to_string());
            [vec![visible(collection), visible(locale)], numbers.to_vec()].concat()
        };
        let rows = self.rows.iter().map(|((collection, locale), counts)| row(collection, locale, counts));
        let rows: Vec<Vec<String>> = rows.chain([row("all", "", &self.all)]).collect();
        let first = format!("canary {share}");
        let header = ["collection", "locale", "written anew", "by people", "there already", first.as_str()];
        lines.push(format!("{} of {} assets, if it becomes production:", field.words(), self.n_assets));
        let table = table(&header, &rows);
        lines.push(table.trim_end().to_owned());
        lines.push(format!("{human} by people are left alone, {settled} were written by this prompt before"));
        lines.push(self.money(*remade, *canary, share));
        lines.join("\n") + "\n"
    }

    fn money(&self, remade: u64, canary: u64, share: Share) -> String {
        if remade == 0 {
            return "it costs nothing".to_owned();
        }
        if !self.no_forecast.is_empty() {
            let why: Vec<String> = self.no_forecast.iter().map(|why| visible(why)).collect();
            return format!("no forecast: {}; without a price nothing is asked and nothing is spent", why.join("; "));
        }
        format!(
            "at most {} for all {remade}, at most {} for the {canary} of a canary of {share}; the words that go did cost {}",
            self.forecast, self.canary_forecast, self.paid
        )
    }
}

/// Returns the most that one text may cost: the request that `caption` would make, with a picture of the size that it would send.
fn forecast(book: &Book, prompt: &Prompt, spec: &WriteSpec, probe: &ImageProbe) -> Result<MicroUsd> {
    let limits = book.named(&spec.model).into_iter().filter_map(|model| model.image);
    let long_edge = limits.map(|limits| limits.long_edge).min().map_or(LONG_EDGE, |edge| edge.min(LONG_EDGE));
    let (width, height) = (u64::from(probe.width.max(1)), u64::from(probe.height.max(1)));
    let largest = width.max(height);
    let fit = |edge: u64| {
        if largest <= u64::from(long_edge) { edge } else { (edge * u64::from(long_edge)).div_ceil(largest) }
    };
    let [width, height] = [width, height].map(|edge| u32::try_from(fit(edge)).unwrap_or(long_edge));
    let picture = Image { format: ImageFormat::Jpeg, width, height, bytes: bytes::Bytes::new() };
    Ok(book.forecast(&spec.model, &request(prompt, spec, picture)?)?)
}

fn request(prompt: &Prompt, spec: &WriteSpec, picture: Image) -> Result<Request> {
    let input = json!({
        "image": "picture",
        "content_type": picture.format.media_type(),
        "placement": spec.placement.as_str(),
        "locale": spec.locale,
        "max_characters": spec.max_characters,
        "brand": [],
    });
    let rendered = prompt.render(&Data::of(input))?;
    let (mut system, mut parts) = (String::new(), vec![Part::Image(picture)]);
    for message in &rendered.messages {
        for part in &message.content {
            let prompts::Part::Text { text } = part else { continue };
            match message.role {
                Role::System => system.push_str(text),
                _ => parts.push(Part::Text(text.clone())),
            }
        }
    }
    let mut request = Request::of(system, parts);
    let tokens = prompt.document().config().get("maxOutputTokens").and_then(Value::as_u64);
    let tokens = tokens.and_then(|tokens| u32::try_from(tokens).ok());
    request.parameters.max_tokens = tokens.unwrap_or(Parameters::default().max_tokens);
    if let Some(schema) = prompt.output() {
        request.schema = Some(Schema::parse(prompt.name(), schema.canonical())?);
    }
    Ok(request)
}
