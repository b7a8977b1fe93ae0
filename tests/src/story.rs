//! A story with every turn, told to a pipeline, and what it must leave behind whatever went wrong on the way.

use crate::pipeline::Pipeline;
use asset::fact::Outcome;
use asset::ids::Sha256;
use std::collections::BTreeMap;

/// A real picture of its own: a BMP, because that takes ten lines to write. 24 by 16 pixels, one colour.
pub fn picture(color: [u8; 3]) -> Vec<u8> {
    let (width, height) = (24u32, 16u32);
    let size = 54 + width * height * 3;
    let mut bytes = b"BM".to_vec();
    for word in [size, 0, 54, 40, width, height] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend([1, 0, 24, 0]);
    bytes.extend([0; 24]);
    bytes.extend(color.repeat((width * height) as usize));
    bytes
}

/// Everything that a story left behind, without times: what must be the same whatever went wrong on the way.
pub async fn remains(pipeline: &Pipeline) -> BTreeMap<String, String> {
    let mut remains = BTreeMap::new();
    for key in pipeline.keys().await.into_iter().filter(|key| !key.contains("/facts/") && !key.starts_with("made/")) {
        let blob = ports::ReadBlob::read(pipeline.store.as_ref(), &key).await.expect("it is there");
        let content = match key.ends_with("manifest.json") {
            true => {
                let manifest: asset::manifest::Manifest = serde_json::from_slice(&blob.bytes).expect("it parses");
                let results = manifest.results.values().filter(|result| !matches!(result.outcome, Outcome::Refused(_)));
                format!("{:?} {}", manifest.readiness, results.count())
            }
            false => Sha256::of(&blob.bytes).to_string(),
        };
        remains.insert(key, content);
    }
    remains
}

/// Upload, upload the same elsewhere, replace, delete, upload again, a bad file.
pub async fn story(pipeline: &Pipeline) {
    pipeline.upload("a.bmp", &picture([1, 1, 1])).await;
    pipeline.upload("bad.jpg", b"no picture").await;
    pipeline.run().await;
    pipeline.upload("b.bmp", &picture([1, 1, 1])).await;
    pipeline.upload("a.bmp", &picture([2, 2, 2])).await;
    pipeline.run().await;
    let event = pipeline.remove("b.bmp").await;
    pipeline.send(&event).await;
    pipeline.run().await;
    pipeline.upload("b.bmp", &picture([1, 1, 1])).await;
    pipeline.run().await;
}
