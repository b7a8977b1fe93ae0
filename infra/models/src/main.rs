//! `greenroom-models`: models that run on one machine, behind OpenAI's API. `greenroom up` starts it; it also runs by itself.

use anyhow::{Context, Result};
use clap::Parser;
use models_local::folder::Folder;
use models_local::serve::{Limits, router};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// Runs installed models behind an OpenAI-compatible API on this machine.
#[derive(Parser, Debug)]
#[command(name = "greenroom-models", version, max_term_width = 100)]
struct Cli {
    /// Models folder: what `greenroom models pull` installs into
    #[arg(long, env = "GREENROOM_MODELS_DIR", value_name = "DIR")]
    models_dir: PathBuf,
    /// Port on 127.0.0.1; 0 for any free one
    #[arg(long, default_value_t = 7702, value_name = "N")]
    port: u16,
    /// Models that compute at the same time
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    computations: u8,
    /// Seconds that a request may take
    #[arg(long, default_value_t = 60, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    seconds: u16,
    /// End when standard input does, so that a server never outlives the program that started it
    #[arg(long)]
    with_stdin: bool,
}

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("GREENROOM_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("greenroom-models: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let served = runtime.block_on(serve(cli));
    // A computation cannot be interrupted; nothing that it would do is kept.
    runtime.shutdown_timeout(Duration::from_millis(100));
    served
}

async fn serve(cli: Cli) -> Result<()> {
    let limits = Limits {
        computations: usize::from(cli.computations),
        time: Duration::from_secs(u64::from(cli.seconds)),
        ..Limits::default()
    };
    let router = router(Folder::new(cli.models_dir), limits)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, cli.port));
    let listener = TcpListener::bind(address).await;
    let listener =
        listener.with_context(|| format!("failed to listen on {address}: choose another with `--port N`"))?;
    // The one line on standard output, which whoever started the server waits for.
    println!("{}", serde_json::json!({"url": format!("http://{}/v1", listener.local_addr()?)}));
    let stop = stop(cli.with_stdin);
    axum::serve(listener, router).with_graceful_shutdown(stop).await.context("the server stopped")
}

/// Waits for Ctrl-C, SIGTERM or, if asked for, the end of standard input.
async fn stop(with_stdin: bool) {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    let closed = async {
        let mut input = tokio::io::stdin();
        while with_stdin && input.read(&mut [0; 64]).await.is_ok_and(|n| n > 0) {}
        if !with_stdin {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
        () = closed => {}
    }
}
