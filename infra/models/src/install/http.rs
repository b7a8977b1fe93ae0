//! Downloads from HTTP addresses, which go on where they were cut off.

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http::header::{CONTENT_RANGE, LOCATION, RANGE};
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Hubs send their clients to a storage of theirs, which may send them on.
const MAX_REDIRECTS: usize = 5;

/// Longest silence of a server.
const SILENCE: Duration = Duration::from_secs(60);

type Https = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// Downloads `url` to `path`, which may hold the beginning already. No more than `bytes` are taken. Blocks.
pub(super) fn download(url: &str, path: &Path, bytes: u64, progress: impl FnMut(u64) + Send) -> Result<()> {
    // A thread of its own, because the caller may run on a runtime, and a runtime cannot be started inside of one.
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { fetch(&client()?, url, path, bytes, progress).await })
    };
    let done = std::thread::scope(|scope| scope.spawn(run).join());
    done.unwrap_or_else(|_| bail!("the download ended with a panic"))
}

fn client() -> Result<Https> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(Duration::from_secs(10)));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = match HttpsConnectorBuilder::new().with_provider_and_native_roots(provider.clone()) {
        Ok(tls) => tls,
        Err(error) => {
            tracing::warn!(%error, "no server with TLS will be trusted: install ca-certificates, or set SSL_CERT_FILE");
            let config = rustls::ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()?
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
            HttpsConnectorBuilder::new().with_tls_config(config)
        }
    };
    Ok(Client::builder(TokioExecutor::new()).build(tls.https_or_http().enable_http1().wrap_connector(tcp)))
}

async fn fetch(client: &Https, url: &str, path: &Path, bytes: u64, mut progress: impl FnMut(u64)) -> Result<()> {
    let mut have = std::fs::metadata(path).map_or(0, |meta| meta.len());
    if have >= bytes {
        // As much as there is to have, and not what was wanted, or it would not be asked for: begin again.
        std::fs::remove_file(path).with_context(|| format!("failed to remove `{}`", path.display()))?;
        have = 0;
    }
    let (status, headers, mut body) = follow(client, url, have).await?;
    let mut file = match status {
        StatusCode::PARTIAL_CONTENT if begins_at(&headers, have) => OpenOptions::new().append(true).open(path),
        // The server knows no ranges, or answers with another one.
        StatusCode::OK => File::create(path),
        StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
            drop(std::fs::remove_file(path));
            bail!("`{url}` could not be gone on with: try again");
        }
        status => bail!("`{url}` answers {status}"),
    }
    .with_context(|| format!("failed to write `{}`", path.display()))?;
    if status == StatusCode::OK {
        have = 0;
    }
    loop {
        let frame = tokio::time::timeout(SILENCE, body.frame()).await.with_context(|| format!("`{url}` is silent"))?;
        let Some(frame) = frame else { break };
        let frame = frame.with_context(|| format!("`{url}` broke off; what came is kept"))?;
        let Ok(data) = frame.into_data() else { continue };
        have += data.len() as u64;
        ensure!(have <= bytes, "`{url}` has more than the {bytes} bytes that it should have");
        file.write_all(&data).with_context(|| format!("failed to write `{}`", path.display()))?;
        progress(have);
    }
    file.sync_all().with_context(|| format!("failed to write `{}`", path.display()))?;
    ensure!(have == bytes, "`{url}` broke off at byte {have} of {bytes}; what came is kept");
    Ok(())
}

/// Asks for everything from byte `have` on, wherever the server sends us.
async fn follow(client: &Https, url: &str, have: u64) -> Result<(StatusCode, HeaderMap, Incoming)> {
    let mut at: Uri = url.parse().with_context(|| format!("`{url}` is no address"))?;
    for _ in 0..=MAX_REDIRECTS {
        let mut request =
            Request::get(at.clone()).header("user-agent", concat!("greenroom/", env!("CARGO_PKG_VERSION")));
        if have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
        }
        let request = request.body(Empty::new())?;
        let answered = tokio::time::timeout(SILENCE, client.request(request)).await;
        let response = answered.with_context(|| format!("`{at}` is silent"))?;
        let (head, body) = response.with_context(|| format!("`{at}` was not reached"))?.into_parts();
        if !head.status.is_redirection() {
            return Ok((head.status, head.headers, body));
        }
        let location = head.headers.get(LOCATION).and_then(|location| location.to_str().ok());
        at = redirected(&at, location.with_context(|| format!("`{at}` sends us nowhere"))?)?;
    }
    bail!("`{url}` sends us on more than {MAX_REDIRECTS} times")
}

/// Returns where a redirect leads: an address, or a path on the same server. It never leads from TLS to plain HTTP.
fn redirected(from: &Uri, location: &str) -> Result<Uri> {
    let to = match location.strip_prefix('/').filter(|rest| !rest.starts_with('/')) {
        Some(_) => {
            let scheme = from.scheme_str().unwrap_or("https");
            let authority = from.authority().map_or("", |authority| authority.as_str());
            format!("{scheme}://{authority}{location}")
        }
        None => location.to_owned(),
    };
    let to: Uri = to.parse().with_context(|| format!("`{from}` sends us to `{location}`, which is no address"))?;
    let schemes = (from.scheme_str(), to.scheme_str());
    let is_allowed = matches!(schemes, (_, Some("https")) | (Some("http"), Some("http")));
    ensure!(is_allowed, "`{from}` sends us to `{location}`, and that is not followed");
    Ok(to)
}

fn begins_at(headers: &HeaderMap, have: u64) -> bool {
    let range = headers.get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {have}-")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::TcpListener;

    /// A server on the loopback that answers each connection with the next text, and returns what it was asked.
    fn server(answers: Vec<Vec<u8>>) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/m.onnx", listener.local_addr().expect("an address"));
        let serve = move || {
            answers
                .into_iter()
                .map(|answer| {
                    let (mut stream, _) = listener.accept().expect("a client");
                    let mut asked = Vec::new();
                    while !asked.ends_with(b"\r\n\r\n") {
                        let mut byte = [0];
                        stream.read_exact(&mut byte).expect("a request");
                        asked.push(byte[0]);
                    }
                    stream.write_all(&answer).expect("a client that reads");
                    String::from_utf8(asked).expect("UTF-8").to_lowercase()
                })
                .collect()
        };
        (url, std::thread::spawn(serve))
    }

    fn answer(head: &str, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n{body}").into_bytes()
    }

    #[test]
    fn a_cut_download_goes_on_where_it_was() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("m.onnx");
        let (url, asked) = server(vec![
            answer("302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0", ""),
            answer("200 OK\r\ncontent-length: 10", "01234"),
            answer("206 Partial Content\r\ncontent-range: bytes 5-9/10\r\ncontent-length: 5", "56789"),
        ]);
        let cut = format!("{:#}", download(&url, &path, 10, |_| ()).expect_err("it is cut"));
        assert!(cut.contains("what came is kept"), "{cut}");
        assert_eq!(std::fs::read(&path).expect("the beginning"), b"01234");
        let mut seen = Vec::new();
        download(&url, &path, 10, |have| seen.push(have)).expect("the rest");
        assert_eq!(std::fs::read(&path).expect("all of it"), b"0123456789");
        assert_eq!(seen.last(), Some(&10));
        let asked = asked.join().expect("a server");
        assert!(asked[1].starts_with("get /elsewhere ") && !asked[1].contains("range:"), "{}", asked[1]);
        assert!(asked[2].contains("range: bytes=5-"), "{}", asked[2]);
    }

    #[test]
    fn a_server_without_ranges_begins_again_and_too_much_is_refused() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = folder.path().join("m.onnx");
        std::fs::write(&path, b"wrong").expect("a beginning");
        let (url, asked) = server(vec![
            answer("200 OK\r\ncontent-length: 10", "0123456789"),
            answer("200 OK\r\ncontent-length: 11", "0123456789a"),
            answer("404 Not Found\r\ncontent-length: 0", ""),
        ]);
        download(&url, &path, 10, |_| ()).expect("all of it");
        assert_eq!(std::fs::read(&path).expect("all of it"), b"0123456789");
        let other = folder.path().join("n.onnx");
        let error = |found: Result<()>| format!("{:#}", found.expect_err("it is refused"));
        assert!(error(download(&url, &other, 10, |_| ())).contains("more than the 10 bytes"));
        assert!(error(download(&url, &folder.path().join("o"), 10, |_| ())).contains("404"));
        asked.join().expect("a server");
    }

    #[test]
    fn a_redirect_stays_in_tls() {
        let from: Uri = "https://a.example/x".parse().expect("an address");
        assert_eq!(redirected(&from, "/y?z").expect("the same server").to_string(), "https://a.example/y?z");
        assert_eq!(redirected(&from, "https://b.example/").expect("another").host(), Some("b.example"));
        for wrong in ["http://a.example/", "//b.example/y", "file:///etc/passwd", "y"] {
            assert!(redirected(&from, wrong).is_err(), "{wrong}");
        }
    }
}
