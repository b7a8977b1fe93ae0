//! CPU work off the async threads, with a panic as a value.

use std::any::Any;

/// The work panicked; the message is the panic's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the work panicked: {0}")]
pub struct Panicked(pub String);

/// Runs `work` on the blocking pool.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn cpu<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Panicked> {
    tokio::task::spawn_blocking(work).await.map_err(|error| match error.try_into_panic() {
        Ok(payload) => Panicked(panic_message(payload.as_ref())),
        Err(error) => Panicked(error.to_string()),
    })
}

/// Returns the text of a panic's payload.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
