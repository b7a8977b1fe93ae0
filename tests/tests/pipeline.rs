//! The whole pipeline: duplicates, disorder, poison, replaced and deleted keys, and a fault at every single port call.

use asset::fact::Decision;
use asset::ids::Sha256;
use asset::image::FocalPoint;
use asset::readiness::State;
use asset::refusal::RefusalCode;
use e2e::faults::Fault;
use e2e::pipeline::{PROFILE, Pipeline};
use e2e::story::{picture, remains, story};
use ports::Queue;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn n_outputs(manifest: &asset::manifest::Manifest) -> usize {
    manifest.readiness.outputs().count()
}

#[tokio::test]
async fn an_upload_becomes_ready() {
    let pipeline = Pipeline::default();
    pipeline.upload("a b+c%.bmp", &picture([10, 200, 30])).await;
    pipeline.run().await;
    let manifest = pipeline.manifest("a b+c%.bmp").await;
    assert_eq!(manifest.readiness.state, State::Ready, "{:?}", manifest.readiness.reason);
    // Two widths and one crop, two formats each.
    assert_eq!(n_outputs(&manifest), 6);
    assert_eq!(pipeline.imaging.n_calls.load(Ordering::SeqCst), 3, "inspect, whole, square");
    let entry = pipeline.catalog.get(&manifest.asset).await.expect("memory reads").expect("it is listed");
    assert_eq!((entry.state, entry.revision, entry.n_outputs), (State::Ready, manifest.revision, 6));
}

#[tokio::test]
async fn the_same_bytes_again_compute_nothing() {
    let pipeline = Pipeline::default();
    let bytes = picture([1, 2, 3]);
    pipeline.upload("a.bmp", &bytes).await;
    pipeline.run().await;
    let n_before = pipeline.imaging.n_calls.load(Ordering::SeqCst);
    pipeline.upload("a.bmp", &bytes).await;
    pipeline.upload("other/b.bmp", &bytes).await;
    pipeline.run().await;
    assert_eq!(pipeline.imaging.n_calls.load(Ordering::SeqCst), n_before);
    let (a, b) = (pipeline.manifest("a.bmp").await, pipeline.manifest("other/b.bmp").await);
    assert_eq!((a.readiness.state, b.readiness.state), (State::Ready, State::Ready));
    assert!(b.results.values().all(|result| result.reused_from.as_ref() == Some(&a.asset)), "b says whose work it is");
    let digests = |manifest: &asset::manifest::Manifest| -> Vec<Sha256> {
        manifest.readiness.outputs().map(|output| output.sha256.clone()).collect()
    };
    assert_eq!(digests(&a), digests(&b));
}

#[tokio::test]
async fn duplicates_and_disorder_change_nothing() {
    let pipeline = Pipeline::default();
    let first = pipeline.put("a.bmp", &picture([1, 1, 1])).await;
    pipeline.send(&first).await;
    pipeline.run().await;
    let second = pipeline.put("a.bmp", &picture([2, 2, 2])).await;
    for event in [&second, &first, &second, &first] {
        pipeline.send(event).await;
    }
    pipeline.run().await;
    let manifest = pipeline.manifest("a.bmp").await;
    assert_eq!(manifest.readiness.state, State::Ready);
    assert_eq!(manifest.readiness.version, Some(Sha256::of(&picture([2, 2, 2]))), "the older event never wins");
    assert_eq!(manifest.arrivals.len(), 2);
    assert_eq!(pipeline.imaging.n_calls.load(Ordering::SeqCst), 6, "three tasks per version, once each");
}

#[tokio::test]
async fn a_replaced_key_leaves_nothing_stale_and_keeps_the_old_version() {
    let pipeline = Pipeline::default();
    pipeline.upload("a.bmp", &picture([1, 1, 1])).await;
    pipeline.run().await;
    let before = pipeline.manifest("a.bmp").await;
    pipeline.upload("a.bmp", &picture([250, 2, 2])).await;
    pipeline.run().await;
    let after = pipeline.manifest("a.bmp").await;
    let old: Vec<_> = before.readiness.outputs().map(|output| output.key.clone()).collect();
    assert!(
        after.readiness.outputs().all(|output| !old.contains(&output.key)),
        "no output of the old version is current"
    );
    let keys = pipeline.keys().await;
    assert!(old.iter().all(|key| keys.contains(key)), "the old version's outputs are kept");
    assert_eq!(keys.iter().filter(|key| key.ends_with("/original")).count(), 2);
}

#[tokio::test]
async fn a_deleted_key_leaves_a_tombstone_and_comes_back_anew() {
    let pipeline = Pipeline::default();
    let bytes = picture([9, 9, 9]);
    pipeline.upload("a.bmp", &bytes).await;
    pipeline.run().await;
    let event = pipeline.remove("a.bmp").await;
    pipeline.send(&event).await;
    pipeline.run().await;
    let manifest = pipeline.manifest("a.bmp").await;
    assert_eq!(manifest.readiness.state, State::Deleted);
    let left: Vec<_> = pipeline.keys().await;
    assert!(
        !left.iter().any(|key| key.contains("/renditions/") || key.contains("/results/") || key.starts_with("made/")),
        "{left:?}"
    );
    assert!(left.iter().any(|key| key.ends_with("/original")), "the original stays");

    pipeline.upload("a.bmp", &bytes).await;
    pipeline.run().await;
    let manifest = pipeline.manifest("a.bmp").await;
    assert_eq!((manifest.readiness.state, n_outputs(&manifest)), (State::Ready, 6));
}

#[tokio::test]
async fn bad_files_say_what_is_wrong_and_their_siblings_go_on() {
    let pipeline = Pipeline::default();
    let mut cut = picture([1, 2, 3]);
    cut.truncate(700);
    let cases: [(&str, Vec<u8>, RefusalCode); 4] = [
        ("empty.jpg", Vec::new(), RefusalCode::Empty),
        ("archive.jpg", b"PK\x03\x04 this is no picture at all".to_vec(), RefusalCode::Unsupported),
        (
            "noise.jpg",
            (0..500u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect(),
            RefusalCode::Unsupported,
        ),
        ("cut.bmp", cut, RefusalCode::Truncated),
    ];
    pipeline.upload("good.bmp", &picture([1, 2, 3])).await;
    for (key, bytes, _) in &cases {
        pipeline.upload(key, bytes).await;
    }
    pipeline.send("{ this is no event").await;
    pipeline.run().await;
    for (key, _, code) in &cases {
        let manifest = pipeline.manifest(key).await;
        assert_eq!(manifest.readiness.state, State::Failed, "{key}");
        let (_, refusal) = manifest.readiness.gaps().next().expect("there is a reason");
        assert_eq!(refusal.code, *code, "{key}: {refusal}");
        assert!(!refusal.way_out.is_empty() && !refusal.found.is_empty(), "{key} says what to do");
    }
    assert_eq!(pipeline.manifest("good.bmp").await.readiness.state, State::Ready);
    for queue in [&pipeline.ingest_queue, &pipeline.resize_queue, &pipeline.settle_queue] {
        assert_eq!(queue.depth().await.expect("memory counts").dead, 0, "poison is a result, not a dead letter");
    }
}

#[tokio::test]
async fn a_changed_profile_makes_exactly_what_changed() {
    let mut pipeline = Pipeline::default();
    pipeline.upload("a.bmp", &picture([1, 2, 3])).await;
    pipeline.run().await;
    let n_before = pipeline.imaging.n_calls.load(Ordering::SeqCst);
    pipeline.set_profile(&PROFILE.replace("widths = [8]", "widths = [8, 12]"));
    pipeline.sweep().await;
    let manifest = pipeline.manifest("a.bmp").await;
    assert_eq!((manifest.readiness.state, n_outputs(&manifest)), (State::Ready, 8));
    assert_eq!(pipeline.imaging.n_calls.load(Ordering::SeqCst), n_before + 1, "the square view, and nothing else");
}

#[tokio::test]
async fn raised_limits_try_refused_files_again() {
    let mut pipeline = Pipeline::default();
    let profile = |max_pixels: u32| format!("[limits]\nmax_pixels = {max_pixels}\n{PROFILE}");
    pipeline.set_profile(&profile(100));
    pipeline.upload("a.bmp", &picture([1, 2, 3])).await;
    pipeline.run().await;
    let manifest = pipeline.manifest("a.bmp").await;
    let (_, refusal) = manifest.readiness.gaps().next().expect("it is refused");
    assert_eq!(refusal.code, RefusalCode::TooLarge);
    assert!(refusal.found.contains("384") && refusal.found.contains("100"), "names both numbers: {refusal}");
    assert!(refusal.way_out.contains("max_pixels"), "names the setting: {refusal}");
    pipeline.set_profile(&profile(1000));
    pipeline.sweep().await;
    assert_eq!(pipeline.manifest("a.bmp").await.readiness.state, State::Ready);
}

#[tokio::test]
async fn a_person_moves_the_focal_point() {
    let pipeline = Pipeline::default();
    let bytes = picture([1, 2, 3]);
    pipeline.upload("a.bmp", &bytes).await;
    pipeline.run().await;
    let n_before = pipeline.imaging.n_calls.load(Ordering::SeqCst);
    let focus = FocalPoint { x: 10, y: 990 };
    pipeline.decide("a.bmp", Decision::MoveFocus { focus, source: Sha256::of(&bytes) }).await;
    pipeline.run().await;
    let moved = pipeline.manifest("a.bmp").await;
    assert_eq!(moved.readiness.focus.as_ref().map(|focus| focus.point), Some(focus));
    assert_eq!(pipeline.imaging.n_calls.load(Ordering::SeqCst), n_before + 1, "only the crop is made again");

    // New bytes: the person's word stays in force, and asks for a look.
    pipeline.upload("a.bmp", &picture([200, 2, 3])).await;
    pipeline.run().await;
    let replaced = pipeline.manifest("a.bmp").await;
    assert_eq!(replaced.readiness.state, State::InReview);
    assert_eq!(replaced.readiness.focus.as_ref().map(|focus| (focus.point, focus.stale)), Some((focus, true)));
    pipeline.decide("a.bmp", Decision::ReleaseFocus).await;
    pipeline.run().await;
    assert_eq!(pipeline.manifest("a.bmp").await.readiness.state, State::Ready);
}

#[tokio::test]
async fn a_lost_task_is_found_by_the_sweep() {
    let pipeline = Pipeline::default();
    pipeline.upload("a.bmp", &picture([1, 2, 3])).await;
    // Ingest and settle run, then the task for resize is lost.
    let take = |queue: std::sync::Arc<dyn Queue>| async move {
        let batch = queue.receive(10, Duration::from_secs(60)).await.expect("memory receives");
        for message in &batch {
            queue.acknowledge(&message.receipt).await.expect("the receipt is good");
        }
        batch.len()
    };
    pipeline.run_until_resize_has_work().await;
    assert_eq!(take(pipeline.resize_queue.clone()).await, 1);
    pipeline.run().await;
    assert_eq!(pipeline.manifest("a.bmp").await.readiness.state, State::Processing);
    pipeline.clock.advance(Duration::from_secs(16 * 60));
    pipeline.sweep().await;
    assert_eq!(pipeline.manifest("a.bmp").await.readiness.state, State::Ready);
}

#[tokio::test]
async fn a_fault_at_every_port_call_changes_nothing() {
    std::panic::set_hook(Box::new(|_| {}));
    let pipeline = Pipeline::default();
    story(&pipeline).await;
    let expected = remains(&pipeline).await;
    let n_calls = pipeline.meter.calls();
    assert!(n_calls > 100, "the story has {n_calls} port calls");
    for fault in Fault::ALL {
        for call in 1..=n_calls {
            let pipeline = Pipeline::default();
            pipeline.meter.plan(call, fault);
            story(&pipeline).await;
            // What a crash left for the sweep, if anything.
            pipeline.clock.advance(Duration::from_secs(16 * 60));
            pipeline.sweep().await;
            assert_eq!(remains(&pipeline).await, expected, "{fault:?} at call {call} of {n_calls}");
        }
    }
    let _ = std::panic::take_hook();
}

#[tokio::test]
async fn deleting_an_old_version_of_a_key_changes_nothing() {
    let pipeline = Pipeline::default();
    pipeline.upload("a.bmp", &picture([1, 2, 3])).await;
    pipeline.run().await;
    let event = serde_json::json!({ "Records": [{
        "eventName": "ObjectRemoved:Delete", "eventTime": "2026-11-23T11:00:00.000Z",
        "s3": { "bucket": { "name": "inbox" },
                "object": { "key": "a.bmp", "versionId": "an-old-one", "sequencer": "FFFF" } },
    }]});
    pipeline.send(&event.to_string()).await;
    pipeline.run().await;
    assert_eq!(pipeline.manifest("a.bmp").await.readiness.state, State::Ready);
}
