//! A service that answers what it is told to, and a client that does nothing by itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the service does with a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Status, headers, body.
    Http(u16, Vec<(&'static str, String)>, String),
    /// Says it will send more bytes than it does, then closes the connection.
    Cut(Vec<(&'static str, String)>, usize, Vec<u8>),
    /// Closes the connection without a word.
    Reset,
    /// Reads, and never says anything.
    Hang,
}

/// A request, as far as tests look at it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(there, _)| there == name).map(|(_, value)| value.as_str())
    }
}

/// A stub that answers the n-th request with `answer(n, request)`.
pub struct Stub {
    pub endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stub {
    pub async fn start(answer: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer, n_requests) = (requests.clone(), Arc::new(answer), Arc::new(AtomicUsize::new(0)));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answer, n_requests) = (seen.clone(), answer.clone(), n_requests.clone());
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    while let Some(request) = read_request(&mut stream).await {
                        let answer = answer(n_requests.fetch_add(1, Ordering::SeqCst), &request);
                        seen.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                        if !write_answer(stream.get_mut(), answer).await {
                            break;
                        }
                    }
                });
            }
        });
        Stub { endpoint, requests, task }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut request = Request::default();
    stream.read_line(&mut request.line).await.ok().filter(|n_bytes| *n_bytes > 0)?;
    let mut n_body = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        if name == "content-length" {
            n_body = value.parse().ok()?;
        }
        request.headers.push((name, value));
    }
    let mut body = vec![0; n_body];
    stream.read_exact(&mut body).await.ok()?;
    request.body = String::from_utf8_lossy(&body).into_owned();
    Some(request)
}

/// Returns whether the connection can be used again.
async fn write_answer(stream: &mut TcpStream, answer: Answer) -> bool {
    let (status, headers, n_bytes, body) = match answer {
        Answer::Http(status, headers, body) => (status, headers, body.len(), body.into_bytes()),
        Answer::Cut(headers, n_bytes, body) => (200, headers, n_bytes, body),
        Answer::Reset => return false,
        Answer::Hang => return std::future::pending().await,
    };
    let mut text = format!("HTTP/1.1 {status} Stub\r\ncontent-length: {n_bytes}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(&body);
    stream.write_all(&bytes).await.is_ok() && body.len() == n_bytes
}

/// A door to a service that takes no locks: it lets one request in at a time. What callers do between their requests
/// still overlaps.
///
/// moto undoes a failed transaction by putting the whole table back as it was, and with it what others wrote meanwhile.
pub async fn door(endpoint: &str) -> (String, JoinHandle<()>) {
    let behind = endpoint.strip_prefix("http://").expect("a plain URL").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let front = format!("http://{}", listener.local_addr().expect("an address"));
    let one_at_a_time = Arc::new(tokio::sync::Mutex::new(()));
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (behind, one_at_a_time) = (behind.clone(), one_at_a_time.clone());
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let Some(request) = read_request(&mut stream).await else { return };
                let guard = one_at_a_time.lock().await;
                let answer = forward(&behind, &request).await;
                drop(guard);
                drop(stream.write_all(&answer.unwrap_or_default()).await);
            });
        }
    });
    (front, task)
}

/// Sends a request on a connection of its own and returns the whole answer.
async fn forward(behind: &str, request: &Request) -> std::io::Result<Vec<u8>> {
    let mut text = request.line.clone();
    for (name, value) in request.headers.iter().filter(|(name, _)| name != "connection") {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("connection: close\r\n\r\n");
    text.push_str(&request.body);
    let mut stream = TcpStream::connect(behind).await?;
    stream.write_all(text.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Sends a `PUT` as a browser would; returns the status.
pub async fn put(url: &str, headers: &[(String, String)], body: &[u8]) -> u16 {
    ask("PUT", url, headers, body).await
}

/// Gets what a link leads to; returns the status.
pub async fn get(url: &str) -> u16 {
    ask("GET", url, &[], &[]).await
}

async fn ask(method: &str, url: &str, headers: &[(String, String)], body: &[u8]) -> u16 {
    let rest = url.strip_prefix("http://").expect("a plain URL");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut text = format!("{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    text.push_str(&format!("content-length: {}\r\n", body.len()));
    for (name, value) in headers.iter().filter(|(name, _)| !["host", "content-length"].contains(&name.as_str())) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    let mut stream = TcpStream::connect(host).await.expect("connects");
    stream.write_all(&[text.as_bytes(), body].concat()).await.expect("sends");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.expect("an answer");
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}
