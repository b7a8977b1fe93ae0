//! `greenroom doctor --aws [STACK]`: what an account needs, and whether a stack is whole.

use super::{Access, MAX_RECEIVES, QUEUES, id};
use crate::commands::doctor::{Check, note};
use anyhow::{Error, Result};
use asset::ids::AssetId;
use aws::operate::{Announcements, Stack, Trigger, announcements, concurrency, trigger};
use aws::{Clients, DynamoCatalog, DynamoLedger, S3Store, SqsQueue};
use ports::{Catalog, Ledger, LedgerQuery, ListBlobs, PortError, Queue};
use std::sync::Arc;

/// What the template's limits come to if nobody changed them: `MaxIngests`, `MaxResizes`, `MaxCaptions`, `MaxTags`, `MaxSettles`.
const DEFAULT_CONCURRENCY: u32 = 5 + 20 + 5 + 5 + 5;

const BUCKETS: [(&str, &str); 2] = [("inbox", "InboxBucket"), ("store", "StoreBucket")];

/// States of a stack whose last change went through.
const GOOD: [&str; 4] =
    ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "IMPORT_COMPLETE"];

/// Checks an account and, if a stack is named, the stack.
pub async fn check(name: &str) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    let access = match Access::of_process() {
        Ok(access) => access,
        Err(error) => {
            let way_out = "export what is named; `AWS_ENDPOINT_URL` may point to another service";
            note(&mut checks, "account", Err(format!("{error:#}")), way_out);
            return Ok(checks);
        }
    };
    let found = format!("region {}, credentials from the environment", access.region);
    note(&mut checks, "account", Ok(found), "");
    let mut wanted = DEFAULT_CONCURRENCY;
    if !name.is_empty() {
        match access.find(name).await {
            Ok(stack) => wanted = inspect(&access, &stack, &mut checks).await,
            Err(error) => {
                let way_out = "`docs/deploy.md` tells how a stack is deployed, and what the credentials have to allow";
                note(&mut checks, "stack", Err(format!("{error:#}")), way_out);
            }
        }
    }
    check_room(&access.clients, wanted, &mut checks).await;
    checks.push(not_checked(!name.is_empty()));
    Ok(checks)
}

/// Looks at everything in a stack. Returns how many functions its limits let run at the same time.
async fn inspect(access: &Access, stack: &Stack, checks: &mut Vec<Check>) -> u32 {
    check_stack(stack, checks);
    for (name, resource) in BUCKETS {
        check_bucket(access, stack, name, resource, checks).await;
    }
    check_events(access, stack, checks).await;
    check_table(access, stack, checks).await;
    check_ledger(access, stack, checks).await;
    for (name, queue, dead, is_dead_only) in QUEUES {
        check_queue(access, stack, (name, queue, dead), is_dead_only, checks).await;
    }
    check_triggers(access, stack, checks).await
}

fn check_stack(stack: &Stack, checks: &mut Vec<Check>) {
    let Stack { name, status, resources, .. } = stack;
    let reason = stack.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let found = match GOOD.contains(&status.as_str()) {
        true => Ok(format!("{status}, {} resources", resources.len())),
        false => Err(format!("{status}{reason}")),
    };
    let way_out = format!(
        "`aws cloudformation describe-stack-events --stack-name {name}` tells what went wrong; then deploy again"
    );
    note(checks, "stack", found, way_out);
}

async fn check_bucket(access: &Access, stack: &Stack, name: &'static str, resource: &str, checks: &mut Vec<Check>) {
    let found = match id(stack, resource) {
        Ok(bucket) => {
            let list = S3Store::new(access.clients.clone(), bucket, "");
            list.list("", None, 1).await.map(|_| format!("bucket {bucket} answers")).map_err(words)
        }
        Err(error) => Err(error.to_string()),
    };
    note(checks, name, found, "these credentials need `s3:ListBucket` and `s3:GetObject` on it");
}

async fn check_events(access: &Access, stack: &Stack, checks: &mut Vec<Check>) {
    let bucket = match id(stack, "InboxBucket") {
        Ok(bucket) => bucket,
        // Said before, of the bucket.
        Err(_) => return,
    };
    let found = match announcements(&access.clients, bucket).await {
        Ok(announcements) => judge_events(&announcements, &ingest_arn_end(stack)),
        Err(error) => Err((words(error), "these credentials need `s3:GetBucketNotification` on it".to_owned())),
    };
    let way_out = found.as_ref().err().map(|(_, way_out)| way_out.clone()).unwrap_or_default();
    note(checks, "events", found.map_err(|(words, _)| words), way_out);
}

/// Returns how the ARN of the queue `ingest` ends: `:` and its name, as its URL does with `/`.
fn ingest_arn_end(stack: &Stack) -> String {
    let name = id(stack, "IngestQueue").ok().and_then(|url| url.rsplit('/').next());
    name.map(|name| format!(":{name}")).unwrap_or_default()
}

/// Says whether uploads are announced, and whether once only.
fn judge_events(announcements: &Announcements, ingest: &str) -> Result<String, (String, String)> {
    let direct = announcements.direct.join(", ");
    if !announcements.event_bridge {
        let others = if direct.is_empty() { String::new() } else { format!("; it tells {direct} instead") };
        return Err((
            format!("the inbox tells EventBridge nothing, so no upload is taken in{others}"),
            "somebody replaced the bucket's notifications: turn EventBridge on in its properties, and then upload \
             again what came meanwhile"
                .to_owned(),
        ));
    }
    if !ingest.is_empty() && announcements.direct.iter().any(|arn| arn.ends_with(ingest)) {
        return Err((
            "every upload is announced to `ingest` twice, by EventBridge and directly".to_owned(),
            "remove the direct notification from the bucket's properties; it costs, and does no harm".to_owned(),
        ));
    }
    Ok(match direct.is_empty() {
        true => "uploads are announced by EventBridge".to_owned(),
        false => format!("uploads are announced by EventBridge; {direct} are told, too"),
    })
}

async fn check_table(access: &Access, stack: &Stack, checks: &mut Vec<Check>) {
    let found = match id(stack, "Table") {
        Ok(table) => {
            let catalog = DynamoCatalog::new(access.clients.clone(), table);
            // Whatever it answers, it answered.
            let asked = catalog.get(&AssetId::of_key("greenroom doctor")).await;
            asked.map(|_| format!("table {table} answers")).map_err(words)
        }
        Err(error) => Err(error.to_string()),
    };
    note(checks, "table", found, "these credentials need `dynamodb:GetItem`, `BatchGetItem` and `Query` on it");
}

async fn check_ledger(access: &Access, stack: &Stack, checks: &mut Vec<Check>) {
    let found = match id(stack, "LedgerTable") {
        Ok(table) => {
            let ledger = DynamoLedger::new(access.clients.clone(), table);
            // A day before the first: whatever it answers, it answered.
            let day = "2026-01-01".to_owned();
            let query = LedgerQuery { from_day: day.clone(), to_day: day, after: None, limit: 1 };
            ledger.entries(&query).await.map(|_| format!("table {table} answers")).map_err(words)
        }
        Err(error) => Err(error.to_string()),
    };
    note(checks, "ledger", found, "these credentials need `dynamodb:Query` on it");
}

async fn check_queue(
    access: &Access,
    stack: &Stack,
    (name, queue, dead): (&'static str, &str, &str),
    is_dead_only: bool,
    checks: &mut Vec<Check>,
) {
    let command = format!("greenroom --aws {}", stack.name);
    let shows = format!("`{command} status` shows them, `{command} redrive {name}` delivers them again");
    let (found, way_out) = match id(stack, queue).and_then(|queue| Ok((queue, id(stack, dead)?))) {
        Err(error) => (Err(error.to_string()), "deploy the stack again".to_owned()),
        Ok((url, dead)) => match SqsQueue::new(access.clients.clone(), url, dead, MAX_RECEIVES).depth().await {
            Err(error) => (Err(words(error)), "these credentials need `sqs:GetQueueAttributes` on it".to_owned()),
            Ok(depth) if depth.dead > 0 => (Err(format!("{} dead letters", depth.dead)), shows),
            Ok(_) if is_dead_only => (Ok("nothing missed its queue".to_owned()), String::new()),
            Ok(depth) => (Ok(format!("{} waiting, no dead letters", depth.visible)), String::new()),
        },
    };
    note(checks, name, found, way_out);
}

/// Checks what feeds the functions. Returns how many of them may run at the same time.
async fn check_triggers(access: &Access, stack: &Stack, checks: &mut Vec<Check>) -> u32 {
    let mut triggers = Vec::new();
    let mappings = stack.resources.iter().filter(|(_, resource)| resource.kind == "AWS::Lambda::EventSourceMapping");
    for (name, resource) in mappings {
        let Some(id) = &resource.id else { continue };
        match trigger(&access.clients, id).await {
            Ok(trigger) => triggers.push((name.as_str(), id.as_str(), trigger)),
            Err(error) => {
                let way_out = "these credentials need `lambda:GetEventSourceMapping`";
                note(checks, "triggers", Err(words(error)), way_out);
                return DEFAULT_CONCURRENCY;
            }
        }
    }
    note(checks, "triggers", judge_triggers(&triggers), way_to_enable(&triggers));
    triggers.iter().filter_map(|(_, _, trigger)| trigger.max_concurrency).sum()
}

/// Takes triggers with their names and ids.
fn judge_triggers(triggers: &[(&str, &str, Trigger)]) -> Result<String, String> {
    let off: Vec<String> = triggers
        .iter()
        .filter(|(_, _, trigger)| trigger.state != "Enabled")
        .map(|(name, _, trigger)| format!("`{name}` is {}", trigger.state.to_lowercase()))
        .collect();
    match (triggers.len(), off.is_empty()) {
        (0, _) => Err("nothing feeds the functions from their queues".to_owned()),
        (n, true) => Ok(format!("{n} queues feed their functions")),
        _ => Err(format!("{}: its messages wait", off.join(", "))),
    }
}

fn way_to_enable(triggers: &[(&str, &str, Trigger)]) -> String {
    match triggers.iter().find(|(_, _, trigger)| trigger.state != "Enabled") {
        Some((_, id, _)) => format!("enable it: `aws lambda update-event-source-mapping --enabled --uuid {id}`"),
        None => "deploy the stack again".to_owned(),
    }
}

async fn check_room(clients: &Arc<Clients>, wanted: u32, checks: &mut Vec<Check>) {
    match concurrency(clients).await {
        Ok(room) => note(
            checks,
            "room",
            judge_room(room, wanted),
            "ask for more in Service Quotas (Lambda, concurrent executions), or deploy with \
             `MaxIngests=2 MaxResizes=2 MaxCaptions=2 MaxTags=2 MaxSettles=2`",
        ),
        Err(error) => note(checks, "room", Err(words(error)), "these credentials need `lambda:GetAccountSettings`"),
    }
}

/// One more than the limits has to fit: the console's.
fn judge_room(room: u32, wanted: u32) -> Result<String, String> {
    match room > wanted {
        true => Ok(format!("the account runs {room} functions at the same time; the stack's limits come to {wanted}")),
        false => Err(format!(
            "the account runs {room} functions at the same time; the stack's limits come to {wanted}, \
             and the console needs one"
        )),
    }
}

/// Says what an operator has to look at with other eyes.
fn not_checked(is_stack: bool) -> Check {
    let found = match is_stack {
        true => {
            "not checked: whether the rule and the schedules are enabled, the alarms' subscription is confirmed, and \
             the account may ask the models"
        }
        false => "not checked: what the credentials may create; no stack was named",
    };
    Check { name: "else", ok: None, found: found.to_owned(), way_out: None }
}

/// Returns an error with its causes.
fn words(error: PortError) -> String {
    format!("{:#}", Error::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(event_bridge: bool, direct: &[&str]) -> Announcements {
        Announcements { event_bridge, direct: direct.iter().map(|arn| (*arn).to_owned()).collect() }
    }

    #[test]
    fn an_inbox_that_tells_nobody_is_a_finding() {
        assert!(judge_events(&told(true, &[]), ":ingest").is_ok());
        let (words, way_out) = judge_events(&told(false, &["arn:aws:sqs:r:1:other"]), ":ingest").unwrap_err();
        assert!(words.contains("no upload is taken in") && words.contains("other instead"), "{words}");
        assert!(way_out.contains("EventBridge"), "{way_out}");
    }

    #[test]
    fn an_upload_that_is_announced_twice_is_a_finding() {
        assert!(judge_events(&told(true, &["arn:aws:sqs:r:1:ingest"]), ":ingest").is_err());
        let found = judge_events(&told(true, &["arn:aws:sqs:r:1:other"]), ":ingest").expect("no conflict");
        assert!(found.contains("other are told, too"), "{found}");
    }

    #[test]
    fn a_queue_that_feeds_nothing_is_a_finding() {
        let trigger = |state: &str| Trigger { state: state.to_owned(), max_concurrency: Some(5) };
        assert!(judge_triggers(&[("IngestFunctionQueue", "1", trigger("Enabled"))]).is_ok());
        let triggers = [("A", "1", trigger("Enabled")), ("B", "2", trigger("Disabled"))];
        assert_eq!(judge_triggers(&triggers).unwrap_err(), "`B` is disabled: its messages wait");
        assert!(way_to_enable(&triggers).ends_with("--uuid 2`"), "{}", way_to_enable(&triggers));
        assert!(judge_triggers(&[]).is_err());
    }

    #[test]
    fn a_new_account_has_room_for_ten_functions() {
        assert!(judge_room(10, DEFAULT_CONCURRENCY).is_err());
        assert!(judge_room(10, 2 + 3 + 2 + 2).is_ok(), "the smaller limits that the way out names fit");
        assert!(judge_room(35, DEFAULT_CONCURRENCY).is_err(), "the console would have no room");
    }
}
