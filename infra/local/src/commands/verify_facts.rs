//! Facts against their manifest: two copies of every word, written by different functions, that must agree.

use super::verify::Report;
use crate::node::Node;
use anyhow::Result;
use asset::fact::{Arrival, TaskResult, Verdict};
use asset::keys::{self, FactKey};
use asset::manifest::{Manifest, result_name};
use asset::readiness::derive;
use ports::ReadBlob;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Reports every fact that is not what was folded, every folded one that is gone, and a manifest that does not follow from its facts.
///
/// A fact is compact JSON without a byte to spare, so one changed byte makes it another fact, or none.
pub async fn check(node: &Node, manifest: &Manifest, objects: &BTreeSet<String>, report: &mut Report) -> Result<()> {
    let asset = &manifest.asset;
    let mut missing = folded(manifest);
    for key in objects {
        let Some(fact) = keys::parse_fact(asset, key) else { continue };
        missing.remove(key);
        let bytes = node.store.read(key).await?.bytes;
        let agrees = match fact {
            FactKey::Arrival(sequencer) => agrees::<Arrival>(&bytes, manifest.arrivals.get(&sequencer)),
            FactKey::Result { generation, task, attempt } => {
                let name = result_name(&generation, &task, &attempt);
                agrees::<TaskResult>(&bytes, manifest.results.get(&name))
            }
            FactKey::Verdict(id) => agrees::<Verdict>(&bytes, manifest.verdicts.get(&id)),
        };
        report.facts += 1;
        if !agrees {
            report.problems.push(format!("`{key}` is not what the manifest of `{asset}` was folded from"));
        }
    }
    report.problems.extend(missing.into_iter().map(|key| format!("`{key}` is in the manifest and not in the store")));
    // Under another profile the next sweep derives it anew.
    let profile = node.prompts.complete(&Arc::new(node.settings.profile.clone())).await?;
    if manifest.readiness.profile == profile.digest() && derive(manifest, &profile).0 != manifest.readiness {
        report.problems.push(format!("what the manifest of `{asset}` concludes does not follow from its facts"));
    }
    Ok(())
}

/// Says whether a fact is the folded one. One that is not folded, yet or any more, is not judged here.
fn agrees<T: DeserializeOwned + Serialize + PartialEq>(bytes: &[u8], folded: Option<&T>) -> bool {
    let Some(folded) = folded else { return true };
    let Ok(fact) = serde_json::from_slice::<T>(bytes) else { return false };
    // The value too, for a name that nobody knows is passed over above.
    let (stored, known) = (serde_json::from_slice::<Value>(bytes), serde_json::to_value(folded));
    fact == *folded && matches!((stored, known), (Ok(stored), Ok(known)) if is_part(&stored, &known))
}

/// Says whether everything that was stored is known. A fact of an older Greenroom may have fewer fields.
fn is_part(stored: &Value, known: &Value) -> bool {
    match (stored, known) {
        (Value::Object(stored), Value::Object(known)) => {
            stored.iter().all(|(name, value)| known.get(name).is_some_and(|known| is_part(value, known)))
        }
        (Value::Array(stored), Value::Array(known)) => {
            stored.len() == known.len() && stored.iter().zip(known).all(|(stored, known)| is_part(stored, known))
        }
        _ => stored == known,
    }
}

/// Returns the keys of everything that was folded.
fn folded(manifest: &Manifest) -> BTreeSet<String> {
    let arrivals = manifest.arrivals.values().map(keys::arrival);
    let results = manifest.results.values().map(keys::result);
    let verdicts = manifest.verdicts.values().map(keys::verdict);
    arrivals.chain(results).chain(verdicts).collect()
}
