//! The double's HTTP server, on loopback only.

use super::converse::{self, Memory};
use super::reply::{self, Body, Fault};
use super::script::{Reply, Script};
use super::{Ask, Operation, invoke, stream};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The service's own limit of a body.
const MAX_BODY: usize = 25_000_000;

/// A running double. It stops when it is dropped.
pub struct Double {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    script: Script,
    memory: Memory,
    log: Vec<Value>,
    file: Option<std::fs::File>,
}

impl Double {
    /// Starts a double on a free port of 127.0.0.1.
    pub async fn start(script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State { script, ..State::default() }));
        let task = tokio::spawn(serve(listener, state.clone()));
        Ok(Double { address, state, task })
    }

    /// Returns what `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` is set to.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Writes every further request to a file too, a JSON line each.
    pub fn log_to(&self, path: &Path) -> io::Result<()> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        lock(&self.state).file = Some(file);
        Ok(())
    }

    /// Returns every request so far: number, operation, subject, rule, status and body.
    pub fn log(&self) -> Vec<Value> {
        lock(&self.state).log.clone()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((connection, _)) = listener.accept().await else { continue };
        let state = state.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| handle(state.clone(), request));
            // A client that goes away in the middle is its own business.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(connection), service).await;
        });
    }
}

/// Finds the operation of a path; subjects are percent-encoded in it.
fn route(method: &Method, path: &str) -> Option<(Operation, String)> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (operation, subject) = match parts[..] {
        ["model", id, "converse"] => (Operation::Converse, id),
        ["model", id, "converse-stream"] => (Operation::ConverseStream, id),
        ["model", id, "invoke"] => (Operation::InvokeModel, id),
        ["model", id, "count-tokens"] => (Operation::CountTokens, id),
        ["guardrail", id, "version", _, "apply"] => (Operation::ApplyGuardrail, id),
        _ => return None,
    };
    let subject = percent_decode_str(subject).decode_utf8().ok()?.into_owned();
    (method == Method::POST).then_some((operation, subject))
}

async fn handle(state: Arc<Mutex<State>>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let found = route(&head.method, head.uri.path());
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(reply::fault(&Fault::new("ValidationException", "the body is too large or broke off"))),
    };
    let Some((operation, subject)) = found else {
        let message = format!("{} has no operation {} {}", super::MARK, head.method, head.uri.path());
        return Ok(reply::fault(&Fault::new("ResourceNotFoundException", message)));
    };
    if !head.headers.contains_key(http::header::AUTHORIZATION) {
        return Ok(reply::fault(&Fault::new("AccessDeniedException", "the request is not signed")));
    }
    let (response, latency_ms) = answer(&state, operation, &subject, &body);
    if latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(latency_ms)).await;
    }
    Ok(response)
}

fn answer(state: &Mutex<State>, operation: Operation, subject: &str, body: &[u8]) -> (Response<Body>, u64) {
    let mut state = lock(state);
    let (value, result, rule, scripted) = match serde_json::from_slice::<Value>(body) {
        Err(error) => {
            let fault = Fault::new("ValidationException", format!("the body is not JSON: {error}"));
            (Value::Null, Err(fault), None, Reply::default())
        }
        Ok(value) => {
            let ask = Ask::new(operation, subject, &value);
            let (rule, scripted) = state.script.reply(&ask).unzip();
            let scripted = scripted.unwrap_or_default();
            let result = respond(&mut state, &ask, &scripted);
            (value, result, rule, scripted)
        }
    };
    let number = state.log.len() + 1;
    let mut response = result.unwrap_or_else(|fault| reply::fault(&fault));
    if let Ok(id) = format!("double-{number}").parse() {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    let entry = json!({
        "number": number, "operation": operation.name(), "subject": subject, "rule": rule,
        "status": response.status().as_u16(), "body": value,
    });
    if let Some(file) = &mut state.file
        && let Err(error) = writeln!(file, "{entry}")
    {
        tracing::warn!(%error, "the double's log was not written");
    }
    state.log.push(entry);
    (response, scripted.latency_ms)
}

fn respond(state: &mut State, ask: &Ask<'_>, scripted: &Reply) -> Result<Response<Body>, Fault> {
    let fault = Fault::scripted(scripted);
    let is_late = ask.operation == Operation::ConverseStream && scripted.after_pieces.is_some();
    if let Some(fault) = fault
        && !is_late
    {
        return Err(fault);
    }
    let State { script, memory, .. } = state;
    let value = match ask.operation {
        Operation::Converse | Operation::ConverseStream => {
            converse::converse(ask, scripted, &script.blocked_words, memory)?
        }
        Operation::InvokeModel => match &scripted.json {
            Some(body) => body.clone(),
            None => invoke::invoke(ask)?,
        },
        Operation::CountTokens => converse::tokens(ask)?,
        Operation::ApplyGuardrail => converse::guardrail(ask, &script.blocked_words)?,
    };
    if ask.operation == Operation::ConverseStream {
        let fault = Fault::scripted(scripted);
        let late = fault.as_ref().zip(scripted.after_pieces);
        let late = late.map(|(fault, after)| (after, fault.name.as_str(), fault.message.as_str()));
        let frames = stream::frames(&value, late);
        return Ok(reply::ok("application/vnd.amazon.eventstream", frames, scripted.cut));
    }
    Ok(reply::ok("application/json", value.to_string().into_bytes(), scripted.cut))
}
