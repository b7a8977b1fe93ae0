//! JPEG, decoded at 1, 1/2, 1/4 or 1/8 of its size: the inverse DCT simply leaves out the frequencies that nobody will see.

use asset::image::SourceFormat;
use asset::refusal::Refusal;
use jpeg_decoder::{ColorTransform, Decoder, Error, PixelFormat};

use super::{Decoded, Job, baseline};
use crate::color::{Data, Kind, Plan, Samples};
use crate::limits::gate_memory;
use crate::refuse;

pub(super) fn decode(job: &Job, plan: &Plan) -> Result<Decoded, Refusal> {
    let header = job.header;
    let mut decoder = Decoder::new(job.bytes);
    decoder.read_info().map_err(|error| refusal(job, error))?;
    // By width alone: both axes shrink alike. 65535 makes the decoder ignore the other one.
    let wanted = (f64::from(header.width) * job.scale).ceil().clamp(1.0, 65_535.0) as u16;
    let (width, height) = decoder.scale(wanted, u16::MAX).map_err(|error| refusal(job, error))?;
    gate_memory(memory(job, width, height), job.limits)?;
    let three = header.channels == 3;
    let stays_ycc = three && !matches!(plan, Plan::Convert(_)) && is_ycc(job.bytes);
    let stays_gray = header.channels == 1 && !matches!(plan, Plan::Convert(_));
    if let (true, Some(planar)) = (stays_ycc || stays_gray, baseline::decode(job.bytes, wanted.into())) {
        return Ok(Decoded::Planes(planar));
    }
    if stays_ycc {
        // `RGB` copies three planes as they are; `None`, which should, panics in 0.3.2.
        decoder.set_color_transform(ColorTransform::RGB);
    }
    let mut data = decoder.decode().map_err(|error| refusal(job, error))?;
    let info = decoder.info().ok_or_else(|| refuse::corrupt(SourceFormat::Jpeg, "no frame header"))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    let kind = match info.pixel_format {
        PixelFormat::L8 => Kind::Gray,
        PixelFormat::L16 => {
            let wide = data.as_chunks::<2>().0.iter().map(|&v| u16::from_ne_bytes(v)).collect();
            return Ok(Decoded::Samples(Samples { width, height, kind: Kind::Gray, data: Data::Sixteen(wide) }));
        }
        PixelFormat::RGB24 if stays_ycc => Kind::Ycc,
        PixelFormat::RGB24 => Kind::Rgb,
        PixelFormat::CMYK32 => {
            // The decoder takes every file for Adobe's, which are inverted; others are not.
            if !header.adobe {
                data.iter_mut().for_each(|v| *v = 255 - *v);
            }
            Kind::Cmyk
        }
    };
    Ok(Decoded::Samples(Samples { width, height, kind, data: Data::Eight(data) }))
}

/// Planes and their interleaved copy at the chosen scale; a progressive file keeps all its coefficients whatever the scale.
fn memory(job: &Job, width: u16, height: u16) -> u64 {
    let header = job.header;
    let channels = u64::from(header.channels);
    let scaled = u64::from(width) * u64::from(height) * channels * 2;
    let coefficients = (header.pixel_bytes - channels * 2) * u64::from(header.width) * u64::from(header.height);
    scaled + coefficients
}

/// Whether three components are YCbCr: by Adobe's marker, else by JFIF's, else by the ids of the components (all as libjpeg).
fn is_ycc(bytes: &[u8]) -> bool {
    let mut jfif = false;
    let mut at = 2;
    while let (Some([0xFF, marker]), Some(length)) = (bytes.get(at..at + 2), crate::container::be16(bytes, at + 2)) {
        let body = bytes.get(at + 4..at + 2 + usize::from(length)).unwrap_or_default();
        match marker {
            0xE0 if body.starts_with(b"JFIF\0") => jfif = true,
            0xEE if body.starts_with(b"Adobe") => return body.get(11) == Some(&1),
            0xC0..=0xC3 => {
                let ids = (body.get(6), body.get(9), body.get(12));
                return jfif || ids != (Some(&b'R'), Some(&b'G'), Some(&b'B'));
            }
            0xDA => return jfif,
            _ => {}
        }
        at += 2 + usize::from(length);
    }
    // An unusual layout: let the decoder find out.
    false
}

fn refusal(job: &Job, error: Error) -> Refusal {
    match error {
        Error::Unsupported(feature) => {
            refuse::unsupported(format!("a JPEG with an unusual feature: {feature:?}"), "export it as baseline JPEG")
        }
        Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            refuse::truncated(SourceFormat::Jpeg, job.bytes.len())
        }
        error => refuse::corrupt(SourceFormat::Jpeg, error),
    }
}
