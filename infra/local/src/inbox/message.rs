//! The notification itself, in the shape that S3 sends.

use asset::sequencer::Sequencer;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

/// What S3 leaves as it is in a notification's key; a space becomes `+`, everything else `%xx`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*');

/// What happened to one key.
#[derive(Clone, Debug)]
pub(super) enum Happened {
    Put { etag: String, bytes: u64 },
    Deleted,
}

/// Returns the body of the queue message.
pub(super) fn message(
    bucket: &str,
    key: &str,
    happened: &Happened,
    sequencer: &Sequencer,
    at: jiff::Timestamp,
) -> String {
    let mut object = json!({
        "key": encode_key(key),
        // S3's own have 18 digits; the canonical form has its trailing zeros cut.
        "sequencer": format!("{:0<18}", sequencer.as_segment()),
    });
    let name = match happened {
        Happened::Put { etag, bytes } => {
            object["size"] = json!(bytes);
            object["eTag"] = json!(etag);
            "ObjectCreated:Put"
        }
        Happened::Deleted => "ObjectRemoved:Delete",
    };
    let owner = json!({ "principalId": "greenroom" });
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "local",
        "eventTime": format!("{at:.3}"),
        "eventName": name,
        "userIdentity": owner,
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": {},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "greenroom",
            "bucket": { "name": bucket, "ownerIdentity": owner, "arn": format!("arn:aws:s3:::{bucket}") },
            "object": object,
        },
    }]})
    .to_string()
}

fn encode_key(key: &str) -> String {
    utf8_percent_encode(key, ENCODED).to_string().replace("%20", "+")
}

#[cfg(test)]
mod tests {
    use super::*;
    use asset::event::{InboxChange, parse_inbox_events};
    use proptest::prelude::*;

    #[test]
    fn keys_are_spelled_as_s3_spells_them() {
        assert_eq!(encode_key("in/a b+ü%2B.jpg"), "in/a+b%2B%C3%BC%252B.jpg");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(key in "[^/]{1,40}(/[^/]{1,40}){0,3}", nanos in 0..u64::MAX / 2, bytes: u64) {
            let sequencer = Sequencer::from_unix_nanos(nanos);
            let put = Happened::Put { etag: "abc".into(), bytes };
            for happened in [put, Happened::Deleted] {
                let body = message("inbox", &key, &happened, &sequencer, jiff::Timestamp::UNIX_EPOCH);
                let events = parse_inbox_events(&body).expect("our own event parses");
                prop_assert_eq!(events.len(), 1);
                prop_assert_eq!(&events[0].key, &key);
                prop_assert_eq!(&events[0].bucket, "inbox");
                prop_assert_eq!(&events[0].sequencer, &sequencer);
                let change = match happened {
                    Happened::Put { .. } => InboxChange::Put { etag: Some("abc".into()), bytes: Some(bytes) },
                    Happened::Deleted => InboxChange::Delete,
                };
                prop_assert_eq!(&events[0].change, &change);
            }
        }
    }
}
