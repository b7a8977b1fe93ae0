//! Weights out of CTranslate2's `model.bin`: a list of named tensors, one after the other.
//!
//! ```text
//! u32 version   text name of the network   u32 its revision   u32 number of tensors
//! each: text name   u8 rank   u32 size of each axis   u8 type   u32 bytes   the bytes
//! text: u16 length with the final NUL, the bytes, NUL
//! ```
//!
//! Behind the tensors are names of some that have a second one. Nothing of ours needs those.

use super::onnx::Kind;
use anyhow::{Context, Result, bail, ensure};
use std::collections::HashMap;

/// The only version that we have seen a file of.
const VERSION: u32 = 6;

/// No network of ours has more, whatever a file claims.
const MAX_TENSORS: u32 = 4096;
const MAX_RANK: u8 = 8;

/// A tensor in the bytes of its file.
#[derive(Debug)]
pub(super) struct Tensor<'a> {
    pub shape: Vec<usize>,
    /// Absent for the whole numbers that settings are.
    pub kind: Option<Kind>,
    /// Little-endian.
    pub raw: &'a [u8],
}

/// Reads the tensors of a network of a name.
pub(super) fn read<'a>(bytes: &'a [u8], network: &str) -> Result<HashMap<&'a str, Tensor<'a>>> {
    let mut rest = Rest(bytes);
    let version = rest.u32()?;
    ensure!(version == VERSION, "the file has version {version} of CTranslate2's form, not {VERSION}");
    let found = rest.text()?;
    ensure!(found == network, "the file is a `{found:.40}`, not a `{network}`");
    rest.u32()?;
    let n = rest.u32()?;
    ensure!(n <= MAX_TENSORS, "the file claims {n} tensors");
    let mut tensors = HashMap::new();
    for _ in 0..n {
        let name = rest.text()?;
        let tensor = rest.tensor().with_context(|| format!("tensor `{name:.80}`"))?;
        tensors.insert(name, tensor);
    }
    Ok(tensors)
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n).context("the file is cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn u32(&mut self) -> Result<u32> {
        let bytes = self.take(4)?.first_chunk().context("the file is cut off")?;
        Ok(u32::from_le_bytes(*bytes))
    }

    fn text(&mut self) -> Result<&'a str> {
        let length = self.take(2)?.first_chunk().context("the file is cut off")?;
        let bytes = self.take(usize::from(u16::from_le_bytes(*length)))?;
        let text = bytes.strip_suffix(&[0]).context("a name does not end")?;
        std::str::from_utf8(text).context("a name is no text")
    }

    fn tensor(&mut self) -> Result<Tensor<'a>> {
        let rank = self.u8()?;
        ensure!(rank <= MAX_RANK, "it has {rank} axes");
        let shape: Vec<usize> = (0..rank).map(|_| Ok(self.u32()? as usize)).collect::<Result<_>>()?;
        let (kind, width) = match self.u8()? {
            0 => (Some(Kind::Float), 4),
            1 => (None, 1),
            2 => (None, 2),
            3 => (None, 4),
            4 => (Some(Kind::Half), 2),
            other => bail!("its type {other} is not known"),
        };
        let bytes = self.u32()? as usize;
        let wanted = shape.iter().try_fold(width, |product: usize, size| product.checked_mul(*size));
        ensure!(wanted == Some(bytes), "it has {bytes} bytes, which is not its shape {shape:?}");
        Ok(Tensor { shape, kind, raw: self.take(bytes)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(n: u32, tensor: &[u8]) -> Vec<u8> {
        let mut bytes = 6u32.to_le_bytes().to_vec();
        bytes.extend(b"\x04\x00Net\0");
        bytes.extend(3u32.to_le_bytes());
        bytes.extend(n.to_le_bytes());
        bytes.extend(tensor);
        bytes
    }

    const TENSOR: &[u8] = b"\x02\x00a\0\x01\x02\0\0\0\x04\x04\0\0\0\x00\x3c\x00\x40";

    #[test]
    fn tensors_are_read() {
        let bytes = file(1, TENSOR);
        let tensors = read(&bytes, "Net").expect("they are there");
        let tensor = &tensors["a"];
        assert_eq!((&tensor.shape[..], tensor.kind, tensor.raw.len()), (&[2][..], Some(Kind::Half), 4));
    }

    #[test]
    fn broken_files_are_refused() {
        let wide = b"\x02\x00a\0\x02\xff\xff\xff\xff\xff\xff\xff\xff\x00\x04\0\0\0abcd";
        for (bytes, words) in [
            (file(2, TENSOR), "cut off"),
            (file(u32::MAX, TENSOR), "claims"),
            (file(1, &TENSOR[..TENSOR.len() - 1]), "cut off"),
            (file(1, wide), "not its shape"),
            (file(1, b"\x00\x00"), "does not end"),
            (file(1, b"\x02\x00a\0\x09"), "9 axes"),
            (file(1, b"\x02\x00a\0\x00\x07"), "type 7"),
            (Vec::new(), "cut off"),
        ] {
            let error = format!("{:#}", read(&bytes, "Net").expect_err("it is broken"));
            assert!(error.contains(words), "{error}");
        }
        assert!(read(&file(0, b""), "Other").is_err());
    }
}
