//! Every message on the wire has a sample in `events/samples`.

use crate::make;
use asset::embedding::EmbedSpec;
use asset::event::{InboxChange, parse_inbox_events};
use asset::field::{Field, Placement, WriteSpec};
use asset::image::FocalPoint;
use asset::plan;
use asset::sequencer::Sequencer;
use asset::task::{Job, Settled, Task};
use expect_test::{ExpectFile, expect, expect_file};
use serde::Serialize;
use std::path::Path;

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/samples");

#[test]
fn every_inbox_sample_parses() {
    let folder = Path::new(SAMPLES).join("inbox");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("the samples are there")
        .map(|entry| entry.expect("readable").path())
        .collect();
    names.sort();
    let mut lines = String::new();
    for path in names {
        let body = std::fs::read_to_string(&path).expect("a sample is text");
        lines.push_str(&format!("{}\n", path.file_name().expect("a file").to_string_lossy()));
        for event in parse_inbox_events(&body).unwrap_or_else(|error| panic!("{}: {error}", path.display())) {
            let change = match event.change {
                InboxChange::Put { etag, bytes } => format!("put {bytes:?} {}", etag.unwrap_or_default()),
                InboxChange::Delete => "delete".into(),
            };
            let version = event.version_id.map(|id| format!(" version {id}")).unwrap_or_default();
            lines.push_str(&format!("  {} {} `{}` {change}{version}\n", event.sequencer, event.bucket, event.key));
        }
    }
    expect![[r#"
        eventbridge-created-moto.json
          617F08299329D189 inbox `k.mp4` put Some(1) 9dd4e461268c8034f5c8564e155c67a6
        eventbridge-created.json
          617F08299329D189 inbox `photos/a+b %2B c.jpg` put Some(5) b1946ac92492d2347c6235b4d2611184 version IYV3p45BT0ac8hjHg1houSdS1a.Mro8e
        eventbridge-deleted.json
          617F0837B476E463 inbox `photos/a+b %2B c.jpg` delete version 1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF
        eventbridge-tags.json
        s3-copy.json
          00000660E510798A84 inbox `copy of 🦀.gif` put Some(1) 9dd4e461268c8034f5c8564e155c67a6
        s3-delete-marker.json
          0055AED6DCD9028201 inbox `a+b ü.png` delete version Kd5lBYPTqRWQWTWuHzoHw2sBLfRsFe0d
        s3-delete.json
          0055AED6DCD90282 inbox `photos/Hero shot (1).jpg` delete
        s3-empty-file.json
          00000660E51A1E381E inbox `empty.png` put Some(0) d41d8cd98f00b204e9800998ecf8427e
        s3-folder-marker.json
        s3-lifecycle-expiration.json
          0055AED6DCD9028202 inbox `old/poster.jpg` delete
        s3-multipart.json
          0055AED6DCD90281F inbox `film stills/long take.tif` put Some(73400320) b54357faf0632cce46e942fa68356b38-9
        s3-put-versioned.json
          0055AED6DCD90281E6 inbox `a+b ü.png` put Some(157) 9dd4e461268c8034f5c8564e155c67a6 version 096fKKXTRTtl3on89fVO.nfljtsv6qko
        s3-put.json
          0055AED6DCD90281E5 inbox `photos/Hero shot (1).jpg` put Some(245771) 869c7cd64d61e078836b1fa38541f5ad
        s3-tagging.json
        s3-test-event.json
        s3-two-records.json
          0055AED6DCD90281E5 inbox `photos/Hero shot (1).jpg` put Some(245771) 869c7cd64d61e078836b1fa38541f5ad
          0055AED6DCD9028204 inbox `b.jpg` delete
        s3-without-sequencer.json
          006B036AFF1A76E7 inbox `in/a b+ü.jpg` put Some(1) 9dd4e461268c8034f5c8564e155c67a6
        sns-put.json
          0055AED6DCD90281E5 inbox `photos/Hero shot (1).jpg` put Some(245771) 869c7cd64d61e078836b1fa38541f5ad
    "#]].assert_eq(&lines);
}

#[test]
fn another_services_event_is_no_upload() {
    let body = std::fs::read_to_string(Path::new(SAMPLES).join("transcribe/completed.json")).expect("a sample");
    let found = parse_inbox_events(&body);
    assert!(found.as_ref().map_or(true, |events| events.is_empty()), "{found:?}");
}

fn check<T: Serialize>(value: &T, file: ExpectFile) {
    file.assert_eq(&format!("{}\n", serde_json::to_string_pretty(value).expect("messages serialize")));
}

#[test]
fn tasks_are_spelled_as_in_the_samples() {
    let profile = make::small();
    let collection = profile.collection_of(make::KEY).expect("a collection owns the key");
    let jobs = plan::renders(collection, FocalPoint { x: 300, y: 400 });
    let task = |job: Job| make::task(&Sequencer::ZERO, "v1", 0, job, &profile);
    check(&task(Job::Inspect), expect_file!["../../../../events/samples/resize/inspect.json"]);
    check(&task(jobs[1].clone()), expect_file!["../../../../events/samples/resize/render.json"]);
    let write = WriteSpec {
        field: Field::AltText,
        placement: Placement::Informative,
        locale: "en".into(),
        max_characters: 150,
        model: "vision-small".into(),
        prompt: make::prompt("1.0.0").1,
        vocabulary: None,
        brand: None,
        file_name: None,
    };
    let write = Task { collection: "default".into(), ..task(Job::Write(write)) };
    check(&write, expect_file!["../../../../events/samples/caption/write.json"]);
    let embed = EmbedSpec { model: "embedding-small".into(), text: "A hero.\nhero".into() };
    let embed = Task { collection: "default".into(), ..task(Job::Embed(embed)) };
    check(&embed, expect_file!["../../../../events/samples/tag/embed.json"]);
    check(&Settled { asset: make::asset() }, expect_file!["../../../../events/samples/settle/settled.json"]);
}
