//! A person's word: a fact like any other, created once, and `settle` is told.

use asset::fact::{Decision, Verdict};
use asset::ids::AssetId;
use asset::keys;
use asset::task::Settled;
use ports::{Body, Clock, CreateBlob, Envelope, Kind, PortError, SendMessages};

/// Records a decision and asks `settle` to look. For the console and the command line alike.
///
/// If the message cannot be sent the verdict stands all the same, and the sweep finds it; the error still tells the caller.
pub async fn give(
    facts: &dyn CreateBlob,
    settle: &dyn SendMessages,
    clock: &dyn Clock,
    asset: &AssetId,
    by: &str,
    decision: Decision,
) -> Result<Verdict, PortError> {
    let at_ms = clock.now_ms();
    let mut verdict = Verdict { asset: asset.clone(), id: String::new(), by: by.to_owned(), at_ms, decision };
    // Two verdicts of one millisecond take different ids; by the third collision something else is wrong.
    for _ in 0..3 {
        verdict.id = Verdict::new_id(at_ms, (clock.random() >> 32) as u32);
        let body = serde_json::to_vec(&verdict).expect("a verdict serializes to JSON");
        match facts.create(&keys::verdict(&verdict), Body::from(body)).await {
            Err(error) if error.kind == Kind::Exists => {}
            Err(error) => return Err(error),
            Ok(_) => {
                settle.send(vec![Envelope::now(Settled { asset: asset.clone() }.body())]).await?;
                return Ok(verdict);
            }
        }
    }
    Err(PortError::new(Kind::Conflict, "record a verdict on", asset.as_str()))
}
