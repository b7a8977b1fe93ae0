//! `T`: the table is the one that the code knows. `K2`: a customer's key, if there is one, is used for everything
//! that is kept.

use super::{Findings, is_true};
use crate::Stack;
use crate::policy::grants;
use serde_json::{Value, json};

pub fn check(stack: &Stack, found: &mut Findings) {
    for (name, table) in stack.of("AWS::DynamoDB::Table") {
        let attribute = &table["TimeToLiveSpecification"]["AttributeName"];
        found.unless(*attribute == "expires_at", "T1", name, "the code writes the expiry into `expires_at`");
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
        let recovery = &table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
        let is_as_asked = is_true(recovery) == (stack.parameter("PointInTimeRecovery") == "true");
        found.unless(is_as_asked, "T2", name, "is backed up if that was asked for");
    }
    let key = stack.parameter("KmsKeyArn");
    if !key.is_empty() {
        check_key(stack, key, found);
    }
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
