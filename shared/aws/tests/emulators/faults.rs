//! Services that fail: slowly, rudely, partly.

use super::environment;
use super::server::SECRET_KEY;
use super::stub::{Answer, Request, Stub};
use asset::catalog::CatalogEntry;
use asset::ids::AssetId;
use asset::money::MicroUsd;
use asset::readiness::State;
use aws::{Clients, DynamoCatalog, DynamoClaims, DynamoLedger, S3Store, SqsQueue, Timeouts};
use bytes::Bytes;
use futures::future::{BoxFuture, join_all};
use ports::{
    Body, Cap, Catalog, Claims, CreateBlob, ETag, Envelope, Kind, Ledger, ListBlobs, PortError, Queue, ReadBlob,
    Reservation, Reserved, SendMessages, SwapBlob,
};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time limits that make a test short.
const BRIEF: Timeouts = Timeouts {
    connect: Duration::from_millis(500),
    read: Duration::from_millis(600),
    attempt: Duration::from_millis(700),
    operation: Duration::from_secs(3),
};

fn hurried(endpoint: &str) -> Arc<Clients> {
    Arc::new(Clients::with_timeouts(environment(endpoint, SECRET_KEY), BRIEF, BRIEF))
}

struct Adapters {
    store: S3Store,
    queue: SqsQueue,
    catalog: DynamoCatalog,
    claims: DynamoClaims,
    clients: Arc<Clients>,
}

fn adapters(endpoint: &str) -> Adapters {
    let clients = hurried(endpoint);
    Adapters {
        store: S3Store::new(clients.clone(), "bucket", ""),
        queue: SqsQueue::new(clients.clone(), format!("{endpoint}/1/q"), format!("{endpoint}/1/q-dead"), 3),
        catalog: DynamoCatalog::new(clients.clone(), "table"),
        claims: DynamoClaims::new(clients.clone(), "table"),
        clients,
    }
}

type Call = fn(&Adapters) -> BoxFuture<'_, Result<(), PortError>>;

/// A call of each kind, by name.
const CALLS: [(&str, Call); 10] = [
    ("head", |on| Box::pin(async { on.store.head("k").await.map(drop) })),
    ("read", |on| Box::pin(async { on.store.read("k").await.map(drop) })),
    ("create", |on| Box::pin(async { on.store.create("k", Body::from(vec![1])).await.map(drop) })),
    ("swap", |on| Box::pin(async { on.store.swap("k", Bytes::new(), None).await.map(drop) })),
    ("list", |on| Box::pin(async { on.store.list("", None, 1).await.map(drop) })),
    ("send", |on| Box::pin(async { on.queue.send(vec![Envelope::now("m".into())]).await })),
    ("receive", |on| Box::pin(async { on.queue.receive(1, Duration::ZERO).await.map(drop) })),
    ("get", |on| Box::pin(async { on.catalog.get(&AssetId::of_key("k")).await.map(drop) })),
    ("claim", |on| Box::pin(async { on.claims.claim("n", "o", 1, 2).await.map(drop) })),
    ("secret", |on| Box::pin(async { aws::secret(&on.clients, "arn").await.map(drop) })),
];

/// Makes every call, all at once, to a service that always fails the same way.
async fn assert_retried(fault: &str, endpoint: &str) {
    let on = adapters(endpoint);
    let start = Instant::now();
    let calls = CALLS.map(|(name, call)| {
        let answer = call(&on);
        async move { (name, answer.await) }
    });
    for (name, answer) in join_all(calls).await {
        let error = answer.expect_err("the service fails");
        assert!(matches!(error.kind, Kind::Retry(_)), "{name}, {fault}: {:?} ({error})", error.kind);
        assert!(std::error::Error::source(&error).is_some(), "{name}, {fault}: no cause");
    }
    // The limit of the whole operation, and a bit for a busy machine.
    assert!(start.elapsed() < BRIEF.operation + Duration::from_secs(2), "{fault}: {:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_service_is_asked_again_later() {
    let slow_down = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
    let faults =
        [("503", Answer::Http(503, Vec::new(), slow_down.into())), ("reset", Answer::Reset), ("hang", Answer::Hang)];
    for (fault, answer) in faults {
        let stub = Stub::start(move |_, _| answer.clone()).await;
        assert_retried(fault, &stub.endpoint).await;
        let n_requests = stub.requests().len();
        assert!(n_requests <= 3 * CALLS.len(), "{fault}: {n_requests} requests");
    }
    // Nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    assert_retried("refused", &format!("http://{}", port.expect("a port"))).await;
}

fn object_headers(n_bytes: usize) -> Vec<(&'static str, String)> {
    vec![
        ("etag", "\"abc\"".into()),
        ("accept-ranges", "bytes".into()),
        ("last-modified", "Mon, 23 Nov 2026 10:00:00 GMT".into()),
        ("x-of", n_bytes.to_string()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_moment_is_not_noticed() {
    let stub = Stub::start(|n, _| match n {
        0 => Answer::Http(503, Vec::new(), String::new()),
        1 => Answer::Reset,
        _ => Answer::Http(200, object_headers(5), "hello".into()),
    })
    .await;
    let blob = adapters(&stub.endpoint).store.read("k").await.expect("reads");
    assert_eq!((blob.bytes, blob.etag), (Bytes::from_static(b"hello"), ETag("abc".into())));
    assert_eq!(stub.requests().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_is_continued() {
    let stub = Stub::start(|n, request| match n {
        0 => Answer::Cut(object_headers(10), 10, b"0123".to_vec()),
        _ if request.header("range") == Some("bytes=4-9") => Answer::Http(206, object_headers(10), "456789".into()),
        _ => Answer::Http(400, Vec::new(), String::new()),
    })
    .await;
    assert_eq!(adapters(&stub.endpoint).store.read("k").await.expect("reads").bytes, "0123456789");
    assert_eq!(stub.requests()[1].header("if-match"), Some("\"abc\""), "two contents could be mixed");

    let changed = Stub::start(|n, _| match n {
        0 => Answer::Cut(object_headers(10), 10, b"0123".to_vec()),
        _ => Answer::Http(412, Vec::new(), String::new()),
    })
    .await;
    let error = adapters(&changed.endpoint).store.read("k").await.expect_err("it changed");
    assert_eq!(error.kind, Kind::Conflict);

    // A service that always breaks off is given up.
    let hopeless = Stub::start(|_, _| Answer::Cut(object_headers(10), 10, b"0".to_vec())).await;
    let error = adapters(&hopeless.endpoint).store.read("k").await.expect_err("it never ends");
    assert!(matches!(error.kind, Kind::Retry(_)), "{error}");
    assert!(hopeless.requests().len() < 8, "{} requests", hopeless.requests().len());
}

fn json(body: serde_json::Value) -> Answer {
    Answer::Http(200, vec![("content-type", "application/x-amz-json-1.0".into())], body.to_string())
}

/// The answer to a batch in which the entries that `fails` names by their body are refused.
fn batch_answer(request: &Request, fault_is_ours: bool, fails: impl Fn(&str) -> bool) -> Answer {
    let request: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for entry in request["Entries"].as_array().expect("entries") {
        if fails(entry["MessageBody"].as_str().expect("a body")) {
            let code = if fault_is_ours { "InvalidMessageContents" } else { "InternalError" };
            bad.push(serde_json::json!({"Id": entry["Id"], "SenderFault": fault_is_ours, "Code": code}));
        } else {
            good.push(serde_json::json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "d"}));
        }
    }
    json(serde_json::json!({"Successful": good, "Failed": bad}))
}

fn bodies(request: &Request) -> Vec<String> {
    let request: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
    let entries = request["Entries"].as_array().expect("entries").iter();
    entries.map(|entry| entry["MessageBody"].as_str().expect("a body").to_owned()).collect()
}

async fn send_four(stub: &Stub) -> Result<(), PortError> {
    let messages = ["a", "b", "c", "d"].map(|body| Envelope::now(body.to_owned()));
    adapters(&stub.endpoint).queue.send(messages.to_vec()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_entries_of_a_batch_are_sent_again() {
    let stub = Stub::start(|n, request| {
        batch_answer(request, false, |body| n == 0 && "bd".contains(body) || n == 1 && body == "d")
    })
    .await;
    send_four(&stub).await.expect("all are sent in the end");
    let sent: Vec<String> = stub.requests().iter().map(|request| bodies(request).concat()).collect();
    assert_eq!(sent, ["abcd", "bd", "d"]);

    let ours = Stub::start(|_, request| batch_answer(request, true, |body| body == "b")).await;
    assert_eq!(send_four(&ours).await.expect_err("it is refused").kind, Kind::Fatal);
    assert_eq!(ours.requests().len(), 1, "what is wrong stays wrong");

    let never = Stub::start(|_, request| batch_answer(request, false, |body| body == "b")).await;
    let error = send_four(&never).await.expect_err("it is never taken");
    assert!(matches!(error.kind, Kind::Retry(_)), "{error}");
    assert_eq!(never.requests().len(), 4);
}

fn target(request: &Request) -> &str {
    request.header("x-amz-target").and_then(|target| target.split('.').next_back()).unwrap_or_default()
}

/// The emulators do not have this call, so its shape is taken from AWS's documentation.
#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_moved_by_the_service_where_it_can() {
    let stub = Stub::start(|n, request| match target(request) {
        "GetQueueAttributes" => {
            let is_dead = request.body.contains("q-dead");
            let arn = format!("arn:aws:sqs:us-east-1:1:{}", if is_dead { "q-dead" } else { "q" });
            json(serde_json::json!({"Attributes": {"QueueArn": arn}}))
        }
        "StartMessageMoveTask" => json(serde_json::json!({"TaskHandle": "t"})),
        "ListMessageMoveTasks" => {
            let (status, n_moved) = if n < 4 { ("RUNNING", 3) } else { ("COMPLETED", 7) };
            json(serde_json::json!({"Results": [{"Status": status, "ApproximateNumberOfMessagesMoved": n_moved}]}))
        }
        _ => Answer::Http(400, Vec::new(), String::new()),
    })
    .await;
    assert_eq!(adapters(&stub.endpoint).queue.redrive().await.expect("moves"), 7);
    let requests = stub.requests();
    let targets: Vec<&str> = requests.iter().map(target).collect();
    let expected = ["GetQueueAttributes", "GetQueueAttributes", "StartMessageMoveTask"];
    assert_eq!(targets[..3], expected);
    let start: serde_json::Value = serde_json::from_str(&requests[2].body).expect("JSON");
    assert_eq!(start["SourceArn"], "arn:aws:sqs:us-east-1:1:q-dead");
    assert_eq!(start["DestinationArn"], "arn:aws:sqs:us-east-1:1:q");
    assert_eq!(targets[3..], ["ListMessageMoveTasks"; 2]);
}

fn entry() -> CatalogEntry {
    CatalogEntry {
        asset: AssetId::of_key("a b.png"),
        key: "a b.png".into(),
        revision: 1,
        state: State::Ready,
        reason: None,
        version: None,
        kind: "image/png".into(),
        bytes: 1,
        width: 1,
        height: 1,
        n_outputs: 0,
        output_bytes: 0,
        n_done: 0,
        n_steps: 0,
        thumbnail: None,
        thumbhash: None,
        created_ms: 1,
        updated_ms: 1,
        profile: "p".into(),
        texts: Vec::new(),
        vector: None,
    }
}

/// A transaction that was not done, with the code of each action.
fn cancelled(reasons: &str) -> Answer {
    let reasons: serde_json::Value = reasons.split(' ').map(|code| serde_json::json!({"Code": code})).collect();
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    let body = serde_json::json!({"__type": kind, "CancellationReasons": reasons, "Message": "cancelled"});
    Answer::Http(400, vec![("content-type", "application/x-amz-json-1.0".into())], body.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn leftovers_and_conflicts_of_the_table_are_tried_again() {
    let stub = Stub::start(move |n, request| match (n, target(request)) {
        (1, "BatchWriteItem") => {
            let request: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
            let left = &request["RequestItems"]["table"][0];
            json(serde_json::json!({"UnprocessedItems": {"table": [left]}}))
        }
        (3, "TransactWriteItems") => cancelled("ConditionalCheckFailed None None"),
        (6, "TransactWriteItems") => cancelled("None TransactionConflict None"),
        _ => json(serde_json::json!({})),
    })
    .await;
    assert!(adapters(&stub.endpoint).catalog.upsert(&entry()).await.expect("writes"));
    let requests = stub.requests();
    let targets: Vec<&str> = requests.iter().map(target).collect();
    let round = ["GetItem", "BatchWriteItem", "TransactWriteItems"];
    let expected =
        [&["GetItem", "BatchWriteItem", "BatchWriteItem", "TransactWriteItems"][..], &round, &round].concat();
    assert_eq!(targets, expected);

    let throttled = Stub::start(move |_, request| match target(request) {
        "TransactWriteItems" => cancelled("None None ThrottlingError"),
        _ => json(serde_json::json!({})),
    })
    .await;
    let error = adapters(&throttled.endpoint).catalog.upsert(&entry()).await.expect_err("throttled");
    assert!(matches!(error.kind, Kind::Retry(_)), "{error}");

    let refused = Stub::start(move |_, request| match target(request) {
        "TransactWriteItems" => cancelled("None ValidationError None"),
        _ => json(serde_json::json!({})),
    })
    .await;
    let error = adapters(&refused.endpoint).catalog.upsert(&entry()).await.expect_err("refused");
    assert_eq!(error.kind, Kind::Fatal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_that_meets_another_is_tried_again_and_its_refusal_is_read_from_the_reasons() {
    let reservation = Reservation {
        id: "1".into(),
        at_ms: 1,
        day: "2026-11-23".into(),
        asset: "a".into(),
        collection: "c".into(),
        capability: "caption".into(),
        model: "m".into(),
        forecast: MicroUsd(5),
    };
    let caps = [Cap { scope: "day".into(), limit: MicroUsd(10) }];
    let reserve = async |endpoint: &str| {
        let ledger = DynamoLedger::new(hurried(endpoint), "table");
        ledger.reserve(&reservation, &caps).await
    };

    let conflict = Stub::start(|n, _| match n {
        0 => cancelled("None None TransactionConflict"),
        _ => json(serde_json::json!({})),
    })
    .await;
    assert_eq!(reserve(&conflict.endpoint).await.expect("the second time"), Reserved::Taken);
    assert_eq!(conflict.requests().len(), 2);

    // The reason does not say how much is used, so the account is read.
    let account = |_, request: &Request| match target(request) {
        "GetItem" => json(serde_json::json!({"Item": {"used_micros": {"N": "7"}}})),
        _ => cancelled("None None ConditionalCheckFailed"),
    };
    let full = Stub::start(account).await;
    let expected =
        Reserved::CapFull { scope: "day".into(), limit: MicroUsd(10), used: MicroUsd(7), forecast: MicroUsd(5) };
    assert_eq!(reserve(&full.endpoint).await.expect("an answer"), expected);

    let there = Stub::start(|_, _| cancelled("ConditionalCheckFailed None ConditionalCheckFailed")).await;
    assert_eq!(reserve(&there.endpoint).await.expect("an answer"), Reserved::AlreadyReserved);

    for (reasons, is_fatal) in [("None None ThrottlingError", false), ("None None ValidationError", true)] {
        let refused = Stub::start(move |_, _| cancelled(reasons)).await;
        let error = reserve(&refused.endpoint).await.expect_err(reasons);
        assert_eq!(error.kind == Kind::Fatal, is_fatal, "{reasons}: {error}");
    }
}

/// Errors as the services word them, through the SDKs' own parsers.
#[tokio::test(flavor = "multi_thread")]
async fn errors_as_they_are_on_the_wire() {
    let xml = |code: &str| format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>");
    let sqs = |code: &str| format!("{{\"__type\":\"com.amazonaws.sqs#{code}\",\"message\":\"m\"}}");
    let table = |code: &str| format!("{{\"__type\":\"com.amazonaws.dynamodb.v20120810#{code}\",\"message\":\"m\"}}");
    let cases = [
        ("create", 412, xml("PreconditionFailed"), Some(Kind::Exists)),
        ("swap", 412, xml("PreconditionFailed"), Some(Kind::Conflict)),
        ("swap", 409, xml("ConditionalRequestConflict"), Some(Kind::Conflict)),
        ("create", 409, xml("ConditionalRequestConflict"), None),
        ("swap", 404, xml("NoSuchKey"), Some(Kind::Conflict)),
        ("read", 404, xml("NoSuchKey"), Some(Kind::NotFound)),
        ("read", 404, xml("NoSuchBucket"), Some(Kind::Fatal)),
        ("read", 403, xml("AccessDenied"), Some(Kind::Fatal)),
        ("head", 404, String::new(), Some(Kind::NotFound)),
        ("head", 403, String::new(), Some(Kind::Fatal)),
        ("create", 400, xml("RequestTimeout"), None),
        ("send", 400, sqs("QueueDoesNotExist"), Some(Kind::Fatal)),
        ("receive", 403, sqs("RequestThrottled"), None),
        ("get", 400, table("ResourceNotFoundException"), Some(Kind::Fatal)),
        ("get", 400, table("ProvisionedThroughputExceededException"), None),
        ("claim", 400, table("ThrottlingException"), None),
        ("claim", 400, table("ValidationException"), Some(Kind::Fatal)),
    ];
    for (name, status, body, expected) in cases {
        let (_, call) = CALLS.iter().find(|(there, _)| *there == name).expect("a call");
        let wire = body.clone();
        let stub = Stub::start(move |_, _| Answer::Http(status, Vec::new(), wire.clone())).await;
        let error = call(&adapters(&stub.endpoint)).await.expect_err("an error");
        match expected {
            Some(kind) => assert_eq!(error.kind, kind, "{name}, {status} {body}"),
            None => assert!(matches!(error.kind, Kind::Retry(_)), "{name}, {status} {body}: {:?}", error.kind),
        }
    }
}
