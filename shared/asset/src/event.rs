//! What happened in the inbox: S3 notifications, parsed once, here.
//!
//! Taken: the S3 notification record (directly from SQS, or wrapped by SNS) and the EventBridge event. Both are at-least-once and
//! unordered, and their keys are spelled differently: a notification's key is form-encoded (`+` is a space, then `%xx`), an
//! EventBridge key is plain text.

use crate::sequencer::Sequencer;
use serde::Deserialize;
use serde_json::Value;

/// One change of one inbox key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxEvent {
    pub bucket: String,
    /// Decoded; at most 1,024 bytes (the limit of S3).
    pub key: String,
    pub change: InboxChange,
    pub sequencer: Sequencer,
    /// Only where the bucket keeps versions.
    pub version_id: Option<String>,
    /// Milliseconds since 1970, as the sender gave it; 0 if it gave none.
    pub at_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InboxChange {
    /// `etag` and `bytes` as the event told them: hints, checked against the object itself.
    Put {
        etag: Option<String>,
        bytes: Option<u64>,
    },
    Delete,
}

/// A message that is no inbox event, and never will be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEvent {
    #[error("the message is no JSON of an S3 notification, SNS envelope or EventBridge event: {0}")]
    Shape(String),
    #[error("record {index} has no usable `{field}`: {reason}")]
    Field { index: usize, field: &'static str, reason: String },
}

/// Longest key that S3 takes, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 1024;

/// Parses the body of one queue message into the changes that concern Greenroom.
///
/// Empty for `s3:TestEvent`, for folder markers (a key that ends in `/`) and for event kinds other than created and removed.
pub fn parse_inbox_events(body: &str) -> Result<Vec<InboxEvent>, InvalidEvent> {
    match Message::of(body)? {
        Message::Notification { records } => from_records(records),
        Message::EventBridge { detail_type, time, detail } => from_event_bridge(&detail_type, time.as_deref(), detail),
        Message::Test => Ok(Vec::new()),
        // The inner body is parsed as a plain notification only, so an envelope in an envelope cannot recurse.
        Message::Sns { message } => match Message::of(&message)? {
            Message::Notification { records } => from_records(records),
            Message::Test => Ok(Vec::new()),
            Message::EventBridge { .. } | Message::Sns { .. } => {
                Err(InvalidEvent::Shape("the SNS envelope holds no S3 notification".into()))
            }
        },
    }
}

enum Message {
    Notification { records: Vec<Record> },
    EventBridge { detail_type: String, time: Option<String>, detail: Detail },
    Sns { message: String },
    Test,
}

impl Message {
    /// Tells the shapes apart by the one field that only they have, so that an error is about the right shape.
    fn of(body: &str) -> Result<Self, InvalidEvent> {
        let shape = |error: serde_json::Error| InvalidEvent::Shape(error.to_string());
        let mut message: Value = serde_json::from_str(body).map_err(shape)?;
        let mut take = |field: &str| message.get_mut(field).map(Value::take).filter(|value| !value.is_null());
        if let Some(records) = take("Records") {
            return Ok(Message::Notification { records: serde_json::from_value(records).map_err(shape)? });
        }
        if let Some(detail_type) = take("detail-type") {
            let time = take("time").map(serde_json::from_value).transpose().map_err(shape)?;
            let detail = serde_json::from_value(take("detail").unwrap_or_default()).map_err(shape)?;
            return Ok(Message::EventBridge {
                detail_type: serde_json::from_value(detail_type).map_err(shape)?,
                time,
                detail,
            });
        }
        match (take("Message"), take("Event")) {
            (Some(Value::String(message)), _) => Ok(Message::Sns { message }),
            (_, Some(Value::String(event))) if event == "s3:TestEvent" => Ok(Message::Test),
            (_, Some(event)) => Err(InvalidEvent::Shape(format!("unknown event `{event:.80}`"))),
            _ => Err(InvalidEvent::Shape("it has none of `Records`, `detail-type`, `Message` and `Event`".into())),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_name: Option<String>,
    event_time: Option<String>,
    s3: Option<RecordBody>,
}

#[derive(Deserialize)]
struct RecordBody {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

/// The object in both shapes: S3 says `eTag` and `versionId`, EventBridge `etag` and `version-id`.
#[derive(Deserialize)]
struct Object {
    key: String,
    size: Option<u64>,
    #[serde(alias = "eTag")]
    etag: Option<String>,
    #[serde(rename = "versionId", alias = "version-id")]
    version_id: Option<String>,
    sequencer: Option<String>,
}

#[derive(Deserialize)]
struct Detail {
    bucket: Bucket,
    object: Object,
}

fn from_records(records: Vec<Record>) -> Result<Vec<InboxEvent>, InvalidEvent> {
    let mut events = Vec::with_capacity(records.len());
    for (index, record) in records.into_iter().enumerate() {
        let name = record.event_name.unwrap_or_default();
        // Some senders write `s3:ObjectCreated:Put`.
        let name = name.trim_start_matches("s3:");
        let is_put = name.starts_with("ObjectCreated:");
        let is_delete = name.starts_with("ObjectRemoved:") || name.starts_with("LifecycleExpiration:");
        if !is_put && !is_delete {
            continue;
        }
        let body = record.s3.ok_or_else(|| field(index, "s3", "it is missing"))?;
        let key = decode_key(&body.object.key).map_err(|reason| field(index, "s3.object.key", reason))?;
        let event = event(index, body.bucket, body.object, key, is_put, record.event_time.as_deref())?;
        events.extend(event);
    }
    Ok(events)
}

fn from_event_bridge(kind: &str, time: Option<&str>, detail: Detail) -> Result<Vec<InboxEvent>, InvalidEvent> {
    let is_put = match kind {
        "Object Created" => true,
        "Object Deleted" => false,
        _ => return Ok(Vec::new()),
    };
    let key = detail.object.key.clone();
    Ok(event(0, detail.bucket, detail.object, key, is_put, time)?.into_iter().collect())
}

fn event(
    index: usize,
    bucket: Bucket,
    object: Object,
    key: String,
    is_put: bool,
    time: Option<&str>,
) -> Result<Option<InboxEvent>, InvalidEvent> {
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Err(field(index, "key", format!("it has {} bytes, and S3 keys have 1 to 1024", key.len())));
    }
    if key.ends_with('/') {
        return Ok(None);
    }
    let nanos = time.and_then(parse_time_nanos);
    let sequencer = match object.sequencer.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => {
            Sequencer::parse(text).ok_or_else(|| field(index, "sequencer", format!("`{text:.80}` is no hex")))?
        }
        None => Sequencer::from_unix_nanos(
            nanos.ok_or_else(|| field(index, "sequencer", "it is missing, and so is a time to order the event by"))?,
        ),
    };
    let change = if is_put {
        let etag = object.etag.map(|etag| etag.trim_matches('"').to_owned()).filter(|etag| !etag.is_empty());
        InboxChange::Put { etag, bytes: object.size }
    } else {
        InboxChange::Delete
    };
    let version_id = object.version_id.filter(|id| !id.is_empty() && id != "null");
    Ok(Some(InboxEvent {
        bucket: bucket.name,
        key,
        change,
        sequencer,
        version_id,
        at_ms: nanos.unwrap_or(0) / 1_000_000,
    }))
}

fn field(index: usize, field: &'static str, reason: impl Into<String>) -> InvalidEvent {
    InvalidEvent::Field { index, field, reason: reason.into() }
}

/// Undoes the form encoding of a notification's key: `+` first, then `%xx`, so that `%2B` stays a plus sign.
fn decode_key(text: &str) -> Result<String, String> {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8()
        .map(|key| key.into_owned())
        .map_err(|_| "it is not UTF-8".to_owned())
}

fn parse_time_nanos(text: &str) -> Option<u64> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(timestamp.as_nanosecond()).ok()
}
