//! `resize` on Lambda. Wires; decides nothing.

use aws::{Clients, DynamoClaims, Environment, S3Store, SqsQueue};
use resize::{MediaImaging, Resize};
use runtime::lambda::{Variables, WallClock, serve, start};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    start(async {
        let variables = Variables::of_process();
        let store = variables.need("GREENROOM_STORE_BUCKET");
        let table = variables.need("GREENROOM_TABLE");
        let queue = variables.need("GREENROOM_RESIZE_QUEUE_URL");
        let settle = variables.need("GREENROOM_SETTLE_QUEUE_URL");
        variables.complete()?;

        let clients = Arc::new(Clients::new(Environment::of_process()?));
        let store = Arc::new(S3Store::new(clients.clone(), store, ""));
        let resize = Resize {
            store: store.clone(),
            create: store.clone(),
            copy: store,
            claims: Arc::new(DynamoClaims::new(clients.clone(), table)),
            settle: Arc::new(SqsQueue::sender(clients.clone(), settle)),
            imaging: Arc::new(MediaImaging),
            clock: Arc::new(WallClock),
        };
        serve(resize, Arc::new(SqsQueue::new(clients, queue, "", 0)), Arc::new(WallClock)).await
    })
}
