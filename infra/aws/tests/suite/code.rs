//! `calls.json` against the code: what functions hold, what adapters call, what mains read.

use crate::template::{TEMPLATE, calls, workspace};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What each port verb asks of AWS. Functions hold verbs, so this is what their roles need.
const VERBS: &[(&str, &[&str])] = &[
    ("ReadBlob", &["s3:GetObject", "s3:ListBucket"]),
    ("CreateBlob", &["s3:PutObject"]),
    ("SwapBlob", &["s3:PutObject"]),
    ("CopyBlob", &["s3:GetObject", "s3:PutObject"]),
    ("DeleteBlob", &["s3:DeleteObject"]),
    ("ListBlobs", &["s3:ListBucket"]),
    ("PresignBlob", &["s3:PutObject"]),
    ("PresignRead", &["s3:GetObject"]),
    ("SendMessages", &["sqs:SendMessage"]),
    // What a function may do with a queue that feeds it is the platform's; to count is its own.
    ("Queue", &["sqs:GetQueueAttributes"]),
    ("Claims", CLAIMS),
    ("Catalog", CATALOG_READS),
    ("Health", &["sqs:GetQueueAttributes"]),
    ("ChooseModel", MODELS),
    ("TextModel", MODELS),
    // Nothing of AWS.
    ("Clock", &[]),
    ("Imaging", &[]),
    ("Preview", &[]),
];

const CLAIMS: &[&str] = &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"];
const CATALOG_READS: &[&str] = &["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"];
const MODELS: &[&str] = &["bedrock:InvokeModel"];
/// What a till asks of the ledger. It lists nothing: that is the command line's.
const LEDGER: &[&str] = &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];
const CATALOG_WRITES: &[&str] = &["dynamodb:PutItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem"];

/// What a function asks beyond its verbs, by the code that shows it.
const SIGNS: &[(&str, &[&str])] = &[
    ("catalog.upsert(", CATALOG_WRITES),
    ("Arc<Till>", LEDGER),
    ("QueryMapper::new(", MODELS),
    ("Till::new(", LEDGER),
    ("Body::Stream(", &["s3:AbortMultipartUpload"]),
    ("GREENROOM_CONSOLE_SECRET", &["secretsmanager:GetSecretValue"]),
    (".dead_letters(", &["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"]),
    (".redrive(", &["sqs:StartMessageMoveTask"]),
];

/// What the SDK's operations are called in policies. A part of a multipart upload is a put; a transaction is what it is made of.
const OPERATIONS: &[(&str, &[&str])] = &[
    ("get_object", &["s3:GetObject"]),
    ("head_object", &["s3:GetObject", "s3:ListBucket"]),
    ("put_object", &["s3:PutObject"]),
    ("create_multipart_upload", &["s3:PutObject"]),
    ("upload_part", &["s3:PutObject"]),
    ("complete_multipart_upload", &["s3:PutObject"]),
    ("abort_multipart_upload", &["s3:AbortMultipartUpload"]),
    ("copy_object", &["s3:GetObject", "s3:PutObject"]),
    ("delete_object", &["s3:DeleteObject"]),
    ("list_objects_v2", &["s3:ListBucket"]),
    ("get_item", &["dynamodb:GetItem"]),
    ("put_item", &["dynamodb:PutItem"]),
    ("delete_item", &["dynamodb:DeleteItem"]),
    ("query", &["dynamodb:Query"]),
    ("batch_get_item", &["dynamodb:BatchGetItem"]),
    ("batch_write_item", &["dynamodb:BatchWriteItem"]),
    ("transact_write_items", &[]),
    ("send_message_batch", &["sqs:SendMessage"]),
    ("get_queue_attributes", &["sqs:GetQueueAttributes"]),
    ("get_secret_value", &["secretsmanager:GetSecretValue"]),
    // The receiving side: on AWS the event source mapping has it, so what is not in `calls.json` is denied.
    ("receive_message", &["sqs:ReceiveMessage"]),
    ("delete_message", &["sqs:DeleteMessage"]),
    ("delete_message_batch", &["sqs:DeleteMessage"]),
    ("change_message_visibility", &["sqs:ChangeMessageVisibility"]),
    ("change_message_visibility_batch", &["sqs:ChangeMessageVisibility"]),
    ("start_message_move_task", &["sqs:StartMessageMoveTask"]),
    ("list_message_move_tasks", &["sqs:ListMessageMoveTasks"]),
];

/// Parts of transactions, by what makes them.
const PARTS: &[(&str, &str)] = &[
    ("Put::builder()", "dynamodb:PutItem"),
    ("Update::builder()", "dynamodb:UpdateItem"),
    ("Delete::builder()", "dynamodb:DeleteItem"),
    ("ConditionCheck::builder()", "dynamodb:ConditionCheckItem"),
];

/// All Rust of a folder.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for path in entries.map(|entry| entry.expect("a folder can be read").path()) {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let name = path.strip_prefix(workspace()).expect("it is ours").display().to_string();
            let text = fs::read_to_string(&path).expect("UTF-8");
            // What tests at a file's end do is nothing that runs on AWS.
            found.push((name, text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned()));
        }
    }
    found
}

fn code_of(function: &str) -> String {
    let code: String =
        sources(&workspace().join("functions").join(function).join("src")).into_iter().map(|(_, text)| text).collect();
    assert!(!code.is_empty(), "functions/{function} has no code");
    if !code.contains("pub vision: Vision") {
        return code;
    }
    // What asks models for several functions asks it with the rights of each.
    code + &sources(&workspace().join("shared/vision/src")).into_iter().map(|(_, text)| text).collect::<String>()
}

fn actions<'a>(calls: impl IntoIterator<Item = &'a stack::Call>) -> BTreeSet<&'a str> {
    calls.into_iter().map(|(action, _)| action.as_str()).collect()
}

#[test]
fn functions_hold_the_verbs_that_calls_stand_for() {
    let (calls, verbs) = (calls(), BTreeMap::from_iter(VERBS.iter().copied()));
    for function in calls.functions() {
        let code = code_of(function);
        let held: BTreeSet<&str> =
            code.split("pub ").filter_map(|field| field.split_once(": Arc<dyn ")?.1.split('>').next()).collect();
        assert!(held.contains("SendMessages"), "`{function}` holds its ports as `pub name: Arc<dyn Verb>`: {held:?}");
        let mut needed = BTreeSet::new();
        for verb in held {
            needed.extend(*verbs.get(verb).unwrap_or_else(|| panic!("what does the verb `{verb}` ask of AWS?")));
        }
        let has_secret = calls.environment(function).contains("GREENROOM_CONSOLE_SECRET");
        for (sign, actions) in SIGNS {
            if code.contains(sign) || (has_secret && *sign == "GREENROOM_CONSOLE_SECRET") {
                needed.extend(*actions);
            }
        }
        let own = calls.own(function);
        assert_eq!(actions(&own), needed, "`{function}`: `calls.json` (left) and the verbs it holds (right)");
    }
}

#[test]
fn the_shell_asks_what_the_platform_is_granted() {
    let shell: String = sources(&workspace().join("shared/runtime/src")).into_iter().map(|(_, text)| text).collect();
    let mut needed = BTreeSet::from(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]);
    if shell.contains(".give_back(") {
        needed.insert("sqs:ChangeMessageVisibility");
    }
    assert_eq!(actions(&calls().platform("queue", "settle")), needed);
}

/// The operations that a source calls on an SDK client.
fn operations(text: &str) -> BTreeSet<String> {
    let dense: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let mut found = BTreeSet::new();
    for client in ["client().", "self.client.", "s3().", "sqs().", "dynamodb().", "secrets()."] {
        for rest in dense.split(client).skip(1) {
            let name: String =
                rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
            if rest[name.len()..].starts_with("()") && name != "clone" {
                found.insert(name);
            }
        }
    }
    found
}

/// The actions behind the operations in sources whose name fits.
fn asked(sources: &[(String, String)], is_meant: impl Fn(&str) -> bool) -> BTreeSet<&'static str> {
    let known = BTreeMap::from_iter(OPERATIONS.iter().copied());
    let mut asked = BTreeSet::new();
    for (name, text) in sources.iter().filter(|(name, _)| is_meant(name)) {
        for operation in operations(text) {
            let actions = known.get(operation.as_str());
            asked.extend(*actions.unwrap_or_else(|| panic!("{name} calls `{operation}`: which action is that?")));
        }
        asked.extend(PARTS.iter().filter(|(part, _)| text.contains(part)).map(|(_, action)| action));
    }
    asked
}

#[test]
fn adapters_call_what_verbs_stand_for() {
    let sources = sources(&workspace().join("shared/aws/src"));
    let of = |folder: &str, is_meant: fn(&str) -> bool| {
        asked(&sources, |name| name.contains(folder) && is_meant(name.rsplit('/').next().unwrap_or_default()))
    };
    let verb = |names: &[&str]| -> BTreeSet<&str> {
        VERBS.iter().filter(|(verb, _)| names.contains(verb)).flat_map(|(_, actions)| actions.iter().copied()).collect()
    };
    let blobs =
        ["ReadBlob", "CreateBlob", "SwapBlob", "CopyBlob", "DeleteBlob", "ListBlobs", "PresignBlob", "PresignRead"];
    let mut expected = verb(&blobs);
    expected.insert("s3:AbortMultipartUpload");
    assert_eq!(of("/s3", |_| true), expected, "objects");
    assert_eq!(of("/dynamodb/", |file| file == "claims.rs"), verb(&["Claims"]), "claims");
    let catalog: BTreeSet<&str> = CATALOG_READS.iter().chain(CATALOG_WRITES).copied().collect();
    assert_eq!(of("/dynamodb/", |file| !["claims.rs", "ledger.rs"].contains(&file)), catalog, "catalog");
    let ledger: BTreeSet<&str> = LEDGER.iter().copied().chain(["dynamodb:Query"]).collect();
    assert_eq!(of("/dynamodb/", |file| file == "ledger.rs"), ledger, "ledger, with the lists of the command line");
    assert_eq!(of("/sqs/", |file| file == "send.rs"), verb(&["SendMessages"]), "sending");
    assert!(of("/sqs/", |file| file != "send.rs").contains("sqs:GetQueueAttributes"), "depth");
    assert_eq!(of("/secrets", |_| true), BTreeSet::from(["secretsmanager:GetSecretValue"]), "secrets");
}

#[test]
fn models_are_asked_as_the_verb_says() {
    // Two operations are one action: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.
    // A guard is held by no function yet: its action will be another.
    let known = ["apply_guardrail", "converse", "invoke_model"];
    let code: String =
        sources(&workspace().join("shared/models/src/bedrock")).into_iter().map(|(_, text)| text).collect();
    let dense: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let asked: BTreeSet<&str> =
        dense.split("client.").skip(1).filter_map(|rest| rest.split_once("()")?.0.into()).collect();
    assert_eq!(asked, BTreeSet::from(known), "what else is asked of Bedrock needs another action in `calls.json`");
}

#[test]
fn the_template_lets_caption_ask_what_the_shipped_book_routes_to() {
    let book: toml::Table =
        toml::from_str(include_str!("../../../../shared/models/models.toml")).expect("the book is TOML");
    let tables = |name: &str| book[name].as_array().expect("tables").iter().filter_map(toml::Value::as_table);
    let route =
        tables("route").find(|route| route["name"].as_str() == Some("vision-small")).expect("the route is there");
    let ids: Vec<&str> = route["models"].as_array().expect("names").iter().filter_map(toml::Value::as_str).collect();
    let models = tables("model").filter(|model| ids.contains(&model["id"].as_str().unwrap_or_default()));
    let arns = models.flat_map(|model| stack::model_arns(model["model"].as_str().unwrap_or_default()));
    let default = TEMPLATE["Parameters"]["CaptionModels"]["Default"].as_str().expect("a default");
    assert_eq!(default, arns.collect::<Vec<_>>().join(","));
}

/// The words `GREENROOM_…` in a text.
fn variables(text: &str) -> BTreeSet<String> {
    let is_in_name = |letter: &char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || *letter == '_';
    let names = text.split("\"GREENROOM_").skip(1);
    names.map(|rest| format!("GREENROOM_{}", rest.chars().take_while(is_in_name).collect::<String>())).collect()
}

#[test]
fn mains_read_what_calls_say() {
    let calls = calls();
    let mut with_main = Vec::new();
    for function in calls.functions() {
        if !workspace().join("functions").join(function).join("src/main.rs").exists() {
            continue;
        }
        with_main.push(function);
        let read = variables(&code_of(function));
        let read: BTreeSet<&str> = read.iter().map(String::as_str).collect();
        assert_eq!(calls.environment(function), read, "`{function}`: `calls.json` (left) and its code (right)");
    }
    println!("functions with a main: {with_main:?}");
    let known: BTreeSet<&str> = calls.functions().flat_map(|function| calls.environment(function)).collect();
    for folder in ["shared/aws/src", "shared/runtime/src"] {
        for (name, text) in sources(&workspace().join(folder)) {
            let unknown: Vec<String> =
                variables(&text).into_iter().filter(|variable| !known.contains(variable.as_str())).collect();
            assert!(unknown.is_empty(), "{name} reads {unknown:?}, which no function is given");
        }
    }
}

#[test]
fn places_are_places_that_the_code_uses() {
    let calls = calls();
    let places: BTreeSet<String> =
        calls.functions().flat_map(|function| calls.own(function)).map(|(_, place)| place).collect();
    let keys = fs::read_to_string(workspace().join("shared/asset/src/keys.rs")).expect("keys.rs is there");
    for keys_of_place in places.iter().filter_map(|place| place.strip_prefix("StoreBucket/")) {
        for part in keys_of_place.split('*').filter(|part| part.len() > 1) {
            assert!(keys.contains(part), "`{keys_of_place}` is no key of the store: keys.rs has no `{part}`");
        }
    }
    let partitions: BTreeSet<&str> =
        places.iter().filter_map(|place| place.strip_prefix("Table/")?.strip_suffix("#*")).collect();
    // The ledger has a table of its own, and nothing else is in it.
    let code: String = sources(&workspace().join("shared/aws/src/dynamodb"))
        .into_iter()
        .filter(|(file, _)| !file.ends_with("ledger.rs"))
        .map(|(_, text)| text)
        .collect();
    let begin = |text: &str| -> String {
        let tail: String = text.chars().rev().take_while(char::is_ascii_lowercase).collect();
        tail.chars().rev().collect()
    };
    // `format!("list#{state}#{shard}")`: the word between the quote and the first `#{`.
    let written: BTreeSet<String> = code
        .match_indices("#{")
        .map(|(at, _)| (begin(&code[..at]), at))
        .filter(|(word, at)| !word.is_empty() && code[..at - word.len()].ends_with("format!(\""))
        .map(|(word, _)| word)
        .collect();
    let written: BTreeSet<&str> = written.iter().map(String::as_str).collect();
    assert_eq!(partitions, written, "partitions in `calls.json` (left) and in the adapter (right)");
    for name in ["PARTITION_KEY: &str = \"pk\"", "SORT_KEY: &str = \"sk\"", "TTL_ATTRIBUTE: &str = \"expires_at\""] {
        assert!(code.contains(name), "the table in the template has other names than the adapter: `{name}`");
    }
}

#[test]
fn the_finders_find() {
    let text = "self.clients.dynamodb()\n    .put_item()\n .x(); self.client.get_object().y(); self.client().scan()";
    let found: Vec<String> = operations(text).into_iter().collect();
    assert_eq!(found, ["get_object", "put_item", "scan"]);
    assert_eq!(variables("env(\"GREENROOM_TABLE\") // \"GREENROOM_A_1\"").len(), 2);
}
