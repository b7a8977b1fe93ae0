//! The segments of a baseline file (ITU-T T.81 Annex B, JFIF 1.02).

use asset::refusal::Refusal;

use super::huffman::Table;
use crate::encode::planes::Planes;
use crate::encode::{Extras, failed};
use crate::zigzag::TRANSPOSED;

/// Tables K.1 and K.2, by columns.
const LUMA: [u8; 64] = [
    16, 12, 14, 14, 18, 24, 49, 72, 11, 12, 13, 17, 22, 35, 64, 92, 10, 14, 16, 22, 37, 55, 78, 95, 16, 19, 24, 29, 56,
    64, 87, 98, 24, 26, 40, 51, 68, 81, 103, 112, 40, 58, 57, 87, 109, 104, 121, 100, 51, 60, 69, 80, 103, 113, 120,
    103, 61, 55, 56, 62, 77, 92, 101, 99,
];
const CHROMA: [u8; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99,
];

/// The largest body of a segment.
const SEGMENT: usize = 65_533;

/// Returns the quantization steps of luma and chroma by columns, scaled by quality as libjpeg does.
pub(super) fn steps(quality: u8) -> [[u8; 64]; 2] {
    let quality = u32::from(quality.clamp(1, 100));
    let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    [LUMA, CHROMA].map(|table| table.map(|step| ((u32::from(step) * scale + 50) / 100).clamp(1, 255) as u8))
}

/// Returns everything before the entropy-coded data.
pub(super) fn head(
    planes: &Planes,
    steps: &[[u8; 64]; 2],
    tables: &[Table; 4],
    extras: &Extras,
) -> Result<Vec<u8>, Refusal> {
    let kinds = if planes.chroma.is_some() { 2 } else { 1 };
    let mut out = vec![0xFF, 0xD8];
    // Version 1.02, square pixels, no thumbnail.
    segment(&mut out, 0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0")?;
    if let Some(exif) = &extras.exif {
        segment(&mut out, 0xE1, &[b"Exif\0\0", exif.as_slice()].concat())?;
    }
    if let Some(icc) = &extras.icc {
        profile(&mut out, icc)?;
    }
    for (number, steps) in (0..).zip(steps.iter().take(kinds)) {
        let mut body = vec![number];
        body.extend(TRANSPOSED.iter().map(|&place| steps[usize::from(place)]));
        segment(&mut out, 0xDB, &body)?;
    }
    frame(&mut out, planes)?;
    for (table, number) in tables.iter().zip([0x00, 0x10, 0x01, 0x11]).take(kinds * 2) {
        segment(&mut out, 0xC4, &[&[number], table.lengths.as_slice(), &table.symbols].concat())?;
    }
    scan(&mut out, kinds)?;
    Ok(out)
}

fn frame(out: &mut Vec<u8>, planes: &Planes) -> Result<(), Refusal> {
    // Every size was fitted to 65,535 before.
    let ([h1, h0], [w1, w0]) = ((planes.height as u16).to_be_bytes(), (planes.width as u16).to_be_bytes());
    let mut body = vec![8, h1, h0, w1, w0];
    if planes.chroma.is_some() {
        let luma = if planes.quarter { 0x22 } else { 0x11 };
        body.extend([3, 1, luma, 0, 2, 0x11, 1, 3, 0x11, 1]);
    } else {
        body.extend([1, 1, 0x11, 0]);
    }
    segment(out, 0xC0, &body)
}

fn scan(out: &mut Vec<u8>, kinds: usize) -> Result<(), Refusal> {
    let components: &[u8] = if kinds == 2 { &[3, 1, 0x00, 2, 0x11, 3, 0x11] } else { &[1, 1, 0x00] };
    segment(out, 0xDA, &[components, &[0, 63, 0]].concat())
}

/// ICC.1 Annex B.4: in numbered pieces.
fn profile(out: &mut Vec<u8>, icc: &[u8]) -> Result<(), Refusal> {
    const NAME: &[u8] = b"ICC_PROFILE\0";
    let pieces = icc.chunks(SEGMENT - NAME.len() - 2);
    let count = u8::try_from(pieces.len()).map_err(|_| failed("jpeg", "its colour profile is too long"))?;
    for (number, piece) in (1..=count).zip(pieces) {
        segment(out, 0xE2, &[NAME, &[number, count], piece].concat())?;
    }
    Ok(())
}

fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) -> Result<(), Refusal> {
    if body.len() > SEGMENT {
        return Err(failed("jpeg", format!("a segment of {} bytes", body.len())));
    }
    out.extend([0xFF, marker]);
    out.extend((body.len() as u16 + 2).to_be_bytes());
    out.extend(body);
    Ok(())
}
