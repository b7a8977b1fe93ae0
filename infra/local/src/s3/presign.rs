//! Upload links: SigV4 in the query, so that a browser uploads without credentials.

use super::credentials::Credentials;
use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ports::{Kind, PortError, PresignBlob, PresignedPut};
use sha2::{Digest, Sha256};

/// What AWS leaves as it is (RFC 3986, unreserved).
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const PATH: &AsciiSet = &VALUE.remove(b'/');

/// Longest life of a link.
const MAX_SECONDS: u32 = 900;

/// Makes links to a bucket of an S3 endpoint.
#[derive(Clone, Debug)]
pub struct Presigner {
    /// As clients reach it: `http://127.0.0.1:9000`.
    endpoint: String,
    bucket: String,
    region: String,
    credentials: Credentials,
}

impl Presigner {
    pub fn new(endpoint: &str, bucket: &str, region: &str, credentials: &Credentials) -> Self {
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        Presigner { endpoint, bucket: bucket.to_owned(), region: region.to_owned(), credentials: credentials.clone() }
    }

    /// Signs a request to `path` that is good for `seconds` from `at`.
    fn sign(&self, method: &str, path: &str, seconds: u32, at: jiff::Timestamp) -> String {
        let host = self.endpoint.split_once("://").map_or(self.endpoint.as_str(), |(_, host)| host);
        let at = at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = &at[..8];
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let path = utf8_percent_encode(path, PATH).to_string();
        // In the order of their names.
        let pairs = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("X-Amz-Credential", format!("{}/{scope}", self.credentials.access_key)),
            ("X-Amz-Date", at.clone()),
            ("X-Amz-Expires", seconds.to_string()),
            ("X-Amz-SignedHeaders", "host".to_owned()),
        ];
        let pairs = pairs.map(|(name, value)| format!("{name}={}", utf8_percent_encode(&value, VALUE)));
        let query = pairs.join("&");
        let canonical = format!("{method}\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
        let digest = hex::encode(Sha256::digest(canonical));
        let to_sign = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{digest}");
        let first = format!("AWS4{}", self.credentials.secret_key).into_bytes();
        let steps = [day, &self.region, "s3", "aws4_request", &to_sign];
        let signature = hex::encode(steps.into_iter().fold(first, |key, text| mac(&key, text)));
        format!("{}{path}?{query}&X-Amz-Signature={signature}", self.endpoint)
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[async_trait]
impl PresignBlob for Presigner {
    async fn presign_put(&self, key: &str, seconds: u32) -> Result<PresignedPut, PortError> {
        if super::errors::check_key(key).is_err() || seconds == 0 || seconds > MAX_SECONDS {
            return Err(
                PortError::new(Kind::Fatal, "sign upload link", key).because("unsafe key, or not 1 to 900 seconds")
            );
        }
        let url = self.sign("PUT", &format!("/{}/{key}", self.bucket), seconds, jiff::Timestamp::now());
        Ok(PresignedPut { url, headers: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of AWS's documentation ("Authenticating Requests: Using Query Parameters").
    #[test]
    fn signs_as_aws_documents() {
        let credentials = Credentials {
            access_key: "AKIAIOSFODNN7EXAMPLE".into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
        };
        let presigner =
            Presigner::new("https://examplebucket.s3.amazonaws.com", "examplebucket", "us-east-1", &credentials);
        let url = presigner.sign("GET", "/test.txt", 86400, "2013-05-24T00:00:00Z".parse().unwrap());
        let signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert!(url.ends_with(&format!("X-Amz-Signature={signature}")), "{url}");
    }
}
