//! Decoded pixels, as they travel from a decoder to an encoder.

/// What one pixel holds. All channels have eight bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Gray,
    Rgb,
    /// Full-range BT.601 YCbCr, as JFIF has it. A JPEG stays in it from decoder to encoder.
    Ycc,
    /// Straight alpha.
    Rgba,
}

impl Layout {
    pub(crate) fn channels(self) -> usize {
        match self {
            Layout::Gray => 1,
            Layout::Rgb | Layout::Ycc => 3,
            Layout::Rgba => 4,
        }
    }
}

/// Interleaved pixels, rows from the top, without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raster {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) layout: Layout,
    pub(crate) data: Vec<u8>,
}

impl Raster {
    pub(crate) fn to_rgb(&self) -> std::borrow::Cow<'_, [u8]> {
        match self.layout {
            Layout::Rgb => self.data.as_slice().into(),
            Layout::Gray => self.data.iter().flat_map(|&v| [v; 3]).collect::<Vec<_>>().into(),
            Layout::Ycc => {
                let mut out = vec![0; self.data.len()];
                for (from, to) in self.data.as_chunks::<3>().0.iter().zip(out.as_chunks_mut::<3>().0) {
                    *to = ycc_to_rgb(*from);
                }
                out.into()
            }
            Layout::Rgba => {
                let mut out = vec![0; self.data.len() / 4 * 3];
                for (from, to) in self.data.as_chunks::<4>().0.iter().zip(out.as_chunks_mut::<3>().0) {
                    *to = on_white(*from);
                }
                out.into()
            }
        }
    }

    /// Returns four bytes a pixel, straight alpha.
    pub(crate) fn to_rgba(&self) -> std::borrow::Cow<'_, [u8]> {
        if self.layout == Layout::Rgba {
            return self.data.as_slice().into();
        }
        let rgb = self.to_rgb();
        let mut out = vec![255; rgb.len() / 3 * 4];
        for (from, to) in rgb.as_chunks::<3>().0.iter().zip(out.as_chunks_mut::<4>().0) {
            to[..3].copy_from_slice(from);
        }
        out.into()
    }

    /// Drops an alpha channel which says nothing: an opaque picture costs less to resize and to encode.
    pub(crate) fn without_idle_alpha(self) -> Self {
        if self.layout != Layout::Rgba || self.data.as_chunks::<4>().0.iter().any(|pixel| pixel[3] != 255) {
            return self;
        }
        let data = self.to_rgb().into_owned();
        Raster { layout: Layout::Rgb, data, ..self }
    }
}

/// Composes one straight-alpha pixel over white: JPEG has no alpha, and paper is what people expect behind a logo.
fn on_white([r, g, b, a]: [u8; 4]) -> [u8; 3] {
    let over = |v: u8| {
        let (v, a) = (u32::from(v), u32::from(a));
        ((v * a + 255 * (255 - a) + 127) / 255) as u8
    };
    [over(r), over(g), over(b)]
}

/// JFIF 1.02: full-range BT.601, in 16-bit fixed point.
pub(crate) fn ycc_to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let y = i32::from(y) << 16;
    let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
    let half = 1 << 15;
    let clamp = |v: i32| ((v + half) >> 16).clamp(0, 255) as u8;
    [clamp(y + 91_881 * cr), clamp(y - 22_554 * cb - 46_802 * cr), clamp(y + 116_130 * cb)]
}
