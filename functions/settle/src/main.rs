//! `settle` on Lambda. Wires; decides nothing.

use asset::settle::Patience;
use aws::{Clients, DynamoCatalog, Environment, S3Store, SqsQueue};
use prompts::{Shelf, library};
use runtime::lambda::{Variables, WallClock, packed_profile, serve, start};
use settle::{Settle, Unhurried};
use std::process::ExitCode;
use std::sync::Arc;
use text::brand::with_guide;

fn main() -> ExitCode {
    start(async {
        let variables = Variables::of_process();
        let store = variables.need("GREENROOM_STORE_BUCKET");
        let table = variables.need("GREENROOM_TABLE");
        let resize = variables.need("GREENROOM_RESIZE_QUEUE_URL");
        let caption = variables.need("GREENROOM_CAPTION_QUEUE_URL");
        let tag = variables.need("GREENROOM_TAG_QUEUE_URL");
        let queue = variables.need("GREENROOM_SETTLE_QUEUE_URL");
        variables.complete()?;

        let clients = Arc::new(Clients::new(Environment::of_process()?));
        let store = Arc::new(S3Store::new(clients.clone(), store, ""));
        let queue = Arc::new(SqsQueue::new(clients.clone(), queue, "", 0));
        let clock = Arc::new(WallClock);
        let prompts = Shelf::from(library()).with_store(store.clone(), clock.clone());
        let settle = Settle {
            store: store.clone(),
            list: store.clone(),
            create: store.clone(),
            swap: store.clone(),
            delete: store,
            catalog: Arc::new(DynamoCatalog::new(clients.clone(), table)),
            resize: Arc::new(SqsQueue::sender(clients.clone(), resize)),
            caption: Some(Arc::new(SqsQueue::sender(clients.clone(), caption))),
            tag: Some(Arc::new(SqsQueue::sender(clients, tag))),
            preview: None,
            transcribe: None,
            settle: queue.clone(),
            profile: Arc::new(with_guide(packed_profile()?)?.0.without_recordings()),
            prompts: Some(Arc::new(prompts)),
            patience: Patience::default(),
            clock: clock.clone(),
        };
        serve(Unhurried::new(settle, queue.clone()), queue, clock).await
    })
}
