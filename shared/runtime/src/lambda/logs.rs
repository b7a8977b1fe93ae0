//! Logs as Lambda's JSON format wants them: one object a line, with `timestamp`, `level` and `message` at its top.

use tracing::Level;

/// Sends the process's logs to standard output, down to `AWS_LAMBDA_LOG_LEVEL`.
pub fn log_as_json() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_max_level(level.unwrap_or(Level::INFO))
        .init();
}
