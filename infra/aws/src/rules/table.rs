//! `T`: the tables are those that the code knows, and what cannot be rebuilt is kept. `K2`: a customer's key, if there is one, is used for
//! everything that is kept.

use super::{Findings, is_true, outlives_its_stack};
use crate::Stack;
use crate::policy::grants;
use serde_json::{Value, json};

/// What was paid, which nothing but this table knows.
pub const LEDGER: &str = "LedgerTable";

pub fn check(stack: &Stack, found: &mut Findings) {
    for (name, table) in stack.of("AWS::DynamoDB::Table") {
        let keys = json!([
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ]);
        found.unless(table["KeySchema"] == keys, "T1", name, "the code's keys are `pk` and `sk`");
        let types = json!([
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ]);
        found.unless(table["AttributeDefinitions"] == types, "T1", name, "the code's keys are strings");
        let expiry = &table["TimeToLiveSpecification"];
        let recovery = is_true(&table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]);
        if name == LEDGER {
            found.unless(expiry.is_null(), "T3", name, "what was paid does not expire");
            found.unless(recovery, "T3", name, "cannot be rebuilt, and is not backed up");
        } else {
            let is_known = expiry["AttributeName"] == "expires_at";
            found.unless(is_known, "T1", name, "the code writes the expiry into `expires_at`");
            let is_as_asked = recovery == (stack.parameter("PointInTimeRecovery") == "true");
            found.unless(is_as_asked, "T2", name, "is backed up if that was asked for");
        }
    }
    check_ledger(stack, found);
    let key = stack.parameter("KmsKeyArn");
    if !key.is_empty() {
        check_key(stack, key, found);
    }
}

fn check_ledger(stack: &Stack, found: &mut Findings) {
    let ledger = stack.all().find(|(name, _)| *name == LEDGER).map(|(_, resource)| resource);
    let is_retained = ledger.is_some_and(outlives_its_stack);
    found.unless(is_retained, "T4", LEDGER, "goes with the stack: set DeletionPolicy and UpdateReplacePolicy");
}

fn check_key(stack: &Stack, key: &str, found: &mut Findings) {
    for (name, resource) in stack.all() {
        let properties = &resource["Properties"];
        let by_default = &properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
        let used: &Value = match resource["Type"].as_str().unwrap_or_default() {
            "AWS::S3::Bucket" => &by_default["ServerSideEncryptionByDefault"]["KMSMasterKeyID"],
            "AWS::SQS::Queue" | "AWS::SNS::Topic" => &properties["KmsMasterKeyId"],
            "AWS::DynamoDB::Table" => &properties["SSESpecification"]["KMSMasterKeyId"],
            "AWS::SecretsManager::Secret" => &properties["KmsKeyId"],
            _ => continue,
        };
        found.unless(used == key, "K2", name, "does not use the customer's key");
        let is_cheap = resource["Type"] != "AWS::S3::Bucket" || by_default["BucketKeyEnabled"] == true;
        found.unless(is_cheap, "K2", name, "asks the key for every object: set BucketKeyEnabled");
    }
    for (role, _) in stack.of("AWS::IAM::Role") {
        let may = grants(stack).iter().any(|grant| {
            let both = grant.allows("kms:Decrypt") && grant.allows("kms:GenerateDataKey");
            grant.role == role && both && grant.resources == [key]
        });
        found.unless(may, "K2", role, "may not use the customer's key");
    }
}
