//! `console` on Lambda, behind an HTTP API. Wires; decides nothing.

mod health;

use aws::{Clients, DynamoCatalog, Environment, S3Store, SqsQueue, secret};
use console::{Access, Console, router};
use health::QueueReport;
use runtime::lambda::{Variables, WallClock, packed_profile, start};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    start(async {
        let variables = Variables::of_process();
        let inbox = variables.need("GREENROOM_INBOX_BUCKET");
        let store = variables.need("GREENROOM_STORE_BUCKET");
        let table = variables.need("GREENROOM_TABLE");
        let settle = variables.need("GREENROOM_SETTLE_QUEUE_URL");
        let token = variables.need("GREENROOM_CONSOLE_SECRET");
        let origin = variables.need("GREENROOM_UPLOAD_ORIGIN");
        let queues = variables.need("GREENROOM_QUEUES");
        let hosts = variables.need("GREENROOM_CONSOLE_HOSTS");
        variables.complete()?;

        let clients = Arc::new(Clients::new(Environment::of_process()?));
        let token = secret(&clients, &token).await?;
        let hosts: Vec<String> = hosts.split(',').map(str::to_owned).collect();
        let store = Arc::new(S3Store::new(clients.clone(), store, ""));
        let console = Console {
            store: store.clone(),
            facts: store.clone(),
            catalog: Arc::new(DynamoCatalog::new(clients.clone(), table)),
            meaning: None,
            settle: Arc::new(SqsQueue::sender(clients.clone(), settle)),
            uploads: Arc::new(S3Store::new(clients.clone(), inbox, "")),
            upload_origin: Some(origin),
            downloads: Some(store),
            health: Arc::new(QueueReport::parse(&clients, &queues)?),
            profile: Arc::new(packed_profile()?),
            clock: Arc::new(WallClock),
            access: Access::new(&token, &hosts).secure(true),
        };
        lambda_http::run(router(console)).await
    })
}
