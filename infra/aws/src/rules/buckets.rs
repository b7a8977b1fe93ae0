//! `S`: buckets are private, encrypted, versioned, reached by TLS only, and outlive the stack.

use super::{Findings, number, outlives_its_stack};
use crate::Stack;
use crate::model::{items, target, texts};
use crate::policy::{place, statements};
use serde_json::Value;

const BLOCKS: [&str; 4] = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];

pub fn check(stack: &Stack, found: &mut Findings) {
    for (name, bucket) in stack.of("AWS::S3::Bucket") {
        let is_private = BLOCKS.iter().all(|block| bucket["PublicAccessBlockConfiguration"][block] == true);
        found.unless(is_private, "S1", name, "public access is not blocked in all four ways");
        let is_owned = bucket["OwnershipControls"]["Rules"][0]["ObjectOwnership"] == "BucketOwnerEnforced";
        found.unless(is_owned, "S1", name, "access lists of single objects count: enforce the bucket's owner");
        let is_versioned = bucket["VersioningConfiguration"]["Status"] == "Enabled";
        found.unless(is_versioned, "S2", name, "is not versioned: what is overwritten or deleted by mistake is lost");
        found.unless(is_tls_only(stack, name), "S3", name, "plain HTTP is not denied on the bucket and all its keys");
        let encryption = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
        let algorithm = &encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"];
        found.unless(algorithm.is_string(), "S4", name, "does not say how it is encrypted");
        check_lifecycle(name, bucket, found);
    }
    check_uploads(stack, found);
    for (name, resource) in stack.all().filter(|(_, resource)| resource["Type"] == "AWS::S3::Bucket") {
        found.unless(
            outlives_its_stack(resource),
            "S6",
            name,
            "goes with the stack: set DeletionPolicy and UpdateReplacePolicy",
        );
    }
}

/// Browsers bring uploads from the console's pages to the inbox by themselves.
fn check_uploads(stack: &Stack, found: &mut Findings) {
    let console = stack.get("AWS::Lambda::Function", "ConsoleFunction");
    let Some(variables) = console.map(|console| &console["Environment"]["Variables"]) else { return };
    let inbox = target(&variables["GREENROOM_INBOX_BUCKET"]).unwrap_or_default();
    let Some(bucket) = stack.get("AWS::S3::Bucket", inbox) else { return };
    let page = format!("https://{}", variables["GREENROOM_CONSOLE_HOSTS"].as_str().unwrap_or_default());
    let is_let_in = items(&bucket["CorsConfiguration"]["CorsRules"]).into_iter().any(|rule| {
        texts(&rule["AllowedOrigins"]) == [page.as_str()]
            && texts(&rule["AllowedMethods"]) == ["PUT"]
            && texts(&rule["AllowedHeaders"]) == ["*"]
    });
    found.unless(is_let_in, "S8", inbox, format!("lets pages of `{page}`, and no others, PUT"));
}

fn is_tls_only(stack: &Stack, bucket: &str) -> bool {
    let is_about = |statement: &Value| {
        let places: Vec<String> = texts(&statement["Resource"]).into_iter().map(place).collect();
        places.contains(&bucket.to_owned()) && places.contains(&format!("{bucket}/*"))
    };
    let attached = |policy: &str| {
        stack.get("AWS::S3::BucketPolicy", policy).and_then(|policy| target(&policy["Bucket"])) == Some(bucket)
    };
    statements(stack, "AWS::S3::BucketPolicy").any(|(policy, statement)| {
        attached(policy)
            && statement["Effect"] == "Deny"
            && statement["Principal"] == "*"
            && statement["Action"] == "s3:*"
            && statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
            && is_about(statement)
    })
}

fn check_lifecycle(name: &str, bucket: &Value, found: &mut Findings) {
    let rules = items(&bucket["LifecycleConfiguration"]["Rules"]);
    let enabled: Vec<&Value> = rules.into_iter().filter(|rule| rule["Status"] == "Enabled").collect();
    let aborts = enabled.iter().any(|rule| rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"].is_number());
    found.unless(aborts, "S5", name, "parts of unfinished uploads are kept, and paid for, for ever");
    let ends =
        |rule: &&Value| number(&rule["NoncurrentVersionExpiration"]["NoncurrentDays"]).is_some_and(|days| days >= 7.0);
    let is_cleared = enabled.iter().any(|rule| ends(rule) && rule["ExpiredObjectDeleteMarker"] == true);
    found.unless(is_cleared, "S9", name, "old versions are kept, and paid for, for ever, or for less than a week");
    let expires = |rule: &&Value| !rule["ExpirationInDays"].is_null() || !rule["ExpirationDate"].is_null();
    found.unless(!enabled.iter().any(expires), "S7", name, "a lifecycle rule deletes what is current: originals too");
}
