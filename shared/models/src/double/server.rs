//! The double's HTTP server, on loopback only.

use super::Operation;
use super::batch::{self, Bucket};
use super::reply::{self, Body, Fault};
use super::script::Script;
use super::state::{State, lock};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
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

impl Double {
    /// Starts a double on a free port of 127.0.0.1.
    pub async fn start(script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::new(script)));
        let task = tokio::spawn(serve(listener, state.clone()));
        Ok(Double { address, state, task })
    }

    /// Gives batch jobs their buckets, by name: any store of objects, like `embedded::FileStore` or `aws::S3Store`.
    #[must_use]
    pub fn with_buckets(self, buckets: impl Fn(&str) -> Option<Arc<dyn Bucket>> + Send + Sync + 'static) -> Self {
        lock(&self.state).buckets = Some(Arc::new(buckets));
        self
    }

    /// Returns what `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` is set to and, for batch jobs, `AWS_ENDPOINT_URL_BEDROCK`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Writes every further request to a file too, a JSON line each.
    pub fn log_to(&self, path: &Path) -> io::Result<()> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
        lock(&self.state).file = Some(file);
        Ok(())
    }

    /// Returns every request so far: number, operation, subject, rule, status and body. A record of a batch job is a
    /// request too, with `job` and `record`.
    pub fn log(&self) -> Vec<Value> {
        lock(&self.state).entries.clone()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.task.abort();
    }
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
    let (operation, subject) = match (method, &parts[..]) {
        (&Method::POST, ["model", id, "converse"]) => (Operation::Converse, *id),
        (&Method::POST, ["model", id, "converse-stream"]) => (Operation::ConverseStream, *id),
        (&Method::POST, ["model", id, "invoke"]) => (Operation::InvokeModel, *id),
        (&Method::POST, ["model", id, "count-tokens"]) => (Operation::CountTokens, *id),
        (&Method::POST, ["guardrail", id, "version", _, "apply"]) => (Operation::ApplyGuardrail, *id),
        (&Method::POST, ["model-invocation-job"]) => (Operation::CreateModelInvocationJob, ""),
        (&Method::GET, ["model-invocation-job", id]) => (Operation::GetModelInvocationJob, *id),
        (&Method::GET, ["model-invocation-jobs"]) => (Operation::ListModelInvocationJobs, ""),
        (&Method::POST, ["model-invocation-job", id, "stop"]) => (Operation::StopModelInvocationJob, *id),
        _ => return None,
    };
    Some((operation, percent_decode_str(subject).decode_utf8().ok()?.into_owned()))
}

/// Returns the parameters of a query as an object of texts: what a call without a body says.
fn parameters(query: &str) -> Value {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Value::Object(pairs.map(|(name, value)| (decoded(name), decoded(value).into())).collect::<Map<_, _>>())
}

async fn handle(state: Arc<Mutex<State>>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let found = route(&head.method, head.uri.path());
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return Ok(reply::fault(&Fault::new("ValidationException", "the body is too large or broke off"))),
    };
    let Some((operation, mut subject)) = found else {
        let message = format!("{} has no operation {} {}", super::MARK, head.method, head.uri.path());
        return Ok(reply::fault(&Fault::new("ResourceNotFoundException", message)));
    };
    if !head.headers.contains_key(http::header::AUTHORIZATION) {
        return Ok(reply::fault(&Fault::new("AccessDeniedException", "the request is not signed")));
    }
    let body = match &body[..] {
        [] => Ok(parameters(head.uri.query().unwrap_or_default())),
        bytes => serde_json::from_slice::<Value>(bytes)
            .map_err(|error| Fault::new("ValidationException", format!("the body is not JSON: {error}"))),
    };
    if operation == Operation::CreateModelInvocationJob
        && let Ok(body) = &body
    {
        // So that rules find a job by its model, as they find everything else.
        subject = body["modelId"].as_str().unwrap_or_default().to_owned();
    }
    let answered = lock(&state).answer(operation, &subject, body);
    if let Some(job) = answered.job {
        tokio::spawn(batch::run(state.clone(), job));
    }
    if answered.latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(answered.latency_ms)).await;
    }
    Ok(answered.response)
}
