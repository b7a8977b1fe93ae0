//! BMP headers (Windows `BITMAPFILEHEADER` and its many successors).

use asset::image::SourceFormat;
use asset::refusal::Refusal;

use super::{Header, le16, le32};
use crate::refuse;

pub(crate) fn read(bytes: &[u8]) -> Result<Header<'_>, Refusal> {
    let cut = || refuse::truncated(SourceFormat::Bmp, bytes.len());
    let size = le32(bytes, 14).ok_or_else(cut)?;
    let (width, height, depth) = if size == 12 {
        let width = le16(bytes, 18).ok_or_else(cut)?;
        (width.into(), le16(bytes, 20).ok_or_else(cut)?.into(), le16(bytes, 24))
    } else {
        // A negative height means rows from the top.
        let height = le32(bytes, 22).ok_or_else(cut)? as i32;
        (le32(bytes, 18).ok_or_else(cut)?, height.unsigned_abs(), le16(bytes, 28))
    };
    let compression = if size == 12 { 0 } else { le32(bytes, 30).ok_or_else(cut)? };
    let mut header = Header::new(SourceFormat::Bmp, width, height);
    // Rows are padded to four bytes; run-length coded ones have no length that could be foreseen.
    if let (0 | 3, Some(depth), Some(offset)) = (compression, depth, le32(bytes, 10)) {
        let row = (u64::from(width) * u64::from(depth)).div_ceil(32) * 4;
        let needed = row.saturating_mul(height.into()).saturating_add(offset.into());
        header.complete = bytes.len() as u64 >= needed;
    }
    Ok(header)
}
