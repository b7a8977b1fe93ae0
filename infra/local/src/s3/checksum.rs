//! The checksums that S3 knows: computed while bytes pass, compared with what the client said.

use super::errors::invalid;
use base64::prelude::{BASE64_STANDARD, Engine};
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::{S3Error, S3ErrorCode, S3Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    pub(super) const ALL: [Algorithm; 5] =
        [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64nvme, Algorithm::Sha1, Algorithm::Sha256];

    /// As in `x-amz-checksum-algorithm`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Algorithm::Crc32 => "CRC32",
            Algorithm::Crc32c => "CRC32C",
            Algorithm::Crc64nvme => "CRC64NVME",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
        }
    }

    pub(super) fn parse(name: &str) -> S3Result<Self> {
        let found = Self::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| invalid("the checksum algorithm is none of CRC32, CRC32C, CRC64NVME, SHA1 and SHA256"))
    }

    pub(super) fn header(self) -> String {
        format!("x-amz-checksum-{}", self.name().to_ascii_lowercase())
    }

    fn n_bytes(self) -> usize {
        match self {
            Algorithm::Crc32 | Algorithm::Crc32c => 4,
            Algorithm::Crc64nvme => 8,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
        }
    }
}

/// Checksums in base64, as on the wire; a composite one ends in `-` and the number of parts.
pub(super) type Sums = BTreeMap<Algorithm, String>;

/// Gathers the checksum fields that each of the generated types has under the same names.
macro_rules! sums_of {
    ($from:expr) => {{
        use $crate::s3::checksum::Algorithm::*;
        let from = &$from;
        let fields = [
            (Crc32, &from.checksum_crc32),
            (Crc32c, &from.checksum_crc32c),
            (Crc64nvme, &from.checksum_crc64nvme),
            (Sha1, &from.checksum_sha1),
            (Sha256, &from.checksum_sha256),
        ];
        let given = fields.into_iter().filter_map(|(algorithm, sum)| sum.clone().map(|sum| (algorithm, sum)));
        given.collect::<$crate::s3::checksum::Sums>()
    }};
}

/// Sets the same fields of an answer.
macro_rules! set_sums {
    ($to:expr, $sums:expr) => {{
        use $crate::s3::checksum::Algorithm::*;
        let (to, sums) = (&mut $to, &$sums);
        to.checksum_crc32 = sums.get(&Crc32).cloned();
        to.checksum_crc32c = sums.get(&Crc32c).cloned();
        to.checksum_crc64nvme = sums.get(&Crc64nvme).cloned();
        to.checksum_sha1 = sums.get(&Sha1).cloned();
        to.checksum_sha256 = sums.get(&Sha256).cloned();
    }};
}

pub(super) use {set_sums, sums_of};

/// Returns the raw bytes of a checksum that a client sent.
pub(super) fn decode(algorithm: Algorithm, text: &str) -> S3Result<Vec<u8>> {
    let bytes = BASE64_STANDARD.decode(text).ok().filter(|bytes| bytes.len() == algorithm.n_bytes());
    bytes.ok_or_else(|| invalid(format!("value for {} header is invalid", algorithm.header())))
}

/// Returns the hex digest that a `Content-MD5` stands for.
pub(super) fn decode_md5(text: &str) -> S3Result<String> {
    let bytes = BASE64_STANDARD.decode(text).ok().filter(|bytes| bytes.len() == 16).map(hex::encode);
    let refused = || S3Error::with_message(S3ErrorCode::InvalidDigest, "the Content-MD5 you specified is not valid");
    bytes.ok_or_else(refused)
}

/// Refuses a checksum that differs from the one that was computed.
pub(super) fn check(algorithm: Algorithm, said: &str, computed: Option<&String>) -> S3Result<()> {
    decode(algorithm, said)?;
    if computed.is_some_and(|computed| computed == said) {
        return Ok(());
    }
    let message = format!("the {} you specified did not match the calculated checksum", algorithm.name());
    Err(S3Error::with_message(S3ErrorCode::BadDigest, message))
}

/// Computes the MD5 and the wanted checksums of bytes that pass.
#[derive(Default)]
pub(super) struct Hashing {
    md5: Md5,
    sums: ChecksumHasher,
}

/// What [`Hashing`] found.
#[derive(Clone, Debug, Default)]
pub(super) struct Digests {
    /// In hex.
    pub md5: String,
    pub sums: Sums,
    pub bytes: u64,
}

impl Hashing {
    pub(super) fn new(wanted: impl IntoIterator<Item = Algorithm>) -> Self {
        let mut hashing = Hashing::default();
        for algorithm in wanted {
            match algorithm {
                Algorithm::Crc32 => hashing.sums.crc32 = Some(Default::default()),
                Algorithm::Crc32c => hashing.sums.crc32c = Some(Default::default()),
                Algorithm::Crc64nvme => hashing.sums.crc64nvme = Some(Default::default()),
                Algorithm::Sha1 => hashing.sums.sha1 = Some(Default::default()),
                Algorithm::Sha256 => hashing.sums.sha256 = Some(Default::default()),
            }
        }
        hashing
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.sums.update(bytes);
    }

    pub(super) fn finish(self, bytes: u64) -> Digests {
        let sums = self.sums.finalize();
        Digests { md5: hex::encode(self.md5.finalize()), sums: sums_of!(sums), bytes }
    }
}

/// Returns the checksum over the parts' checksums: `{base64}-{n}`. `None` if a part has none.
pub(super) fn composite<'a>(algorithm: Algorithm, parts: impl Iterator<Item = &'a Sums>) -> Option<String> {
    let mut hashing = Hashing::new([algorithm]);
    let mut n_parts = 0;
    for sums in parts {
        hashing.update(&decode(algorithm, sums.get(&algorithm)?).ok()?);
        n_parts += 1;
    }
    let digests = hashing.finish(0);
    digests.sums.get(&algorithm).map(|sum| format!("{sum}-{n_parts}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let mut hashing = Hashing::new(Algorithm::ALL);
        hashing.update(b"1234");
        hashing.update(b"56789");
        let digests = hashing.finish(9);
        assert_eq!(digests.md5, "25f9e794323b453885f5181f1b624d0b");
        // The check values of the CRC catalogue, and of `sha1sum` and `sha256sum`.
        let hexes = ["cbf43926", "e3069283", "ae8b14860a799888", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"];
        for (algorithm, expected) in Algorithm::ALL.into_iter().zip(hexes) {
            assert_eq!(hex::encode(decode(algorithm, &digests.sums[&algorithm]).unwrap()), expected, "{algorithm:?}");
        }
        let sha256 = hex::encode(decode(Algorithm::Sha256, &digests.sums[&Algorithm::Sha256]).unwrap());
        assert_eq!(sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
    }

    #[test]
    fn wrong_values_are_refused_by_kind() {
        let code = |result: S3Result<()>| result.unwrap_err().code().clone();
        let right = "y/Q5Jg==".to_owned();
        assert_eq!(code(check(Algorithm::Crc32, "AAAAAA==", Some(&right))), S3ErrorCode::BadDigest);
        assert_eq!(code(check(Algorithm::Crc32, "AAA=", Some(&right))), S3ErrorCode::InvalidRequest);
        assert!(check(Algorithm::Crc32, &right, Some(&right)).is_ok());
        assert_eq!(decode_md5("nonsense").unwrap_err().code(), &S3ErrorCode::InvalidDigest);
    }
}
