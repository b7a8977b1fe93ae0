//! `console` on Lambda, behind an HTTP API. Wires; decides nothing.

mod health;

use aws::{Clients, DynamoCatalog, DynamoLedger, Environment, S3Store, SqsQueue, secret};
use console::{Access, Console, router};
use health::QueueReport;
use models::book::Book;
use models::{Bedrock, Models, QueryMapper, Till};
use ports::MapQuery;
use runtime::lambda::{Variables, WallClock, packed, packed_profile, start};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    start(async {
        let variables = Variables::of_process();
        let inbox = variables.need("GREENROOM_INBOX_BUCKET");
        let store = variables.need("GREENROOM_STORE_BUCKET");
        let table = variables.need("GREENROOM_TABLE");
        let ledger = variables.need("GREENROOM_LEDGER_TABLE");
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
        let profile = packed_profile()?;
        let mut meaning: Option<Arc<dyn MapQuery>> = None;
        if let Some(name) = &profile.models.embedding {
            let book = packed("models.toml")?.map(|text| Book::parse("models.toml", &text)).transpose()?;
            let bedrock = Bedrock::new(&models::Environment::of_process()?);
            let models = Models::new(book.unwrap_or_default(), Arc::new(WallClock)).with_bedrock(bedrock);
            let ledger = Arc::new(DynamoLedger::new(clients.clone(), ledger));
            let till = Arc::new(Till::new(ledger, models.book().caps().clone(), Arc::new(WallClock)));
            meaning = Some(Arc::new(QueryMapper::new(models.embedder(name), till, Arc::new(WallClock))));
        }
        let console = Console {
            store: store.clone(),
            facts: store.clone(),
            catalog: Arc::new(DynamoCatalog::new(clients.clone(), table)),
            meaning,
            settle: Arc::new(SqsQueue::sender(clients.clone(), settle)),
            uploads: Arc::new(S3Store::new(clients.clone(), inbox, "")),
            upload_origin: Some(origin),
            downloads: Some(store),
            health: Arc::new(QueueReport::parse(&clients, &queues)?),
            profile: Arc::new(profile),
            clock: Arc::new(WallClock),
            access: Access::new(&token, &hosts).secure(true),
        };
        lambda_http::run(router(console)).await
    })
}
