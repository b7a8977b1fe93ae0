//! `ingest` on Lambda. Wires; decides nothing.

use aws::{Clients, Environment, S3Store, SqsQueue};
use ingest::Ingest;
use runtime::lambda::{Variables, WallClock, serve, start};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    start(async {
        let variables = Variables::of_process();
        let inbox = variables.need("GREENROOM_INBOX_BUCKET");
        let store = variables.need("GREENROOM_STORE_BUCKET");
        let queue = variables.need("GREENROOM_INGEST_QUEUE_URL");
        let settle = variables.need("GREENROOM_SETTLE_QUEUE_URL");
        variables.complete()?;

        let clients = Arc::new(Clients::new(Environment::of_process()?));
        let store = Arc::new(S3Store::new(clients.clone(), store, ""));
        let ingest = Ingest {
            bucket: inbox.clone(),
            inbox: Arc::new(S3Store::new(clients.clone(), inbox, "")),
            store: store.clone(),
            facts: store,
            settle: Arc::new(SqsQueue::sender(clients.clone(), settle)),
            clock: Arc::new(WallClock),
        };
        serve(ingest, Arc::new(SqsQueue::new(clients, queue, "", 0)), Arc::new(WallClock)).await
    })
}
