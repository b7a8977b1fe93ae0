//! The framing of event streams, and Converse's answer in pieces.

use serde_json::{Value, json};

/// How much text is in one piece.
const PIECE_CHARS: usize = 12;

fn u32_of(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

/// Total length, length of the headers, checksum of both, headers, payload, checksum of everything before.
fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        head.extend_from_slice(name.as_bytes());
        // 7: a string, with its length in two bytes.
        head.push(7);
        head.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        head.extend_from_slice(value.as_bytes());
    }
    let mut frame = Vec::new();
    frame.extend_from_slice(&u32_of(16 + head.len() + payload.len()));
    frame.extend_from_slice(&u32_of(head.len()));
    frame.extend_from_slice(&crc32fast::hash(&frame).to_be_bytes());
    frame.extend_from_slice(&head);
    frame.extend_from_slice(payload);
    frame.extend_from_slice(&crc32fast::hash(&frame).to_be_bytes());
    frame
}

fn event(name: &str, payload: &Value) -> Vec<u8> {
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    frame(&headers, payload.to_string().as_bytes())
}

/// An error after the answer has begun. In streams its name starts with a small letter.
fn exception(name: &str, message: &str) -> Vec<u8> {
    let mut name = name.to_owned();
    name[..1].make_ascii_lowercase();
    let headers = [(":exception-type", &*name), (":content-type", "application/json"), (":message-type", "exception")];
    frame(&headers, json!({"message": message}).to_string().as_bytes())
}

/// Returns the frames of an answer of Converse; with `fault`, those before it and then the error.
pub(super) fn frames(answer: &Value, fault: Option<(usize, &str, &str)>) -> Vec<u8> {
    let mut events = vec![event("messageStart", &json!({"role": "assistant"}))];
    let blocks = answer["output"]["message"]["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut n_pieces = 0;
    for (index, block) in blocks.iter().enumerate() {
        let tool = &block["toolUse"];
        let (text, key) = match block["text"].as_str() {
            Some(text) => (text.to_owned(), "text"),
            None => (tool["input"].to_string(), "toolUse"),
        };
        if key == "toolUse" {
            let start = json!({"toolUse": {"toolUseId": tool["toolUseId"], "name": tool["name"]}});
            events.push(event("contentBlockStart", &json!({"contentBlockIndex": index, "start": start})));
        }
        let chars: Vec<char> = text.chars().collect();
        for piece in chars.chunks(PIECE_CHARS) {
            if let Some((after, name, message)) = fault
                && n_pieces >= after
            {
                events.push(exception(name, message));
                return events.concat();
            }
            let piece: String = piece.iter().collect();
            let delta = if key == "text" { json!({"text": piece}) } else { json!({"toolUse": {"input": piece}}) };
            events.push(event("contentBlockDelta", &json!({"contentBlockIndex": index, "delta": delta})));
            n_pieces += 1;
        }
        events.push(event("contentBlockStop", &json!({"contentBlockIndex": index})));
    }
    if let Some((_, name, message)) = fault {
        events.push(exception(name, message));
        return events.concat();
    }
    let fields = &answer["additionalModelResponseFields"];
    let stop = json!({"stopReason": answer["stopReason"], "additionalModelResponseFields": fields});
    events.push(event("messageStop", &stop));
    events.push(event("metadata", &json!({"usage": answer["usage"], "metrics": answer["metrics"]})));
    events.concat()
}
