//! The console in a real browser: the real functions on memory twins behind the real router, driven by `tests/console/drive.mjs`.
//!
//! `cargo xtask setup` installs what this needs: Chromium, and playwright-core under `target/tools/node`.

use asset::fact::Decision;
use asset::ids::AssetId;
use asset::image::FocalPoint;
use asset::profile::Profile;
use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use console::{Access, Console, Health, QueueHealth};
use e2e::pipeline::Pipeline;
use ports::{Clock, Depth, PortError, PresignBlob, PresignedPut};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

const TOKEN: &str = "a-token-for-the-browser-test";

struct Presign {
    origin: String,
}

#[async_trait]
impl PresignBlob for Presign {
    async fn presign_put(&self, key: &str, _seconds: u32) -> Result<PresignedPut, PortError> {
        let key = key.replace('%', "%25").replace(' ', "%20").replace('#', "%23").replace('?', "%3F");
        let headers = vec![("x-signed".to_owned(), "yes".to_owned())];
        Ok(PresignedPut { url: format!("{}/inbox/{key}", self.origin), headers })
    }
}

struct Well;

#[async_trait]
impl Health for Well {
    async fn queues(&self) -> Result<Vec<QueueHealth>, PortError> {
        Ok(vec![QueueHealth { name: "resize".into(), depth: Depth::default(), dead: Vec::new() }])
    }
}

/// The inbox on another origin, as S3 is: answers the preflight, takes the file, announces it.
async fn inbox(
    State(pipeline): State<Arc<Pipeline>>,
    Path(key): Path<String>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let origin = headers.get(header::ORIGIN).cloned().unwrap_or(header::HeaderValue::from_static("null"));
    let cors = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (header::ACCESS_CONTROL_ALLOW_METHODS, header::HeaderValue::from_static("PUT")),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, header::HeaderValue::from_static("content-type, x-signed")),
    ];
    if method == Method::OPTIONS {
        return (StatusCode::NO_CONTENT, cors).into_response();
    }
    if key.starts_with("forbidden") || headers.get("x-signed").is_none_or(|value| value != "yes") {
        return (StatusCode::FORBIDDEN, cors).into_response();
    }
    pipeline.upload(&key, &body).await;
    (StatusCode::OK, cors).into_response()
}

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn sample(name: &str) -> Vec<u8> {
    let path = workspace().join("infra/local/samples").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("failed to read `{}`: {error}", path.display()))
}

/// Fills the pipeline with one asset of every kind of state.
async fn furnish(pipeline: &Pipeline) {
    pipeline.upload("broken/scan 0042.jpg", &sample("IMG_4127.JPG")[..20_000]).await;
    pipeline.upload("notes.txt", b"this is no picture").await;
    for name in ["globe.gif", "greenroom-logo-transparent.png", "Waschbaer_druck_CMYK.jpg", "IMG_4127.JPG"] {
        pipeline.upload(name, &sample(name)).await;
    }
    let long = "campaigns/2026/autumn/Team banner for the front page – final FINAL v7 (2 people).jpg";
    pipeline.upload(long, &sample("Team banner (2 people).jpg")).await;
    pipeline.upload("invoice\u{202E}gpj.<script>alert(1)<script>.jpg", &sample("Café Zürich – Espresso.jpg")).await;
    pipeline.upload("Café Zürich – Espresso.jpg", &sample("IMG_4127.JPG")).await;
    pipeline.upload("people/Portrait Eileen Collins.jpg", &sample("Portrait Eileen Collins.jpg")).await;
    pipeline.run().await;
    // A person placed a focal point, then the file was replaced.
    let source = pipeline.manifest("Café Zürich – Espresso.jpg").await.readiness.version.expect("it is there");
    let focus = FocalPoint { x: 300, y: 620 };
    pipeline.decide("Café Zürich – Espresso.jpg", Decision::MoveFocus { focus, source }).await;
    pipeline.upload("Café Zürich – Espresso.jpg", &sample("Café Zürich – Espresso.jpg")).await;
    pipeline.run().await;
    // One that is still being worked on.
    pipeline.upload("maps/World map.jpg", &sample("World map 5400x2700.jpg")).await;
    pipeline.run_until_resize_has_work().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_works_in_a_browser() {
    let tools = workspace().join("target/tools/node/node_modules/playwright-core/index.mjs");
    assert!(tools.exists(), "`{}` is missing: run `cargo xtask setup`", tools.display());

    // Fast encodings: this is about the console.
    let profile = asset::profile::DEFAULT_PROFILE.replace("effort = 4", "effort = 0").replace(", 2560]", "]");
    let profile = Profile::parse("browser test", &profile).expect("the profile is valid");
    let pipeline = Arc::new(Pipeline::new(profile.clone()));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    pipeline.clock.set(now.as_millis() as u64);
    furnish(&pipeline).await;

    let listen = async || TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (listener, bucket, empty) = (listen().await, listen().await, listen().await);
    let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().expect("bound"));
    let (origin, bucket_origin, empty_origin) = (url(&listener), url(&bucket), url(&empty));
    let console = |pipeline: &Pipeline| Console {
        store: pipeline.store.clone(),
        facts: pipeline.store.clone(),
        catalog: pipeline.catalog.clone(),
        meaning: None,
        settle: pipeline.settle_queue.clone(),
        uploads: Arc::new(Presign { origin: bucket_origin.clone() }),
        upload_origin: Some(bucket_origin.clone()),
        downloads: None,
        health: Arc::new(Well),
        profile: Arc::new(profile.clone()),
        clock: pipeline.clock.clone(),
        access: Access::new(TOKEN, &[]),
    };
    let router = console::router(console(&pipeline));
    let nothing = console::router(console(&Pipeline::new(profile.clone())));
    let inbox = Router::new().route("/inbox/{*key}", any(inbox)).with_state(pipeline.clone());
    let inbox = inbox.layer(axum::extract::DefaultBodyLimit::disable());
    for (listener, router) in [(listener, router), (bucket, inbox), (empty, nothing)] {
        tokio::spawn(async move { axum::serve(listener, router).await });
    }

    let screenshots = workspace().join("target/screenshots");
    std::fs::create_dir_all(&screenshots).expect("a folder for screenshots");
    let mut driver = Command::new("node")
        .arg(workspace().join("tests/console/drive.mjs"))
        .args([&origin, &empty_origin, TOKEN])
        .args([&tools, &screenshots])
        .arg(AssetId::of_key("people/Portrait Eileen Collins.jpg").as_str())
        .arg(AssetId::of_key("Café Zürich – Espresso.jpg").as_str())
        .arg(AssetId::of_key("broken/scan 0042.jpg").as_str())
        .env("SAMPLES", workspace().join("infra/local/samples"))
        .spawn()
        .expect("node starts");
    // The pipeline works while the browser looks; what it made is checked at the end.
    let status = loop {
        if let Some(status) = driver.try_wait().expect("the driver can be waited for") {
            break status;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        // As time does: of two verdicts in one millisecond, either may be the later one.
        pipeline.clock.advance(Duration::from_millis(500));
        // The console asked for work: let the functions do it, unless the browser still looks at the unfinished state.
        if screenshots.join("go").exists() {
            pipeline.run().await;
        }
    };
    let _ = std::fs::remove_file(screenshots.join("go"));
    assert!(status.success(), "the driver found faults: see above");
    let moved = pipeline.manifest("people/Portrait Eileen Collins.jpg").await.readiness.focus.expect("a focal point");
    assert_eq!(moved.by.as_deref(), Some("console"));
    let confirmed = pipeline.manifest("Café Zürich – Espresso.jpg").await.readiness;
    assert!(!confirmed.focus.expect("a focal point").stale, "confirming binds the focal point to the new version");
    assert!(pipeline.clock.now_ms() > 0);
}
