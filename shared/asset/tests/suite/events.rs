//! The traps of S3's notifications.

use asset::event::{InboxChange, InboxEvent, InvalidEvent, parse_inbox_events};
use asset::sequencer::Sequencer;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Value, json};

fn record(name: &str, object: Value) -> Value {
    json!({
        "eventVersion": "2.6", "eventSource": "aws:s3", "awsRegion": "eu-central-1",
        "eventTime": "2026-11-22T23:08:32.688Z", "eventName": name,
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": "inbox", "arn": "arn:aws:s3:::inbox"}, "object": object}
    })
}

fn put(key: &str) -> Value {
    record("ObjectCreated:Put", json!({"key": key, "size": 157, "eTag": "869c7c", "sequencer": "0055AED6DCD90281E5"}))
}

fn parse(records: Value) -> Result<Vec<InboxEvent>, InvalidEvent> {
    parse_inbox_events(&json!({"Records": records}).to_string())
}

fn one(record: Value) -> InboxEvent {
    let mut events = parse(json!([record])).expect("the record is good");
    assert_eq!(events.len(), 1);
    events.remove(0)
}

fn bridge(kind: &str, key: &str) -> Result<Vec<InboxEvent>, InvalidEvent> {
    let detail = json!({
        "version": "0", "bucket": {"name": "inbox"}, "reason": "PutObject",
        "object": {"key": key, "size": 1, "etag": "9dd4e4", "version-id": "v1", "sequencer": "617f08299329d189"}
    });
    let event = json!({"version": "0", "id": "1", "source": "aws.s3", "time": "2026-11-22T22:33:28.146Z", "detail-type": kind, "detail": detail});
    parse_inbox_events(&event.to_string())
}

#[test]
fn keys_are_form_decoded() {
    for (sent, key) in [
        ("plain.jpg", "plain.jpg"),
        ("a+b.jpg", "a b.jpg"),
        ("a%2Bb.jpg", "a+b.jpg"),
        ("a%20b.jpg", "a b.jpg"),
        ("a%252Bb.jpg", "a%2Bb.jpg"),
        ("100%25.jpg", "100%.jpg"),
        ("in%2Fa+b%2B%C3%BC.jpg", "in/a b+ü.jpg"),
        ("%F0%9F%A6%80.gif", "🦀.gif"),
        ("🦀.gif", "🦀.gif"),
        ("a//b.jpg", "a//b.jpg"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("bad%escape", "bad%escape"),
    ] {
        assert_eq!(one(put(sent)).key, key, "{sent}");
    }
}

#[test]
fn folder_markers_are_no_files() {
    assert_eq!(parse(json!([put("photos/")])), Ok(vec![]));
    assert_eq!(parse(json!([put("photos%2F")])), Ok(vec![]));
}

#[test]
fn keys_have_1_to_1024_bytes() {
    let longest = "é".repeat(512);
    assert_eq!(one(put(&utf8_percent_encode(&longest, NON_ALPHANUMERIC).to_string())).key, longest);
    for key in ["x".repeat(1025), format!("{longest}x"), String::new()] {
        let error = parse(json!([put(&key)])).expect_err("no key");
        assert!(error.to_string().contains("S3 keys have 1 to 1024"), "{error}");
    }
}

#[test]
fn a_key_that_is_not_utf8_is_named() {
    let error = parse(json!([put("ok.jpg"), put("%FF%FE.jpg")])).expect_err("no UTF-8");
    assert_eq!(error.to_string(), "record 1 has no usable `s3.object.key`: it is not UTF-8");
}

#[test]
fn size_0_is_a_file() {
    let event = one(record("ObjectCreated:Put", json!({"key": "empty", "size": 0, "sequencer": "01"})));
    assert_eq!(event.change, InboxChange::Put { etag: None, bytes: Some(0) });
}

#[test]
fn an_etag_loses_its_quotes() {
    let event = one(record("ObjectCreated:Copy", json!({"key": "a", "eTag": "\"abc-2\"", "sequencer": "01"})));
    assert_eq!(event.change, InboxChange::Put { etag: Some("abc-2".into()), bytes: None });
}

#[test]
fn a_null_version_is_none() {
    for version in [json!(null), json!("null"), json!("")] {
        let event = one(record("ObjectCreated:Put", json!({"key": "a", "versionId": version, "sequencer": "01"})));
        assert_eq!(event.version_id, None);
    }
    let event = one(record("ObjectCreated:Put", json!({"key": "a", "versionId": "abc", "sequencer": "01"})));
    assert_eq!(event.version_id.as_deref(), Some("abc"));
}

#[test]
fn without_a_sequencer_the_time_orders() {
    for absent in [json!(null), json!("")] {
        let event = one(record("ObjectCreated:Put", json!({"key": "a", "sequencer": absent})));
        assert_eq!(event.sequencer, Sequencer::from_unix_nanos(1_795_388_912_688_000_000));
        assert_eq!(event.at_ms, 1_795_388_912_688);
    }
    let mut timeless = record("ObjectCreated:Put", json!({"key": "a"}));
    timeless["eventTime"] = json!(null);
    let error = parse(json!([timeless])).expect_err("nothing to order by");
    assert!(error.to_string().contains("so is a time to order the event by"), "{error}");
}

#[test]
fn sequencers_of_unequal_length_compare_padded() {
    let of = |text: &str| one(record("ObjectCreated:Put", json!({"key": "a", "sequencer": text}))).sequencer;
    assert!(of("0055AED6DCD90281E5") > of("0055AED6DCD90281"));
    assert!(of("0055AED6DCD90282") > of("0055AED6DCD90281E5"));
    assert_eq!(of("0055aed6dcd9028100"), of("0055AED6DCD90281"));
    let error = parse(json!([record("ObjectCreated:Put", json!({"key": "a", "sequencer": "../x"}))]));
    assert_eq!(error.expect_err("no hex").to_string(), "record 0 has no usable `sequencer`: `../x` is no hex");
}

#[test]
fn every_kind_of_removal_is_a_delete() {
    for name in [
        "ObjectRemoved:Delete",
        "ObjectRemoved:DeleteMarkerCreated",
        "LifecycleExpiration:Delete",
        "LifecycleExpiration:DeleteMarkerCreated",
        "s3:ObjectRemoved:Delete",
    ] {
        assert_eq!(one(record(name, json!({"key": "a+b", "sequencer": "01"}))).change, InboxChange::Delete, "{name}");
    }
}

#[test]
fn other_kinds_are_nothing() {
    for name in ["ObjectTagging:Put", "ObjectAcl:Put", "ObjectRestore:Completed", "ReducedRedundancyLostObject", ""] {
        assert_eq!(parse(json!([record(name, json!({"key": "a"}))])), Ok(vec![]), "{name}");
    }
    assert_eq!(bridge("Object Tags Added", "a"), Ok(vec![]));
}

#[test]
fn test_events_are_nothing() {
    let test =
        json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-22T23:07:19.000Z", "Bucket": "inbox"});
    assert_eq!(parse_inbox_events(&test.to_string()), Ok(vec![]));
    let wrapped = json!({"Type": "Notification", "Message": test.to_string()});
    assert_eq!(parse_inbox_events(&wrapped.to_string()), Ok(vec![]));
}

#[test]
fn event_bridge_keys_are_plain() {
    let events = bridge("Object Created", "a+b%2Bc d.jpg").expect("a good event");
    assert_eq!(events[0].key, "a+b%2Bc d.jpg");
    assert_eq!(events[0].change, InboxChange::Put { etag: Some("9dd4e4".into()), bytes: Some(1) });
    assert_eq!(events[0].version_id.as_deref(), Some("v1"));
    assert_eq!(bridge("Object Deleted", "a+b").expect("a good event")[0].change, InboxChange::Delete);
}

#[test]
fn several_records_keep_their_order() {
    let events =
        parse(json!([put("a"), record("ObjectTagging:Put", json!({"key": "x"})), put("b"), put("c/"), put("d")]));
    let keys: Vec<String> = events.expect("good records").into_iter().map(|event| event.key).collect();
    assert_eq!(keys, ["a", "b", "d"]);
    assert_eq!(parse(json!([])), Ok(vec![]));
}

#[test]
fn sns_envelopes_are_opened_once() {
    let notification = json!({"Records": [put("a+b")]}).to_string();
    let envelope = json!({"Type": "Notification", "TopicArn": "arn", "Message": notification, "Subject": "Amazon S3 Notification"});
    assert_eq!(parse_inbox_events(&envelope.to_string()).expect("a good envelope")[0].key, "a b");
    let twice = json!({"Type": "Notification", "Message": envelope.to_string()});
    assert!(parse_inbox_events(&twice.to_string()).is_err());
}

#[test]
fn garbage_is_refused_and_says_where() {
    let nested = format!("{{\"Records\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "\"text\"",
        "{\"Records\":{}}",
        "{\"Event\":\"s3:Other\"}",
        "{\"Message\":\"hello\"}",
        &nested,
    ] {
        assert!(matches!(parse_inbox_events(body), Err(InvalidEvent::Shape(_))), "{body:.60}");
    }
    let headless = json!([{"eventName": "ObjectCreated:Put", "eventTime": "2026-11-22T23:08:32Z"}]);
    assert_eq!(parse(headless).expect_err("no object").to_string(), "record 0 has no usable `s3`: it is missing");
    let negative = json!([record("ObjectCreated:Put", json!({"key": "a", "size": -1, "sequencer": "01"}))]);
    let error = parse(negative).expect_err("no size").to_string();
    assert!(error.contains("-1"), "{error}");
}

/// As S3 spells a key in a notification.
fn form_encoded(key: &str) -> String {
    utf8_percent_encode(key, NON_ALPHANUMERIC).to_string().replace("%20", "+")
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(body in any::<String>()) {
        let _ = parse_inbox_events(&body);
    }

    #[test]
    fn mutated_notifications_never_panic(at in 0usize..400, byte in any::<u8>(), cut in 0usize..400) {
        let mut body = json!({"Records": [put("a+b")]}).to_string().into_bytes();
        let length = body.len();
        body[at % length] = byte;
        let _ = parse_inbox_events(&String::from_utf8_lossy(&body));
        let _ = parse_inbox_events(&String::from_utf8_lossy(&body[..cut % length]));
    }

    #[test]
    fn every_key_comes_back(key in any::<String>()) {
        prop_assume!((1..=1024).contains(&key.len()) && !key.ends_with('/'));
        prop_assert_eq!(&one(put(&form_encoded(&key))).key, &key);
        prop_assert_eq!(&bridge("Object Created", &key).expect("a good event")[0].key, &key);
    }
}
