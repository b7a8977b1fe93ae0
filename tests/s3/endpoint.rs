//! The S3 endpoint in this process, over a folder of its own, with a real queue behind it.

use asset::event::{InboxChange, parse_inbox_events};
use embedded::{Durability, FileStore, Queues, SqliteQueue, SystemClock};
use greenroom::inbox::{BUCKET, Notifier};
use greenroom::s3::{Credentials, Presigner, REGION, S3Config, credentials, serve};
use ports::Queue;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Pages of this origin may use the endpoint.
pub const ORIGIN: &str = "http://console.test:8080";

#[allow(dead_code, reason = "each test file uses a part of it")]
pub struct Endpoint {
    pub url: String,
    pub credentials: Credentials,
    pub credentials_file: PathBuf,
    pub queue: Arc<SqliteQueue>,
    pub inbox_folder: PathBuf,
    shutdown: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
}

#[allow(dead_code, reason = "each test file uses a part of it")]
impl Endpoint {
    /// Starts it on a free port; everything it keeps is in `folder`.
    pub async fn start(folder: &Path, durability: Durability) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let inbox_folder = folder.join("inbox");
        let inbox = FileStore::open(&inbox_folder, &folder.join("scratch"), durability).expect("an inbox");
        let queue = Queues::open(&folder.join("queues.db")).expect("a queue").queue("ingest", 5);
        let notifier = Arc::new(Notifier::new(BUCKET, inbox.clone(), queue.clone(), Arc::new(SystemClock)));
        let credentials_file = folder.join("credentials");
        let credentials = credentials(&credentials_file).expect("credentials");
        let config = S3Config {
            access_key: credentials.access_key.clone(),
            secret_key: credentials.secret_key.clone(),
            region: REGION.to_owned(),
            console_origin: Some(ORIGIN.to_owned()),
            max_object_bytes: 256 << 20,
        };
        let shutdown = CancellationToken::new();
        let served = serve(listener, config, inbox, folder.join("s3"), notifier, shutdown.clone());
        let served = tokio::spawn(served);
        Endpoint { url, credentials, credentials_file, queue, inbox_folder, shutdown, served }
    }

    pub fn presigner(&self) -> Presigner {
        Presigner::new(&self.url, BUCKET, REGION, &self.credentials)
    }

    /// Takes everything off the queue: `+key` for a write, `-key` for a delete.
    pub async fn events(&self) -> Vec<String> {
        let mut events = Vec::new();
        loop {
            let received = self.queue.receive(10, Duration::from_secs(60)).await.expect("messages");
            if received.is_empty() {
                return events;
            }
            for message in received {
                for event in parse_inbox_events(&message.body).expect("a notification as S3 sends it") {
                    let sign = if event.change == InboxChange::Delete { '-' } else { '+' };
                    events.push(format!("{sign}{}", event.key));
                }
                self.queue.acknowledge(&message.receipt).await.expect("an acknowledgement");
            }
        }
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        self.served.await.expect("no panic").expect("a clean end");
    }

    /// Runs a driver of `tests/s3` and compares the events it says it caused with those on the queue.
    ///
    /// A driver fails by itself where a client is answered otherwise than by S3. Its last line is the JSON list of its events.
    pub async fn drive(&self, driver: &str) {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let mut command = Command::new(tool("python3"));
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("s3").join(driver)).current_dir(scratch.path());
        // Nothing of the developer's own configuration.
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", scratch.path()).env("LANG", "C.UTF-8");
        command.env("S3_URL", &self.url).env("CONSOLE_ORIGIN", ORIGIN).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("S3_ACCESS_KEY", &self.credentials.access_key).env("S3_SECRET_KEY", &self.credentials.secret_key);
        command
            .env("AWS_SHARED_CREDENTIALS_FILE", &self.credentials_file)
            .env("TOOLS", tool("python3").parent().expect("bin"));
        let output =
            tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("a started driver");
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{driver} failed:\n{stdout}\n{stderr}");
        let last = stdout.lines().last().unwrap_or_default();
        let mut expected: Vec<String> = serde_json::from_str(last).expect("a driver's last line is its events");
        let mut events = self.events().await;
        expected.sort();
        events.sort();
        assert_eq!(events, expected, "{driver}: events on the queue");
    }
}

/// Returns a tool of the virtual environment.
pub fn tool(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/venv/bin").join(name);
    assert!(path.exists(), "`{}` is missing: run `cargo xtask setup`", path.display());
    path
}
