//! A stack on AWS, opened: its resources are looked up by their names in `infra/aws/template.yaml`, and the same
//! adapters that its functions use are put on them.

mod doctor;

pub use doctor::check;

use crate::deployment::{Deployment, Home, NamedQueue, StackHome};
use anyhow::{Context, Result, anyhow};
use aws::operate::{Stack, stack};
use aws::{Clients, DynamoCatalog, DynamoLedger, Environment, S3Store, SqsQueue};
use embedded::SystemClock;
use ports::{Kind, PortError};
use prompts::registry::Registry;
use std::sync::Arc;

/// Queues in the order of the flow: what they are called, their resource, that of their dead letters, and whether only
/// the dead letters are their own. An event that reached no queue was an upload's, on its way to `ingest`; there it
/// belongs. (A sweep that reached none may lie there too: `ingest` drops it with a word in its log, and the next sweep
/// does its work.)
const QUEUES: [(&str, &str, &str, bool); 6] = [
    ("ingest", "IngestQueue", "IngestDeadQueue", false),
    ("resize", "ResizeQueue", "ResizeDeadQueue", false),
    ("caption", "CaptionQueue", "CaptionDeadQueue", false),
    ("tag", "TagQueue", "TagDeadQueue", false),
    ("settle", "SettleQueue", "SettleDeadQueue", false),
    ("delivery", "IngestQueue", "DeliveryDeadQueue", true),
];

/// As in the queues' redrive policies: the deliveries that a dead letter has had.
const MAX_RECEIVES: u32 = 5;

/// The clients, and where they look.
struct Access {
    clients: Arc<Clients>,
    region: String,
}

/// Opens a stack.
pub async fn open(name: &str) -> Result<Deployment> {
    let access = Access::of_process()?;
    access.deployment(&access.find(name).await?)
}

impl Access {
    fn of_process() -> Result<Self> {
        let environment = Environment::of_process().context("`--aws` needs credentials and a region")?;
        let region = environment.region().to_owned();
        Ok(Access { clients: Arc::new(Clients::new(environment)), region })
    }

    async fn find(&self, name: &str) -> Result<Stack> {
        stack(&self.clients, name).await.map_err(|error| self.not_found(name, error))
    }

    fn not_found(&self, name: &str, error: PortError) -> anyhow::Error {
        let region = &self.region;
        match error.kind {
            Kind::NotFound => anyhow!(
                "there is no stack `{name}` in `{region}`; \
                 `aws cloudformation list-stacks --region {region}` shows what there is, \
                 `AWS_REGION` says where to look"
            ),
            Kind::Retry(_) => anyhow::Error::new(error).context(format!("`{region}` was not reached; try again")),
            _ => anyhow::Error::new(error).context(format!(
                "failed to open stack `{name}` in `{region}`; \
                 `aws sts get-caller-identity` shows whose credentials these are"
            )),
        }
    }

    fn deployment(&self, stack: &Stack) -> Result<Deployment> {
        let bucket = id(stack, "StoreBucket")?;
        let store = Arc::new(S3Store::new(self.clients.clone(), bucket, ""));
        let mut queues = Vec::new();
        for (name, queue, dead, is_dead_only) in QUEUES {
            // What reached no queue was received by nobody.
            let n_receives = if is_dead_only { 0 } else { MAX_RECEIVES };
            let queue = Arc::new(self.queue(stack, queue, dead, n_receives)?);
            queues.push(NamedQueue { name, queue, is_dead_only });
        }
        Ok(Deployment {
            home: Home::Stack(StackHome {
                name: stack.name.clone(),
                region: self.region.clone(),
                status: stack.status.clone(),
                bucket: bucket.to_owned(),
                console: stack.outputs.get("ConsoleUrl").cloned(),
            }),
            store: store.clone(),
            prompts: Registry { read: store.clone(), create: store.clone(), swap: store.clone(), list: store.clone() },
            facts: store,
            catalog: Arc::new(DynamoCatalog::new(self.clients.clone(), id(stack, "Table")?)),
            ledger: Arc::new(DynamoLedger::new(self.clients.clone(), id(stack, "LedgerTable")?)),
            settle: Arc::new(self.queue(stack, "SettleQueue", "SettleDeadQueue", MAX_RECEIVES)?),
            queues,
            clock: Arc::new(SystemClock),
        })
    }

    fn queue(&self, stack: &Stack, queue: &str, dead: &str, n_receives: u32) -> Result<SqsQueue> {
        Ok(SqsQueue::new(self.clients.clone(), id(stack, queue)?, id(stack, dead)?, n_receives))
    }
}

/// Returns what a resource's service calls it.
fn id<'a>(stack: &'a Stack, resource: &str) -> Result<&'a str> {
    let found = stack.resources.get(resource).and_then(|resource| resource.id.as_deref());
    found.with_context(|| {
        let (name, status) = (&stack.name, &stack.status);
        format!(
            "stack `{name}` ({status}) has no `{resource}`: it is none of Greenroom's, or was not deployed to its end; \
             `aws cloudformation describe-stack-events --stack-name {name}` tells which"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws::operate::Resource;

    fn access() -> Access {
        let environment = Environment::read(|name| Some(format!("value-of-{name}"))).expect("everything is set");
        Access { region: environment.region().to_owned(), clients: Arc::new(Clients::new(environment)) }
    }

    fn template() -> Stack {
        let names = ["StoreBucket", "InboxBucket", "Table", "LedgerTable"].into_iter();
        let names = names.chain(QUEUES.into_iter().flat_map(|(_, queue, dead, _)| [queue, dead]));
        let resource = |name: &str| Resource { kind: String::new(), id: Some(format!("id-of-{name}")) };
        let resources = names.map(|name| (name.to_owned(), resource(name))).collect();
        Stack { name: "prod".to_owned(), status: "CREATE_COMPLETE".to_owned(), resources, ..Stack::default() }
    }

    #[test]
    fn every_resource_is_one_of_the_template() {
        let text = include_str!("../../../aws/template.yaml");
        for name in template().resources.keys() {
            assert!(text.contains(&format!("\n  {name}:\n")), "the template has no `{name}`");
        }
        let n_queues = QUEUES.iter().filter(|(_, _, _, is_dead_only)| !is_dead_only).count();
        let n_alike = text.matches(&format!("maxReceiveCount: {MAX_RECEIVES} }}")).count();
        assert_eq!(n_alike, n_queues, "as the template says");
    }

    #[test]
    fn a_stack_says_where_it_is() {
        let deployment = access().deployment(&template()).expect("it is complete");
        assert_eq!(deployment.home.command(), "greenroom --aws prod");
        assert_eq!(deployment.home.path("assets/x"), "s3://id-of-StoreBucket/assets/x");
        assert_eq!(deployment.queues.len(), QUEUES.len());
        assert_eq!(deployment.home.is_running().expect("nothing is asked"), None);
    }

    #[test]
    fn a_stack_that_is_not_ours_is_named_with_what_it_lacks() {
        let mut stack = template();
        stack.resources.remove("SettleQueue");
        let error = access().deployment(&stack).err().expect("it is incomplete").to_string();
        assert!(error.starts_with("stack `prod` (CREATE_COMPLETE) has no `SettleQueue`"), "{error}");
        assert!(error.contains("--stack-name prod"), "{error}");
    }

    #[test]
    fn a_stack_that_is_not_there_is_told_from_one_that_cannot_be_read() {
        let of = |kind| access().not_found("prod", PortError::new(kind, "look up stack", "prod")).to_string();
        assert!(of(Kind::NotFound).starts_with("there is no stack `prod` in `value-of-AWS_REGION`; "));
        assert!(of(Kind::Fatal).contains("aws sts get-caller-identity"));
    }
}
