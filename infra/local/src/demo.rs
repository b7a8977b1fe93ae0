//! `greenroom demo`: everything on a scratch folder, with the samples uploaded through the S3 endpoint.

mod texts;

use crate::commands::ls;
use crate::commands::progress::{self, Progress};
use crate::host::{Addresses, Host};
use crate::node::{BUCKET, Node};
use crate::s3;
use crate::settings::{BUILT_IN, SettingArgs};
use crate::up::wait_for_stop;
use anyhow::{Context, Result, ensure};
use asset::readiness::State;
use include_dir::{Dir, include_dir};
use ports::{CatalogQuery, PresignBlob};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The samples, in the binary: the demo needs no files beside it.
static SAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/samples");

/// The folder of samples that take ffmpeg.
const RECORDINGS: &str = "recordings";

/// A demo that has not settled by then has failed.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs the demo. With `exit`, fails unless every sample is ready.
pub async fn demo(mut args: SettingArgs, exit: bool, json: bool) -> Result<ExitCode> {
    let scratch = match &args.data {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("greenroom-demo-").tempdir()?),
    };
    if let Some(scratch) = &scratch {
        args.on_scratch(scratch.path())?;
        // Nothing of a demo needs to survive a power cut.
        args.durability.get_or_insert_with(|| "process".to_owned());
    }
    // Ports that nobody uses, unless somebody chose: a demo can run beside a real host.
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    args.console.get_or_insert(any);
    args.s3.get_or_insert(any);
    let mut settings = args.resolve()?;
    let has_models = !settings.local_models.installed.is_empty();
    if scratch.is_some() && has_models && settings.profile_name == BUILT_IN {
        texts::write_profile(&settings.data, &settings.local_models)?;
        settings = args.resolve()?;
    }
    let node = Node::open(settings)?;
    let lock = node.lock()?.with_context(|| format!("another greenroom runs on `{}`", node.settings.data.display()))?;
    let mut host = Host::start(node, lock).await?;
    let addresses = host.open().await?;

    let begin = Instant::now();
    let keys = upload_samples(&host, &addresses).await?;
    if !json {
        println!("uploaded {} samples to {}/{BUCKET}", keys.len(), addresses.s3);
        if let Err(refusal) = host.node.tools().as_ref() {
            println!("left out the recording: {}; {}", refusal.found, refusal.way_out);
        }
    }
    let mut progress = Progress::new(!json);
    let is_settled = progress::wait_until_settled(&host.node, &keys, PATIENCE, &mut progress).await?;
    let took = begin.elapsed();

    let deployment = host.node.deployment();
    let entries = ls::entries(&deployment, CatalogQuery::default()).await?;
    let n_ready = entries.iter().filter(|entry| entry.state == State::Ready).count();
    let all_ready = is_settled && entries.len() == keys.len() && n_ready == keys.len();
    if json {
        println!("{}", serde_json::to_string_pretty(&ls::rows(&deployment, &entries).await?)?);
    } else {
        println!("\n{}", ls::text(&entries));
        println!("{n_ready} of {} ready after {:.1} s", keys.len(), took.as_secs_f64());
        if let Some(written) = texts::written(&deployment, &entries).await? {
            println!("\n{written}");
        }
    }
    if exit {
        host.stop().await;
        return Ok(if all_ready { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    if !json {
        let data = host.node.settings.data.display().to_string();
        println!("\nconsole   {}", addresses.console);
        println!("inbox     {} (drop files here)", host.node.settings.inbox.display());
        println!("look      greenroom --data {data} why 'IMG_4127.JPG'");
        if !has_models {
            println!(
                "tags      none: `greenroom models pull` installs models that find them on this machine, and captions"
            );
        }
        println!("\nCtrl-C ends the demo{}.", if scratch.is_some() { " and deletes its folder" } else { "" });
    }
    wait_for_stop().await?;
    host.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Uploads every sample the way a browser does: a presigned `PUT`. Returns the keys.
async fn upload_samples(host: &Host, addresses: &Addresses) -> Result<Vec<String>> {
    let credentials = s3::credentials(&host.node.settings.data.join("credentials"))?;
    let presigner = s3::Presigner::new(&addresses.s3, BUCKET, s3::REGION, &credentials);
    let mut keys = Vec::new();
    let has_tools = host.node.tools().is_ok();
    let recordings = SAMPLES.get_dir(RECORDINGS).filter(|_| has_tools).into_iter().flat_map(Dir::files);
    let files = SAMPLES.files().chain(recordings);
    for file in files.filter(|file| file.path().extension().is_some_and(|extension| extension != "md")) {
        let key = file.path().to_str().context("a sample's name is not UTF-8")?.to_owned();
        let put = presigner.presign_put(&key, 300).await?;
        let status = tokio::task::spawn_blocking(move || {
            let mut request = ureq::put(&put.url);
            for (name, value) in &put.headers {
                request = request.header(name, value);
            }
            request.send(file.contents()).map(|response| response.status().as_u16())
        })
        .await?;
        let status = status.with_context(|| format!("failed to upload `{key}`"))?;
        ensure!(status == 200, "failed to upload `{key}`: the S3 endpoint answered {status}");
        keys.push(key);
    }
    ensure!(!keys.is_empty(), "this binary holds no sample pictures");
    Ok(keys)
}
