//! What goes wrong in templates, as data.

use crate::faults::Fault;
use serde_json::{Value, json};

fn arn(name: &str) -> Value {
    json!({"Fn::GetAtt": [name, "Arn"]})
}

fn sub(text: &str) -> Value {
    json!({"Fn::Sub": text})
}

fn named(name: &str) -> Value {
    json!({"Ref": name})
}

macro_rules! faults {
    ($($rule:literal $resource:literal $what:literal, |$hands:ident| $plant:expr;)*) => {
        &[$(Fault { rule: $rule, resource: $resource, what: $what, plant: |$hands| $plant },)*]
    };
}

pub const FAULTS: &[Fault] = faults! {
    // Queues.
    "Q1" "IngestQueue" "no dead letters",
        |h| h.cut("IngestQueue/", "RedrivePolicy");
    "Q1" "SettleQueue" "two queues share their dead letters",
        |h| h.set("SettleQueue/RedrivePolicy/deadLetterTargetArn", arn("ResizeDeadQueue"));
    "Q1" "ResizeDeadQueue" "a function eats dead letters",
        |h| h.set("SettleFunctionQueue/EventSourceArn", arn("ResizeDeadQueue"));
    "Q2" "ResizeQueue" "visible again while it is worked on",
        |h| h.set("ResizeQueue/VisibilityTimeout", json!(240));
    "Q2" "SettleQueue" "a longer timeout, the same visibility",
        |h| h.set("SettleFunction/Timeout", json!(300));
    "Q2" "IngestQueue" "hidden for a day",
        |h| h.set("IngestQueue/VisibilityTimeout", json!(86400));
    "Q3" "ResizeQueue" "dead after one try",
        |h| h.set("ResizeQueue/RedrivePolicy/maxReceiveCount", json!(1));
    "Q4" "SettleDeadQueue" "dead letters gone by Monday",
        |h| h.set("SettleDeadQueue/MessageRetentionPeriod", json!(86400));
    "Q5" "SettleFunctionQueue" "one failure repeats ten",
        |h| h.cut("SettleFunctionQueue/", "FunctionResponseTypes");
    "Q6" "ResizeFunctionQueue" "no bound on concurrency",
        |h| h.cut("ResizeFunctionQueue/", "ScalingConfig");
    "Q6" "IngestFunctionQueue" "a default of one",
        |h| h.set("/Parameters/MaxIngests/Default", json!(1));
    "Q7" "SettleFunctionQueue" "a large batch without a window",
        |h| h.set("SettleFunctionQueue/BatchSize", json!(100));
    "Q8" "SettleFunctionQueue" "a stream that blocks for ever",
        |h| h.set("SettleFunctionQueue/EventSourceArn", json!({"Fn::GetAtt": ["Table", "StreamArn"]}));
    "Q9" "SettleQueue" "nobody listens",
        |h| h.cut("/Resources", "SettleFunctionQueue");
    // Buckets.
    "S1" "StoreBucket" "public by policy",
        |h| h.set("StoreBucket/PublicAccessBlockConfiguration/BlockPublicPolicy", json!(false));
    "S2" "InboxBucket" "no versions",
        |h| h.set("InboxBucket/VersioningConfiguration/Status", json!("Suspended"));
    "S3" "InboxBucket" "plain HTTP",
        |h| h.cut("/Resources", "InboxBucketPolicy");
    "S3" "StoreBucket" "plain HTTP to the keys",
        |h| h.set(&h.rule("StoreBucketPolicy", "TlsOnly", "Resource"), json!([{"Fn::GetAtt": ["StoreBucket", "Arn"]}]));
    "S4" "StoreBucket" "not encrypted",
        |h| h.cut("StoreBucket/", "BucketEncryption");
    "S4" "ResizeQueue" "not encrypted without a key",
        |h| h.set("ResizeQueue/SqsManagedSseEnabled", json!(false));
    "S5" "InboxBucket" "parts pile up",
        |h| h.set("InboxBucket/LifecycleConfiguration/Rules/0/Status", json!("Disabled"));
    "S6" "InboxBucket" "originals go with the stack",
        |h| h.set("/Resources/InboxBucket/DeletionPolicy", json!("Delete"));
    "S6" "StoreBucket" "originals go with a replacement",
        |h| h.cut("/Resources/StoreBucket", "UpdateReplacePolicy");
    "S8" "InboxBucket" "pages of any site may upload",
        |h| h.set("InboxBucket/CorsConfiguration/CorsRules/0/AllowedOrigins", json!(["*"]));
    "S9" "StoreBucket" "what was deleted is paid for for ever",
        |h| h.cut("StoreBucket/LifecycleConfiguration/Rules/1", "NoncurrentVersionExpiration");
    "S7" "StoreBucket" "originals expire",
        |h| h.add("StoreBucket/LifecycleConfiguration/Rules/1", "ExpirationInDays", json!(365));
    // Access.
    "I1" "SettleFunction" "a shared role",
        |h| h.set("SettleFunction/Role", arn("ResizeRole"));
    "I2" "ResizeRole" "a managed policy",
        |h| h.add("ResizeRole/", "ManagedPolicyArns", json!([
            {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"}
        ]));
    "I3" "ResizeRole" "every action of a service",
        |h| h.set(&h.grant("ResizeRole", "Create", "Action"), json!(["s3:*"]));
    "I3" "SettleRole" "every table of the account",
        |h| h.set(&h.grant("SettleRole", "Catalog", "Resource"), json!("*"));
    "I4" "StoreBucketPolicy" "renditions for everybody",
        |h| h.set(&h.rule("StoreBucketPolicy", "DeliverRenditions", "Principal"), json!("*"));
    "I5" "IngestQueuePolicy" "events of any account",
        |h| h.cut(&h.rule("IngestQueuePolicy", "InboxEvents", ""), "Condition");
    "I5" "ConsolePermission" "any API may call",
        |h| h.cut("ConsolePermission/", "SourceArn");
    "I6" "IngestRole" "traces scoped to nothing that exists",
        |h| h.set(
            &h.grant("IngestRole", "Traces", "Resource"),
            sub("arn:${AWS::Partition}:xray:${AWS::Region}:${AWS::AccountId}:group/x"),
        );
    "I7" "ConsoleRole" "may pass any role",
        |h| h.push("ConsoleRole/Policies/0/PolicyDocument/Statement", json!({
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": arn("SettleRole"),
        }));
    "I8" "IngestFunction" "may not send where it must",
        |h| h.set(&h.grant("IngestRole", "Tell", "Resource"), arn("ResizeQueue"));
    "I8" "ResizeFunction" "may not give back what it took",
        |h| h.set(&h.grant("ResizeRole", "Consume", "Resource"), arn("IngestQueue"));
    "I9" "ResizeFunction" "eats another one's messages",
        |h| h.set(&h.grant("ResizeRole", "Consume", "Resource"), json!([arn("ResizeQueue"), arn("SettleQueue")]));
    "I10" "SettleRole" "anybody in the account may be settle",
        |h| h.set(
            "SettleRole/AssumeRolePolicyDocument/Statement/0/Principal",
            json!({"AWS": named("AWS::AccountId")}),
        );
    "I10" "SweepRole" "a stranger's schedule may send",
        |h| h.cut("SweepRole/AssumeRolePolicyDocument/Statement/0", "Condition");
    "I11" "ResizeRole" "a policy of 2008",
        |h| h.cut("ResizeRole/Policies/0/PolicyDocument", "Version");
    // Events.
    "E1" "InboxRule" "undelivered events are dropped",
        |h| h.cut("InboxRule/Targets/0", "DeadLetterConfig");
    "E1" "SweepDue" "undelivered sweeps are dropped",
        |h| h.cut("SweepDue/Target", "DeadLetterConfig");
    "E2" "InboxRule" "the queue does not let the rule in",
        |h| h.set(&h.rule("IngestQueuePolicy", "InboxEvents", "Action"), json!("sqs:ReceiveMessage"));
    "E2" "InboxRule" "the policy hangs at another queue",
        |h| h.set("IngestQueuePolicy/Queues", json!([{"Ref": "ResizeQueue"}]));
    "E2" "InboxRule" "dead letters of rules are refused",
        |h| h.cut("/Resources", "DeliveryDeadQueuePolicy");
    "E3" "InboxRule" "events of every bucket",
        |h| h.cut("InboxRule/EventPattern/detail", "bucket");
    "E4" "InboxRule" "the bucket is silent",
        |h| h.cut("InboxBucket/", "NotificationConfiguration");
    "E5" "InboxRule" "gives up after a minute",
        |h| h.set("InboxRule/Targets/0/RetryPolicy/MaximumEventAgeInSeconds", json!(60));
    "E6" "SweepAll" "a rate that is refused",
        |h| h.set("SweepAll/ScheduleExpression", json!("rate(1 days)"));
    "E7" "SweepDue" "the schedule may not send",
        |h| h.set(&h.grant("SweepRole", "Send", "Resource"), arn("DeliveryDeadQueue"));
    "E8" "schedules" "a message that settle does not know",
        |h| h.set("SweepAll/Target/Input", json!("{\"sweep\":\"everything\"}"));
    "E9" "InboxRule" "deletions go unnoticed",
        |h| h.take("InboxRule/EventPattern/detail-type", &json!("Object Deleted"));
    "E10" "InboxRule" "events go to the dead",
        |h| h.set("InboxRule/Targets/0/Arn", arn("DeliveryDeadQueue"));
    "E10" "SweepDue" "sweeps go to resize",
        |h| h.set("SweepDue/Target/Arn", arn("ResizeQueue"));
    "E11" "InboxRule" "old versions end as deletions",
        |h| h.cut("InboxRule/EventPattern/detail", "$or");
    // Writes.
    "X1" "IngestFunction" "writes where it is triggered",
        |h| h.push(&h.grant("IngestRole", "Keep", "Resource"), sub("${InboxBucket.Arn}/done/*"));
    "X1" "ResizeFunction" "uploads, three queues later",
        |h| h.push(&h.grant("ResizeRole", "Create", "Resource"), sub("${InboxBucket.Arn}/*"));
    "X2" "ResizeRole" "another writer of manifests",
        |h| h.push(&h.grant("ResizeRole", "Create", "Resource"), sub("${StoreBucket.Arn}/assets/*/manifest.json"));
    "X2" "ConsoleRole" "a writer of everything",
        |h| h.set(&h.grant("ConsoleRole", "Decide", "Resource"), sub("${StoreBucket.Arn}/assets/*"));
    "X3" "IngestRole" "originals can be overwritten",
        |h| h.take(
            &h.rule("StoreBucketPolicy", "CreateOnly", "Resource"),
            &sub("${StoreBucket.Arn}/assets/*/versions/*"),
        );
    "X3" "ConsoleRole" "an exception in the guard",
        |h| h.add(
            &h.rule("StoreBucketPolicy", "CreateOnly", "Condition"),
            "ArnNotEquals",
            json!({"aws:PrincipalArn": arn("ConsoleRole")}),
        );
    "X4" "SettleRole" "a manifest is written blindly",
        |h| h.cut(&h.rule("StoreBucketPolicy", "SwapOnly", "Condition"), "Bool");
    "X5" "SettleRole" "cleaning up takes originals",
        |h| h.push(&h.grant("SettleRole", "CleanUp", "Resource"), sub("${StoreBucket.Arn}/assets/*/versions/*"));
    "X5" "ResizeRole" "another one deletes",
        |h| h.push(&h.grant("ResizeRole", "Create", "Action"), json!("s3:DeleteObject"));
    "X6" "ResizeFunction" "an unpaid function calls a model",
        |h| h.push("ResizeRole/Policies/0/PolicyDocument/Statement", json!({
            "Effect": "Allow",
            "Action": "bedrock:InvokeModel",
            "Resource": sub("arn:${AWS::Partition}:bedrock:${AWS::Region}::foundation-model/x"),
        }));
    "X6" "SettleFunction" "an unpaid function calls the models of another",
        |h| h.push("SettleRole/Policies/0/PolicyDocument/Statement", json!({
            "Effect": "Allow",
            "Action": "bedrock:InvokeModel",
            "Resource": named("CaptionModels"),
        }));
    // Models.
    "B1" "CaptionFunction" "every model of Bedrock's",
        |h| h.set(
            &h.grant("CaptionRole", "Ask", "Resource"),
            sub("arn:${AWS::Partition}:bedrock:*::foundation-model/*"),
        );
    "B1" "CaptionFunction" "streams, and what else there will be",
        |h| h.push(&h.grant("CaptionRole", "Ask", "Action"), json!("bedrock:InvokeModelWithResponseStream"));
    "B2" "CaptionModels" "a list that takes every model",
        |h| h.set(
            "/Parameters/CaptionModels/Default",
            json!("arn:aws:bedrock:*::foundation-model/anthropic.*,arn:aws:bedrock:*::foundation-model/x"),
        );
    "B2" "CaptionModels" "a parameter that whoever deploys can set to a star",
        |h| h.set("/Parameters/CaptionModels/AllowedPattern", json!("^arn:.*$"));
    "B2" "CaptionModels" "one text instead of a list",
        |h| h.set("/Parameters/CaptionModels/Type", json!("String"));
    "B3" "CaptionFunction" "money is spent and not written down",
        |h| h.take("CaptionRole/Policies/0/PolicyDocument/Statement", &json!({
            "Sid": "Count",
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            "Resource": arn("LedgerTable"),
        }));
    // Functions.
    "F1" "ResizeFunction" "the other architecture",
        |h| h.set("ResizeFunction/Architectures", json!(["x86_64"]));
    "F1" "ConsoleFunction" "an old runtime",
        |h| h.set("ConsoleFunction/Runtime", json!("provided.al2"));
    "F2" "SettleFunction" "a log group of its own making",
        |h| h.cut("SettleFunction/LoggingConfig", "LogGroup");
    "F2" "IngestLogs" "logs for ever",
        |h| h.cut("IngestLogs/", "RetentionInDays");
    "F3" "IngestFunction" "more than Lambda gives",
        |h| h.set("IngestFunction/Timeout", json!(901));
    "F4" "IngestFunction" "no traces",
        |h| h.set("IngestFunction/TracingConfig/Mode", json!("PassThrough"));
    "F5" "ResizeFunction" "less memory than the profile promises",
        |h| h.set("ResizeFunction/MemorySize", json!(1024));
    "F5" "ResizeFunction" "less time than the profile promises",
        |h| h.set("ResizeFunction/Timeout", json!(120));
    "F5" "CaptionFunction" "no room for what a model is shown",
        |h| h.set("CaptionFunction/MemorySize", json!(512));
    "F6" "SettleFunction" "another function's program",
        |h| h.set("SettleFunction/Code/S3Key", json!("resize.zip"));
    // Alarms.
    "A1" "ResizeDeadQueue" "ten dead letters before anybody hears",
        |h| h.set("ResizeDeadAlarm/Threshold", json!(10));
    "A4" "ConsoleApi" "nobody hears of a broken console",
        |h| h.set("ConsoleErrorAlarm/MetricName", json!("4xx"));
    "A5" "ResizeFunction" "a dashboard of last year",
        |h| h.set("Dashboard/DashboardBody", json!("{\"widgets\": []}"));
    "A6" "stack" "alarms go to another address",
        |h| h.set("AlarmSubscription/Endpoint", json!("root@localhost"));
    "A1" "IngestDeadQueue" "the alarm watches another queue",
        |h| h.set("IngestDeadAlarm/Dimensions/0/Value", json!({"Fn::GetAtt": ["ResizeDeadQueue", "QueueName"]}));
    "A1" "DeliveryDeadQueue" "nobody hears of undelivered events",
        |h| h.cut("/Resources", "DeliveryDeadAlarm");
    "A2" "ResizeQueue" "nobody hears of a jam",
        |h| h.cut("/Resources", "ResizeAgeAlarm");
    "A3" "SettleDeadAlarm" "rings in an empty room",
        |h| h.cut("SettleDeadAlarm/", "AlarmActions");
    "A3" "SettleAgeAlarm" "rings when all is well",
        |h| h.set("SettleAgeAlarm/ComparisonOperator", json!("LessThanThreshold"));
    "A7" "CaptionFunction" "nobody hears of a function that spends and dies",
        |h| h.cut("/Resources", "CaptionErrorAlarm");
    "A2" "CaptionQueue" "nobody hears of texts that wait",
        |h| h.set("CaptionAgeAlarm/Dimensions/0/Value", json!({"Fn::GetAtt": ["ResizeQueue", "QueueName"]}));
    // The console.
    "H1" "ConsoleStage" "no throttle",
        |h| h.cut("ConsoleStage/", "DefaultRouteSettings");
    "H2" "ConsoleStage" "no access log",
        |h| h.cut("ConsoleStage/", "AccessLogSettings");
    "H3" "ConsoleStage" "the token in the log",
        |h| h.set("ConsoleStage/AccessLogSettings/Format", json!("$context.requestId $context.identity.queryString"));
    "H4" "ConsoleFunction" "slower than the API waits",
        |h| h.set("ConsoleFunction/Timeout", json!(60));
    "H5" "ConsoleApi" "the old form of events",
        |h| h.set("ConsoleIntegration/PayloadFormatVersion", json!("1.0"));
    "H5" "ConsoleApi" "another API may call",
        |h| h.set(
            "ConsolePermission/SourceArn",
            sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:*"),
        );
    "H6" "ConsoleApi" "a back door beside the domain",
        |h| h.cut("ConsoleApi/", "DisableExecuteApiEndpoint");
    "K1" "ConsoleSecret" "a token that is written down",
        |h| h.add("ConsoleSecret/", "SecretString", json!("swordfish"));
    "K1" "ConsoleSecret" "a short token",
        |h| h.set("ConsoleSecret/GenerateSecretString/PasswordLength", json!(8));
    "K2" "ConsoleSecret" "the token under another key",
        |h| h.cut("ConsoleSecret/", "KmsKeyId");
    "K2" "SweepRole" "sweeps cannot be encrypted",
        |h| h.set("SweepRole/Policies/0/PolicyDocument/Statement/1/Fn::If/1/Action", json!("kms:Decrypt"));
    // Delivery.
    "C1" "Distribution" "another bucket behind it",
        |h| h.set(
            "Distribution/DistributionConfig/Origins/0/DomainName",
            json!({"Fn::GetAtt": ["InboxBucket", "RegionalDomainName"]}),
        );
    "C4" "Distribution" "no security headers",
        |h| h.cut("Distribution/DistributionConfig/DefaultCacheBehavior", "ResponseHeadersPolicyId");
    "C1" "Distribution" "unsigned requests to the bucket",
        |h| h.cut("Distribution/DistributionConfig/Origins/0", "OriginAccessControlId");
    "C2" "Distribution" "plain HTTP to viewers",
        |h| h.set("Distribution/DistributionConfig/DefaultCacheBehavior/ViewerProtocolPolicy", json!("allow-all"));
    "C3" "StoreBucketPolicy" "originals for everybody",
        |h| h.set(&h.rule("StoreBucketPolicy", "DeliverRenditions", "Resource"), sub("${StoreBucket.Arn}/*"));
    "C3" "StoreBucketPolicy" "any distribution may read",
        |h| h.set(
            &h.rule("StoreBucketPolicy", "DeliverRenditions", "Condition"),
            json!({"StringLike": {"AWS:SourceArn": "*"}}),
        );
    // Needs.
    "P1" "SettleFunction" "a variable is missing",
        |h| h.cut("SettleFunction/Environment/Variables", "GREENROOM_RESIZE_QUEUE_URL");
    "P1" "ConsoleFunction" "a variable is misspelled",
        |h| {
            h.cut("ConsoleFunction/Environment/Variables", "GREENROOM_QUEUES");
            h.add("ConsoleFunction/Environment/Variables", "GREENROOM_QUEUE", json!(""));
        };
    "P2" "IngestFunction" "a right that nobody needs",
        |h| h.push(&h.grant("IngestRole", "ReadUploads", "Action"), json!("s3:GetObjectTagging"));
    "P2" "ConsoleFunction" "the console reads facts",
        |h| h.push(&h.grant("ConsoleRole", "Read", "Resource"), sub("${StoreBucket.Arn}/assets/*/facts/*"));
    "P3" "SettleFunction" "a call that is denied",
        |h| h.take(&h.grant("SettleRole", "Catalog", "Action"), &json!("dynamodb:Query"));
    "P3" "ConsoleFunction" "the key is out of reach",
        |h| h.take("ConsoleRole/Policies/0/PolicyDocument/Statement", &json!({"Fn::If": [
            "HasKey",
            {
                "Sid": "Key",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": named("KmsKeyArn"),
            },
            named("AWS::NoValue"),
        ]}));
    "P2" "ResizeFunction" "the whole table",
        |h| h.cut(&h.grant("ResizeRole", "Claim", ""), "Condition");
    "P3" "ConsoleFunction" "a list is out of reach",
        |h| h.set(
            &h.grant("ConsoleRole", "Catalog", "Condition"),
            json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["entry#*"]}}),
        );
    "P4" "SettleFunction" "a condition that never holds",
        |h| h.add(
            &h.grant("SettleRole", "SwapManifests", ""),
            "Condition",
            json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        );
    "P5" "SettleFunction" "two queues are swapped",
        |h| h.set("SettleFunction/Environment/Variables/GREENROOM_RESIZE_QUEUE_URL", named("SettleQueue"));
    "P1" "SettleFunction" "nobody to send texts to",
        |h| h.cut("SettleFunction/Environment/Variables", "GREENROOM_CAPTION_QUEUE_URL");
    "P2" "CaptionFunction" "the ledger can be wiped",
        |h| h.push(&h.grant("CaptionRole", "Count", "Action"), json!("dynamodb:DeleteItem"));
    "P5" "CaptionFunction" "the ledger in the table that is rebuilt",
        |h| h.set("CaptionFunction/Environment/Variables/GREENROOM_LEDGER_TABLE", named("Table"));
    "P5" "IngestFunction" "the buckets are swapped",
        |h| h.set("IngestFunction/Environment/Variables/GREENROOM_STORE_BUCKET", named("InboxBucket"));
    // Money and the table.
    "T2" "Table" "backups that nobody makes",
        |h| h.cut("Table/", "PointInTimeRecoverySpecification");
    "M1" "stack" "three dashboards",
        |h| for name in ["B", "C"] {
            h.add("/Resources", name, json!({"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": "{}"}}));
        };
    "M2" "Gateway" "something that costs by the hour",
        |h| h.add("/Resources", "Gateway", json!({"Type": "AWS::EC2::NatGateway", "Properties": {}}));
    "M2" "Table" "capacity by the hour",
        |h| h.set("Table/BillingMode", json!("PROVISIONED"));
    "M3" "stack" "no budget",
        |h| h.cut("/Resources", "Budget");
    "T3" "LedgerTable" "no way back to what was spent",
        |h| h.cut("LedgerTable/", "PointInTimeRecoverySpecification");
    "T3" "LedgerTable" "what was spent is forgotten",
        |h| h.add("LedgerTable/", "TimeToLiveSpecification", json!({"AttributeName": "expires_at", "Enabled": true}));
    "T4" "LedgerTable" "what was spent goes with the stack",
        |h| h.set("/Resources/LedgerTable/DeletionPolicy", json!("Delete"));
    "T4" "LedgerTable" "what was spent goes with a replacement",
        |h| h.cut("/Resources/LedgerTable", "UpdateReplacePolicy");
    "M2" "LedgerTable" "capacity by the hour, for a few calls a day",
        |h| h.set("LedgerTable/BillingMode", json!("PROVISIONED"));
    "T1" "Table" "claims never expire",
        |h| h.set("Table/TimeToLiveSpecification/AttributeName", json!("ttl"));
    // References.
    "R1" "ResizeFunction" "a reference to nothing",
        |h| h.set("ResizeFunction/Environment/Variables/GREENROOM_TABLE", named("Tabel"));
    "R1" "Dashboard" "a reference to what is switched off",
        |h| h.set("Dashboard/DashboardBody", sub("${ConsoleDomainName}"));
    "R2" "ConsoleFunction" "a region that is written down",
        |h| h.set(
            "ConsoleFunction/Environment/Variables/GREENROOM_UPLOAD_ORIGIN",
            sub("https://${InboxBucket}.s3.eu-west-1.amazonaws.com"),
        );
    "R2" "StoreBucketPolicy" "an account that is written down",
        |h| h.set(&h.rule("StoreBucketPolicy", "DeliverRenditions", "Condition"), json!({"StringEquals": {
            "AWS:SourceArn": sub("arn:${AWS::Partition}:cloudfront::111122223333:distribution/${Distribution}"),
        }}));
};
