//! The endpoint's connections.

use super::front::Front;
use super::objects::Objects;
use super::service::Service;
use crate::inbox::Notifier;
use embedded::FileStore;
use http::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use s3s::auth::SimpleAuth;
use s3s::config::StaticConfigProvider;
use s3s::service::S3ServiceBuilder;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// How the endpoint is set up.
#[derive(Clone, Debug)]
pub struct S3Config {
    pub access_key: String,
    pub secret_key: String,
    pub region: String,
    /// The origin whose pages may use the endpoint, such as `http://127.0.0.1:8080`.
    pub console_origin: Option<String>,
    pub max_object_bytes: u64,
}

/// Connections at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 512;
/// Who does not finish a request's headers in this time is cut off; an idle connection too.
const HEADER_TIMEOUT: Duration = Duration::from_secs(60);
/// Requests under way have this long to end when the host stops.
const DRAIN: Duration = Duration::from_secs(10);
/// Forms are held in memory by the protocol crate, whole.
const MAX_FORM_BYTES: u64 = 64 << 20;

/// Serves the inbox as bucket `inbox` until `shutdown`, then lets requests that are under way end.
///
/// `sidecar` holds what is known of objects besides their files, and unfinished multipart uploads.
pub async fn serve(
    listener: TcpListener,
    config: S3Config,
    inbox: Arc<FileStore>,
    sidecar: PathBuf,
    notifier: Arc<Notifier>,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let origin = config.console_origin.as_deref().map(HeaderValue::from_str).transpose().map_err(io::Error::other)?;
    let objects = Objects::open(inbox, &sidecar, notifier, config.max_object_bytes, config.region)?;
    let mut protocol = s3s::config::S3Config::default();
    protocol.xml_max_body_size = 2 << 20;
    protocol.post_object_max_file_size = config.max_object_bytes.min(MAX_FORM_BYTES);
    protocol.presigned_url_max_skew_time_secs = 900;
    let mut builder = S3ServiceBuilder::new(Service(Arc::new(objects)));
    builder.set_auth(SimpleAuth::from_single(config.access_key, config.secret_key));
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(protocol))));
    let service = builder.build();
    let max_object_bytes = config.max_object_bytes;
    let front = Arc::new(Front { service, origin, max_object_bytes, n_requests: AtomicU64::new(1) });
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let permit = tokio::select! {
            () = shutdown.cancelled() => break,
            permit = Arc::clone(&connections).acquire_owned() => permit.map_err(io::Error::other)?,
        };
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => answer(stream, Arc::clone(&front), &graceful, permit),
            Err(error) => {
                // Out of file descriptors, or a connection that ended before it was accepted: neither ends the endpoint.
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(DRAIN) => tracing::warn!("stopped with requests under way"),
    }
    Ok(())
}

fn answer(stream: TcpStream, front: Arc<Front>, graceful: &GracefulShutdown, permit: OwnedSemaphorePermit) {
    // Head and body of an answer are two writes: with Nagle's algorithm the second one waits for the client's delayed ACK.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let front = Arc::clone(&front);
        async move { front.handle(request).await.map_err(|error| io::Error::other(s3s::StdError::from(error))) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection of the S3 endpoint ended early");
        }
        drop(permit);
    });
}
