//! One still AV1 frame from our own planes. Nothing is decoded here.

use std::ffi::{c_int, c_uint};
use std::mem::MaybeUninit;
use std::ptr;

use libaom_sys as sys;

/// Eight-bit samples, full range, rows from the top without padding.
#[derive(Clone, Copy, Debug)]
pub struct Planes<'a> {
    /// Pixels, 1 to 65536 each.
    pub width: u32,
    pub height: u32,
    /// `width * height` samples.
    pub luma: &'a [u8],
    pub chroma: Chroma<'a>,
}

/// Blue- and red-difference planes.
#[derive(Clone, Copy, Debug)]
pub enum Chroma<'a> {
    /// Grey, or an alpha plane.
    None,
    /// A quarter of the luma samples: both edges are halved, rounded up.
    Quarter(&'a [u8], &'a [u8]),
    /// As many as luma samples.
    Full(&'a [u8], &'a [u8]),
}

/// How to encode.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// 0 (lossless) to 63 (worst).
    pub quantizer: u8,
    /// 0 (slowest) to 9 (fastest).
    pub speed: u8,
    /// ITU-T H.273 code points; what they mean is also written into the container.
    pub primaries: u8,
    pub transfer: u8,
    pub matrix: u8,
}

/// What libaom says went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A plane's length does not fit the size.
    Planes,
    /// A libaom error code (`aom_codec_err_t`).
    Codec(u32),
    /// No frame came out.
    Empty,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Planes => f.write_str("the planes do not fit the size"),
            Error::Codec(code) => write!(f, "libaom error {code}"),
            Error::Empty => f.write_str("libaom made no frame"),
        }
    }
}

impl std::error::Error for Error {}

/// Encodes one frame on the calling thread. Returns the AV1 low-overhead bitstream (OBUs) as AVIF stores it.
pub fn encode_still(planes: Planes, settings: Settings) -> Result<Vec<u8>, Error> {
    let (width, height) = (planes.width as usize, planes.height as usize);
    let luma = width.checked_mul(height).ok_or(Error::Planes)?;
    let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
    let fits = match planes.chroma {
        Chroma::None => true,
        Chroma::Quarter(u, v) => u.len() == chroma_width * chroma_height && v.len() == u.len(),
        Chroma::Full(u, v) => u.len() == luma && v.len() == luma,
    };
    if !fits || planes.luma.len() != luma || luma == 0 || width > 65_536 || height > 65_536 {
        return Err(Error::Planes);
    }
    let mut encoder = Encoder::new(&planes, settings)?;
    // Grey frames are 4:2:0 to libaom, which then never looks at the chroma: it needs planes all the same.
    let gray = if matches!(planes.chroma, Chroma::None) { vec![128; chroma_width * chroma_height] } else { Vec::new() };
    let (u, v, format, shift) = match planes.chroma {
        Chroma::None => (gray.as_slice(), gray.as_slice(), sys::AOM_IMG_FMT_I420, 1),
        Chroma::Quarter(u, v) => (u, v, sys::AOM_IMG_FMT_I420, 1),
        Chroma::Full(u, v) => (u, v, sys::AOM_IMG_FMT_I444, 0),
    };
    let chroma_stride = if shift == 1 { chroma_width } else { width };
    // SAFETY: `aom_image_t` is a C struct of integers and pointers, for which all zeros is a valid value.
    let mut image: sys::aom_image_t = unsafe { MaybeUninit::zeroed().assume_init() };
    image.fmt = format;
    image.monochrome = c_int::from(matches!(planes.chroma, Chroma::None));
    image.range = 1;
    image.bit_depth = 8;
    (image.w, image.h) = (planes.width, planes.height);
    (image.d_w, image.d_h) = (planes.width, planes.height);
    (image.x_chroma_shift, image.y_chroma_shift) = (shift, shift);
    image.bps = if shift == 1 { 12 } else { 24 };
    // libaom only reads input planes, though its type has no `const`.
    image.planes = [planes.luma.as_ptr().cast_mut(), u.as_ptr().cast_mut(), v.as_ptr().cast_mut()];
    image.stride = [width as c_int, chroma_stride as c_int, chroma_stride as c_int];
    encoder.encode(&image)
}

/// Owns a codec context, so that it is destroyed on every way out.
struct Encoder {
    // Boxed: libaom keeps pointers into it.
    context: Box<sys::aom_codec_ctx_t>,
}

impl Encoder {
    fn new(planes: &Planes, settings: Settings) -> Result<Self, Error> {
        // SAFETY: takes nothing and returns a pointer to a static.
        let interface = unsafe { sys::aom_codec_av1_cx() };
        let mut config = MaybeUninit::<sys::aom_codec_enc_cfg_t>::zeroed();
        // SAFETY: `interface` is the static from above and `config` is writable memory of the right size.
        check(unsafe { sys::aom_codec_enc_config_default(interface, config.as_mut_ptr(), sys::AOM_USAGE_ALL_INTRA) })?;
        // SAFETY: a plain C struct, filled by the successful call above.
        let mut config = unsafe { config.assume_init() };
        (config.g_w, config.g_h) = (planes.width, planes.height);
        // Full colour needs the High profile (AV1 specification §6.4.1).
        config.g_profile = c_uint::from(matches!(planes.chroma, Chroma::Full(..)));
        config.monochrome = c_uint::from(matches!(planes.chroma, Chroma::None));
        // One frame: libaom then writes a still picture with the reduced header.
        config.g_limit = 1;
        config.g_lag_in_frames = 0;
        config.kf_mode = sys::AOM_KF_DISABLED;
        // The bytes must not depend on the machine, and the other core has other sizes to encode.
        config.g_threads = 1;
        config.rc_end_usage = sys::AOM_Q;
        let quantizer = c_uint::from(settings.quantizer.min(63));
        config.rc_min_quantizer = quantizer.saturating_sub(4);
        config.rc_max_quantizer = (quantizer + 4).min(63);
        let mut context = Box::new(MaybeUninit::<sys::aom_codec_ctx_t>::zeroed());
        let version = sys::AOM_ENCODER_ABI_VERSION as c_int;
        // SAFETY: all pointers are valid for the call; `context` stays where it is, in its box.
        check(unsafe { sys::aom_codec_enc_init_ver(context.as_mut_ptr(), interface, &config, 0, version) })?;
        // SAFETY: initialised by the successful call above.
        let mut encoder = Encoder { context: unsafe { context.assume_init() } };
        for (control, value) in [
            (sys::AOME_SET_CPUUSED, i32::from(settings.speed.min(9))),
            (sys::AOME_SET_CQ_LEVEL, quantizer as i32),
            (sys::AOME_SET_TUNING, sys::AOM_TUNE_SSIM as i32),
            (sys::AV1E_SET_COLOR_PRIMARIES, settings.primaries.into()),
            (sys::AV1E_SET_TRANSFER_CHARACTERISTICS, settings.transfer.into()),
            (sys::AV1E_SET_MATRIX_COEFFICIENTS, settings.matrix.into()),
            (sys::AV1E_SET_COLOR_RANGE, 1),
        ] {
            encoder.set(control, value)?;
        }
        Ok(encoder)
    }

    fn set(&mut self, control: sys::aome_enc_control_id, value: c_int) -> Result<(), Error> {
        // SAFETY: the context is live, and each control used above takes one argument of an integer's size.
        check(unsafe { sys::aom_codec_control(&mut *self.context, control as c_int, value) })
    }

    fn encode(&mut self, image: &sys::aom_image_t) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        // The frame, then the flush.
        for input in [ptr::from_ref(image), ptr::null()] {
            // SAFETY: the context is live; the image's planes have the lengths that `encode_still` checked.
            check(unsafe { sys::aom_codec_encode(&mut *self.context, input, 0, 1, 0) })?;
            let mut position = ptr::null();
            loop {
                // SAFETY: the context is live and `position` belongs to this walk alone.
                let packet = unsafe { sys::aom_codec_get_cx_data(&mut *self.context, &mut position) };
                if packet.is_null() {
                    break;
                }
                // SAFETY: not null, and valid until the next call to the encoder; the kind says which field is set.
                let packet = unsafe { &*packet };
                if packet.kind == sys::AOM_CODEC_CX_FRAME_PKT {
                    // SAFETY: as above; libaom gives pointer and length of its own buffer.
                    let data = unsafe {
                        let frame = packet.data.frame;
                        std::slice::from_raw_parts(frame.buf.cast::<u8>(), frame.sz)
                    };
                    out.extend_from_slice(data);
                }
            }
        }
        if out.is_empty() { Err(Error::Empty) } else { Ok(out) }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the context was initialised and is not used after.
        unsafe { sys::aom_codec_destroy(&mut *self.context) };
    }
}

fn check(code: sys::aom_codec_err_t) -> Result<(), Error> {
    if code == 0 { Ok(()) } else { Err(Error::Codec(code)) }
}
