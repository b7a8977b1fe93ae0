//! What a call that failed means for its task.

use crate::run::Away;
use asset::refusal::{Refusal, RefusalCode};
use models::{Class, ModelError};
use runtime::Failure;

/// How much of an answer of no use is kept for the person who looks into it.
const RAW_CHARACTERS: usize = 2000;

/// Returns the refusal of an answer that nothing can be made of; it keeps the answer.
pub fn bad_answer(why: &str, raw: &str) -> Refusal {
    let raw: String = raw.chars().take(RAW_CHARACTERS).collect();
    let found = format!("{why}; it answered: {raw}");
    Refusal::new(
        RefusalCode::BadAnswer,
        found,
        "try again with `greenroom retry ASSET`, or choose another model in the profile",
    )
}

/// What a failed call means for the task: wait for the model, or say for good why there are no words.
pub fn failed(error: Box<ModelError>) -> Result<Refusal, Failure> {
    if let Some(after) = error.retry_after() {
        return Err(Failure::retry(after, Away(error)));
    }
    let refusal = match &error.class {
        Class::BadOutput { errors, raw } => bad_answer(&errors.join(", "), raw),
        Class::Blocked { reason } => Refusal::new(
            RefusalCode::Declined,
            format!("{error}: {reason}"),
            "write it yourself with `greenroom review edit`, or choose another model in the profile",
        ),
        Class::Budget(_) => Refusal::new(
            RefusalCode::OverBudget,
            error.to_string(),
            "do what it says, then `greenroom retry ASSET`, or write it yourself with `greenroom review edit`",
        ),
        _ => Refusal::new(
            RefusalCode::Blocked,
            error.to_string(),
            "mend what it says in models.toml or in the profile, then `greenroom retry ASSET`",
        ),
    };
    Ok(refusal)
}
