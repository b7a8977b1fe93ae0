//! What is posted: JSON, or a form with files (RFC 7578).

use asset::canonical::sha256_hex;
use bytes::Bytes;

pub(super) struct Payload {
    pub content_type: String,
    pub body: Bytes,
}

impl From<String> for Payload {
    fn from(json: String) -> Self {
        Payload { content_type: "application/json".to_owned(), body: json.into() }
    }
}

/// A form, field by field. Names of fields and files, and media types, are ours or checked: none has a quote or a line
/// break in it.
pub(super) struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    /// Begins a form that carries `file`, whose digest is in the boundary: no file contains its own.
    pub fn carrying(file: &[u8]) -> Self {
        Form { boundary: format!("greenroom-{}", &sha256_hex(file)[..32]), body: Vec::new() }
    }

    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.part(&format!("form-data; name=\"{name}\""), None, value.as_bytes());
        self
    }

    #[must_use]
    pub fn file(mut self, name: &str, file_name: &str, media_type: &str, bytes: &[u8]) -> Self {
        self.part(&format!("form-data; name=\"{name}\"; filename=\"{file_name}\""), Some(media_type), bytes);
        self
    }

    fn part(&mut self, disposition: &str, media_type: Option<&str>, bytes: &[u8]) {
        let media_type = media_type.map(|name| format!("Content-Type: {name}\r\n")).unwrap_or_default();
        let head = format!("--{}\r\nContent-Disposition: {disposition}\r\n{media_type}\r\n", self.boundary);
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(bytes);
        self.body.extend_from_slice(b"\r\n");
    }

    pub fn end(mut self) -> Payload {
        self.body.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        Payload { content_type: format!("multipart/form-data; boundary={}", self.boundary), body: self.body.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_spelled_as_the_standard_says() {
        let payload = Form::carrying(b"abc").field("model", "m").file("file", "a.wav", "audio/wav", b"abc").end();
        let boundary = payload.content_type.strip_prefix("multipart/form-data; boundary=").expect("a boundary");
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\
             Content-Type: audio/wav\r\n\r\nabc\r\n--{boundary}--\r\n"
        );
        assert_eq!(String::from_utf8_lossy(&payload.body), expected);
        assert!(boundary.len() <= 70, "the longest that the standard allows");
    }
}
