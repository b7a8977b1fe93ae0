//! `caption` on Lambda. Wires; decides nothing.

use aws::{Clients, DynamoClaims, DynamoLedger, Environment, S3Store, SqsQueue};
use caption::Caption;
use models::book::Book;
use models::{Bedrock, Models, Till};
use prompts::{Shelf, library};
use runtime::lambda::{Variables, WallClock, packed, packed_profile, serve, start};
use std::process::ExitCode;
use std::sync::Arc;
use text::brand::with_guide;
use vision::{MediaPreview, Relevance, Vision};

fn main() -> ExitCode {
    start(async {
        let variables = Variables::of_process();
        let store = variables.need("GREENROOM_STORE_BUCKET");
        let table = variables.need("GREENROOM_TABLE");
        let ledger = variables.need("GREENROOM_LEDGER_TABLE");
        let queue = variables.need("GREENROOM_CAPTION_QUEUE_URL");
        let settle = variables.need("GREENROOM_SETTLE_QUEUE_URL");
        variables.complete()?;

        let book = packed("models.toml")?.map(|text| Book::parse("models.toml", &text)).transpose()?;
        let bedrock = Bedrock::new(&models::Environment::of_process()?);
        let models = Models::new(book.unwrap_or_default(), Arc::new(WallClock)).with_bedrock(bedrock);
        let clients = Arc::new(Clients::new(Environment::of_process()?));
        let store = Arc::new(S3Store::new(clients.clone(), store, ""));
        let ledger = Arc::new(DynamoLedger::new(clients.clone(), ledger));
        let queue = Arc::new(SqsQueue::new(clients.clone(), queue, "", 0));
        let profile = packed_profile()?;
        let caption = Caption {
            store: store.clone(),
            create: store.clone(),
            claims: Arc::new(DynamoClaims::new(clients.clone(), table)),
            settle: Arc::new(SqsQueue::sender(clients, settle)),
            own: queue.clone(),
            vision: Vision {
                store: store.clone(),
                preview: Arc::new(MediaPreview),
                till: Arc::new(Till::new(ledger, models.book().caps().clone(), Arc::new(WallClock))),
                models: Arc::new(models),
                prompts: Arc::new(Shelf::from(library()).with_store(store, Arc::new(WallClock))),
                clock: Arc::new(WallClock),
            },
            relevance: profile.models.embedding.clone().map(Relevance::new),
            guide: with_guide(profile)?.1,
            clock: Arc::new(WallClock),
        };
        serve(caption, queue, Arc::new(WallClock)).await
    })
}
