//! The whole pipeline on S3, SQS and DynamoDB: disorder, duplicates, two workers at once, and faults and crashes at port calls leave
//! what they leave on memory twins.

use super::dynamodb::make_table;
use super::objects::make_bucket;
use super::queues::make_queue;
use super::server::{self, Server};
use super::{clients, sdk};
use asset::ids::Sha256;
use asset::readiness::State;
use aws::{DynamoCatalog, DynamoClaims, S3Store, SqsQueue};
use e2e::faults::Fault;
use e2e::pipeline::{Pipeline, Services};
use e2e::story::{picture, remains, story};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use ports::Queue;
use ports::memory::ManualClock;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The queues run on real time: a dead worker's message comes back after 3 seconds instead of 5 minutes.
const HASTE: u32 = 100;
const BUCKET: &str = "pipeline";
/// How many of the story's port calls fail, spread over all of them: each is a world of its own, and takes seconds.
const N_FAULTS: u64 = 40;

/// Makes services of its own: a part of the bucket, a table, three queues.
async fn services(server: &Server, name: &str) -> Services {
    let clients = clients(&server.endpoint);
    let dynamodb = aws_sdk_dynamodb::Client::new(&sdk(&server.endpoint));
    make_table(&dynamodb, name).await;
    let sqs = aws_sdk_sqs::Client::new(&sdk(&server.endpoint));
    let queue = async |function: &str| {
        let (url, dead) = make_queue(&sqs, &format!("{name}-{function}"), 10).await;
        Arc::new(SqsQueue::new(clients.clone(), url, dead, 10)) as Arc<dyn Queue>
    };
    let store = |part: &str| Arc::new(S3Store::new(clients.clone(), BUCKET, format!("{name}/{part}/")));
    let clock = Arc::new(ManualClock::advancing(1_700_000_000_000));
    let its = clock.clone();
    let wait = move || {
        let clock = its.clone();
        Box::pin(async move {
            let moment = Duration::from_millis(250);
            tokio::time::sleep(moment).await;
            clock.advance(moment * HASTE);
        }) as BoxFuture<'static, ()>
    };
    Services {
        inbox: store("inbox"),
        store: store("store"),
        catalog: Arc::new(DynamoCatalog::new(clients.clone(), name)),
        claims: Arc::new(DynamoClaims::new(clients.clone(), name)),
        ingest_queue: queue("ingest").await,
        resize_queue: queue("resize").await,
        settle_queue: queue("settle").await,
        haste: HASTE,
        wait: Box::new(wait),
        clock,
    }
}

async fn disorder_and_duplicates(server: &Server) {
    let pipeline = Pipeline::on(services(server, "disorder").await);
    let first = pipeline.put("a.bmp", &picture([1, 1, 1])).await;
    pipeline.send(&first).await;
    pipeline.run().await;
    let second = pipeline.put("a.bmp", &picture([2, 2, 2])).await;
    for event in [&second, &first, &second, &first] {
        pipeline.send(event).await;
    }
    // Two hosts at once: no task is computed twice.
    tokio::join!(pipeline.run(), pipeline.run());
    let manifest = pipeline.manifest("a.bmp").await;
    assert_eq!(manifest.readiness.state, State::Ready);
    assert_eq!(manifest.readiness.version, Some(Sha256::of(&picture([2, 2, 2]))), "the older event never wins");
    assert_eq!(pipeline.imaging.n_calls.load(Ordering::SeqCst), 6, "three tasks per version, once each");
    let entry = pipeline.catalog.get(&manifest.asset).await.expect("the catalog reads").expect("it is listed");
    assert_eq!((entry.state, entry.revision, entry.n_outputs), (State::Ready, manifest.revision, 6));
}

async fn faults(server: &Server) {
    let told_without_faults = Pipeline::on(services(server, "sound").await);
    story(&told_without_faults).await;
    let expected = remains(&told_without_faults).await;
    let on_memory = Pipeline::default();
    story(&on_memory).await;
    assert_eq!(expected, remains(&on_memory).await, "the same as on memory twins");

    let n_calls = told_without_faults.meter.calls();
    assert!(n_calls > 100, "the story has {n_calls} port calls");
    let step = (n_calls / N_FAULTS).max(1) as usize;
    let plans = (1..=n_calls).step_by(step).zip(Fault::ALL.into_iter().cycle());
    let told = stream::iter(plans).map(|(call, fault)| {
        let expected = &expected;
        async move {
            let pipeline = Pipeline::on(services(server, &format!("fault-{call}")).await);
            pipeline.meter.plan(call, fault);
            story(&pipeline).await;
            // What a crash left for the sweep, if anything.
            pipeline.clock.advance(Duration::from_secs(16 * 60));
            pipeline.sweep().await;
            assert_eq!(&remains(&pipeline).await, expected, "{fault:?} at call {call} of {n_calls}");
        }
    });
    let n_told = told.buffer_unordered(8).count().await;
    assert!(n_told as u64 >= N_FAULTS, "{n_told} faults");
}

#[tokio::test]
async fn pipeline_on_ministack() {
    let server = server::ministack();
    make_bucket(&server, BUCKET).await;
    disorder_and_duplicates(&server).await;
    faults(&server).await;
}
