//! Models that run on this machine: which are installed, the program that runs them, and their lines in the price book.

use crate::settings::Settings;
use anyhow::{Context, Result};
use models::book::{Book, DEFAULT_BOOK};
use models_local::folder::Folder;
use models_local::manifest::Manifest;
use serde::Deserialize;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;

/// The program, where nobody names another: beside our own.
const PROGRAM: &str = "greenroom-models";

/// Nobody listens there. It stands in the price book until the server says where it is.
const NOWHERE: &str = "http://127.0.0.1:0/v1";

/// To load a program of some megabytes from a disk that sleeps.
const START: Duration = Duration::from_secs(20);
const STOP: Duration = Duration::from_secs(2);
/// Between looks whether the server still runs.
const LOOK: Duration = Duration::from_millis(200);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What there is of them.
#[derive(Clone, Debug)]
pub struct LocalModels {
    pub folder: Folder,
    /// Names, in the order of the manifest.
    pub installed: Vec<String>,
    /// The program that runs them, if it is there.
    pub program: Option<PathBuf>,
    /// Name and text of the price book that they are added to.
    book: (String, String),
}

impl LocalModels {
    /// Looks into the models folder. `book` is the price book that was given, if one was.
    pub fn find(folder: PathBuf, program: Option<PathBuf>, book: Option<(String, String)>) -> Result<Self> {
        let folder = Folder::new(folder);
        let manifest = Manifest::shipped()?;
        let installed = folder.installed(&manifest).iter().map(|model| model.name.clone()).collect();
        let program = program.or_else(|| Some(std::env::current_exe().ok()?.with_file_name(PROGRAM)));
        let book = book.unwrap_or_else(|| ("models.toml".to_owned(), DEFAULT_BOOK.to_owned()));
        Ok(LocalModels { folder, installed, program: program.filter(|program| program.is_file()), book })
    }

    /// Says whether a model is one of these.
    pub fn has(&self, id: &str) -> bool {
        self.installed.iter().any(|installed| installed == id)
    }

    /// Returns the price book with the installed models. Those that the book has under the same name are its owner's.
    pub fn book(&self) -> Result<Book> {
        self.book_at(NOWHERE)
    }

    fn book_at(&self, url: &str) -> Result<Book> {
        let (name, text) = &self.book;
        let book = Book::parse(name, text)?;
        let is_free = |id: &&String| book.model(id).is_none() && book.route(id).is_none();
        let lines: String = self.installed.iter().filter(is_free).map(|id| entry(id, url)).collect();
        if lines.is_empty() {
            return Ok(book);
        }
        let fix = "the models of this machine cannot be added: write each model of the book as `[[model]]`";
        Book::parse(name, &format!("{text}\n{lines}")).context(fix)
    }

    /// Starts the server, if there is something to serve, and returns the price book with its address.
    pub async fn serve(&self) -> Result<Option<(LocalServer, Book)>> {
        if self.installed.is_empty() {
            return Ok(None);
        }
        let program = self.program.clone().context(MISSING)?;
        let starter = Starter { program, folder: self.folder.clone() };
        let started = starter.start(0).await?;
        let book = self.book_at(&started.url)?;
        Ok(Some((LocalServer::watch(starter, started), book)))
    }
}

/// Starts the server of this machine's own models, and takes its address into the price book. Without it everything else runs; who needs
/// one of them waits.
pub async fn serve_models(settings: &mut Settings) -> Option<LocalServer> {
    match settings.local_models.serve().await {
        Ok(None) => None,
        Ok(Some((server, book))) => {
            tracing::info!(url = server.url, "models of this machine are served");
            settings.book = book;
            Some(server)
        }
        Err(error) => {
            tracing::error!("the models of this machine are not served: {error:#}");
            None
        }
    }
}

/// What to do about a missing program.
pub const MISSING: &str = "the program `greenroom-models` is missing, which runs the models of this machine: \
                           `cargo build --release -p models-local` puts it beside `greenroom`; `--models-program FILE` names another";

/// A model's lines in the price book.
fn entry(id: &str, url: &str) -> String {
    let what = match id {
        "minilm-l6" => "kind = \"embedding\"\ninputs = [\"text\"]\n",
        _ => {
            "kind = \"text\"\ninputs = [\"text\", \"image\"]\nstructured_output = \"native\"\n\
             image = { long_edge = 8192, bytes = 15000000, count = 1 }\n"
        }
    };
    format!("[[model]]\nid = \"{id}\"\nprovider = \"openai\"\nmodel = \"{id}\"\n{what}free = true\nurl = \"{url}\"\n")
}

/// A server that is started again when it ends by itself.
pub struct LocalServer {
    pub url: String,
    stop: CancellationToken,
    watch: JoinHandle<()>,
}

impl LocalServer {
    fn watch(starter: Starter, started: Started) -> Self {
        let (url, stop) = (started.url.clone(), CancellationToken::new());
        let watch = tokio::spawn(keep_running(starter, started, stop.clone()));
        LocalServer { url, stop, watch }
    }

    /// Ends the server. Whoever asks it has to be done.
    pub async fn stop(self) {
        self.stop.cancel();
        drop(self.watch.await);
    }
}

struct Starter {
    program: PathBuf,
    folder: Folder,
}

struct Started {
    child: Child,
    /// The server ends when this is closed, also when we are killed.
    input: Option<ChildStdin>,
    url: String,
}

impl Started {
    /// Waits until the server has ended.
    async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // If it has ended, there is nothing to kill; in any case its number is given back.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The one line that the server writes to its standard output.
#[derive(Deserialize)]
struct Greeting {
    url: String,
}

impl Starter {
    /// Starts the server and waits until it listens.
    async fn start(&self, port: u16) -> Result<Started> {
        let program = self.program.display();
        let mut command = Command::new(&self.program);
        command.arg("--models-dir").arg(self.folder.path()).args(["--with-stdin", "--port", &port.to_string()]);
        let log = std::env::var("GREENROOM_LOG").unwrap_or_else(|_| "warn".to_owned());
        // A group of its own: Ctrl-C is for the host, which still needs the server to finish what is in hand.
        command.env("GREENROOM_LOG", log).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("failed to start `{program}`"))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let mut started = Started { child, input, url: String::new() };
        let output = output.with_context(|| format!("`{program}` has no output"))?;
        // If it says nothing, it is killed below, and the thread that reads ends.
        let greeting = spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(output.take(4096)).read_line(&mut line).map(|_| line)
        });
        let line = tokio::time::timeout(START, greeting).await.with_context(|| format!("`{program}` says nothing"))?;
        let line = line.context("the reading was lost")?.with_context(|| format!("failed to read from `{program}`"))?;
        let greeting: Greeting =
            serde_json::from_str(&line).with_context(|| format!("`{program}` did not start; what it says is above"))?;
        started.url = greeting.url;
        Ok(started)
    }
}

/// Starts the server again, at the same address, whenever it ends, after a pause that grows while it keeps ending.
async fn keep_running(starter: Starter, mut started: Started, stop: CancellationToken) {
    let port = started.url.rsplit(':').next().and_then(|rest| rest.split('/').next()?.parse().ok()).unwrap_or(0);
    let mut pause = FIRST_PAUSE;
    loop {
        let since = Instant::now();
        tokio::select! {
            status = started.ended() => {
                let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                tracing::error!(status, "the model server ended; it is started again");
            }
            () = stop.cancelled() => return end(started).await,
        }
        if since.elapsed() > LONGEST_PAUSE {
            pause = FIRST_PAUSE;
        }
        started = loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            let started = tokio::select! {
                started = starter.start(port) => started,
                () = stop.cancelled() => return,
            };
            match started {
                Ok(started) => break started,
                Err(error) => tracing::error!("the model server does not start: {error:#}"),
            }
        };
    }
}

/// Lets the server finish; one that does not is killed.
async fn end(mut started: Started) {
    drop(started.input.take());
    drop(tokio::time::timeout(STOP, started.ended()).await);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(installed: &[&str], book: Option<&str>) -> LocalModels {
        let book = book.map(|text| ("own.toml".to_owned(), text.to_owned()));
        let found = LocalModels::find(PathBuf::from("/nowhere"), None, book).expect("an empty folder");
        LocalModels { installed: installed.iter().map(|name| (*name).to_owned()).collect(), ..found }
    }

    #[test]
    fn installed_models_are_in_the_book() {
        let all = ["efficientnet-lite0", "pp-ocr", "open-nsfw", "minilm-l6"];
        let book = local(&all, None).book_at("http://127.0.0.1:9/v1").expect("a book");
        for id in all {
            let model = book.model(id).expect(id);
            assert_eq!(model.cost(models::Usage::default()), Some(models::MicroUsd(0)));
            assert_eq!(model.url.as_deref(), Some("http://127.0.0.1:9/v1"));
        }
        let shipped = Book::default();
        assert_eq!(book.models().len(), shipped.models().len() + 4);
        assert_eq!(local(&[], None).book().expect("a book").models().len(), shipped.models().len());
    }

    #[test]
    fn a_model_of_the_same_name_is_its_owners() {
        let own = entry("minilm-l6", "http://127.0.0.1:1/v1") + "[caps]\nday = 1\n[caps.collection]\nx = 1\n";
        let book = local(&["minilm-l6", "pp-ocr"], Some(&own)).book_at("http://127.0.0.1:9/v1").expect("a book");
        assert_eq!(book.model("minilm-l6").and_then(|model| model.url.as_deref()), Some("http://127.0.0.1:1/v1"));
        assert!(book.model("pp-ocr").is_some() && book.caps().day.is_some());
        let closed = "model = []\n";
        let error = local(&["pp-ocr"], Some(closed)).book().expect_err("it cannot be added to");
        assert!(format!("{error:#}").contains("[[model]]"), "{error:#}");
    }

    #[tokio::test]
    async fn without_the_program_the_way_out_is_named() {
        let mut local = local(&["pp-ocr"], None);
        local.program = None;
        let error = local.serve().await.err().expect("there is no program");
        assert!(format!("{error:#}").contains("cargo build --release -p models-local"));
        local.program = Some(PathBuf::from("/bin/true"));
        let error = local.serve().await.err().expect("it is another program");
        assert!(format!("{error:#}").contains("did not start"), "{error:#}");
        local.installed.clear();
        assert!(local.serve().await.expect("nothing to do").is_none());
    }
}
