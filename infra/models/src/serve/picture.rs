//! Pictures: from a data URI to what a network looks at.

use super::error::{ApiError, ApiResult};
use super::network::Numbers;
use anyhow::{Context, Result};
use asset::image::Limits;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// Bytes of an encoded picture.
pub(super) const MAX_BYTES: usize = 20 << 20;

/// Checked before anything is allocated. Callers send previews; a photograph of 50 megapixels still passes.
fn limits() -> Limits {
    Limits {
        max_bytes: MAX_BYTES as u64,
        max_pixels: 50_000_000,
        max_total_pixels: 100_000_000,
        max_memory_bytes: 512 << 20,
        max_time_ms: 20_000,
        ..Limits::default()
    }
}

/// An upright picture on white: three bytes a pixel, rows from the top.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub width: u32,
    pub height: u32,
    pub rgb: Vec<u8>,
}

/// The order of colours and axes that a network wants, and how it wants its numbers: `(value - mean) / deviation`, in 0…255.
pub(super) struct Form {
    pub is_bgr: bool,
    /// Channels last.
    pub is_interleaved: bool,
    /// In the order of `is_bgr`.
    pub mean: [f32; 3],
    pub deviation: f32,
}

impl Picture {
    /// Decodes a data URI. Its longest edge is scaled down to `at_most` pixels.
    ///
    /// # Errors
    /// `picture_address` for anything but a data URI: nothing is fetched. `picture_refused` for what cannot be decoded.
    pub fn from_data_uri(uri: &str, at_most: u32) -> ApiResult<Self> {
        let encoded = uri.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"));
        let Some((_, encoded)) = encoded else {
            let message = "a picture is sent as `data:image/…;base64,…`: addresses are not fetched";
            return Err(ApiError::refused("picture_address", message));
        };
        if encoded.len() / 4 * 3 > MAX_BYTES {
            return Err(ApiError::refused("picture_refused", format!("a picture has at most {MAX_BYTES} bytes")));
        }
        let bytes = STANDARD
            .decode(encoded)
            .map_err(|error| ApiError::refused("picture_refused", format!("the picture is not in base64: {error}")))?;
        Self::decode(&bytes, at_most)
    }

    /// Decodes a file.
    pub fn decode(bytes: &[u8], at_most: u32) -> ApiResult<Self> {
        let refused = |refusal: asset::refusal::Refusal| {
            ApiError::refused("picture_refused", format!("the picture cannot be decoded: {refusal}"))
        };
        let decoded = media::decode_oriented(bytes, &limits(), at_most).map_err(refused)?;
        let rgb = decoded.rgba.as_chunks::<4>().0.iter().flat_map(|pixel| on_white(*pixel)).collect();
        Ok(Picture { width: decoded.width, height: decoded.height, rgb })
    }

    /// Resamples the middle of the picture, of the shape of the target, the target being `share` of it on each edge. The usual
    /// preparation "shorter edge to 256, middle 224" is a share of 224/256.
    pub fn middle(&self, width: u32, height: u32, share: f64) -> Result<Picture> {
        let (from_width, from_height) = (f64::from(self.width), f64::from(self.height));
        let scale = (from_width / f64::from(width)).min(from_height / f64::from(height)) * share;
        let (crop_width, crop_height) = (f64::from(width) * scale, f64::from(height) * scale);
        let corner = ((from_width - crop_width) / 2.0, (from_height - crop_height) / 2.0);
        self.window(corner, (crop_width, crop_height), (width, height), FilterType::CatmullRom)
    }

    /// Resamples a window of the picture, in pixels, to a size.
    pub fn window(
        &self,
        (left, top): (f64, f64),
        (crop_width, crop_height): (f64, f64),
        (width, height): (u32, u32),
        filter: FilterType,
    ) -> Result<Picture> {
        let source = ImageRef::new(self.width, self.height, &self.rgb, PixelType::U8x3).context("no picture")?;
        let mut target = Image::new(width, height, PixelType::U8x3);
        let algorithm = ResizeAlg::Convolution(filter);
        let options = ResizeOptions::new().resize_alg(algorithm).crop(left, top, crop_width, crop_height);
        Resizer::new().resize(&source, &mut target, &options).context("the picture cannot be resized")?;
        Ok(Picture { width, height, rgb: target.into_vec() })
    }

    /// Resamples all of the picture to a size.
    pub fn to_size(&self, width: u32, height: u32, filter: FilterType) -> Result<Picture> {
        let size = (f64::from(self.width), f64::from(self.height));
        self.window((0.0, 0.0), size, (width, height), filter)
    }

    /// Returns the pixels as numbers, a batch of one.
    pub fn to_numbers(&self, form: &Form) -> Numbers<4> {
        let (width, height) = (self.width as usize, self.height as usize);
        let n_pixels = width * height;
        let mut data = vec![0.0; n_pixels * 3];
        for (at, pixel) in self.rgb.as_chunks::<3>().0.iter().enumerate() {
            for channel in 0..3 {
                let value = f32::from(pixel[if form.is_bgr { 2 - channel } else { channel }]);
                let place = if form.is_interleaved { at * 3 + channel } else { channel * n_pixels + at };
                data[place] = (value - form.mean[channel]) / form.deviation;
            }
        }
        let shape = if form.is_interleaved { [1, height, width, 3] } else { [1, 3, height, width] };
        Numbers { shape, data }
    }
}

/// Puts a pixel with straight alpha on white.
fn on_white([red, green, blue, alpha]: [u8; 4]) -> [u8; 3] {
    let mix = |value: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    [mix(red), mix(green), mix(blue)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_not_fetched_and_noise_is_refused() {
        let code = |uri: &str| format!("{:?}", Picture::from_data_uri(uri, 64).expect_err("it is refused"));
        assert!(code("https://example.com/a.png").contains("picture_address"));
        assert!(code("data:text/html;base64,AAAA").contains("picture_address"));
        assert!(code("data:image/png;base64,!!!!").contains("picture_refused"));
        assert!(code("data:image/png;base64,AAAA").contains("picture_refused"));
    }

    #[test]
    fn a_header_that_claims_too_much_is_refused() {
        // A PNG that claims 60,000 × 60,000 pixels.
        let mut png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
        png.extend([0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60, 8, 2, 0, 0, 0]);
        png.extend([0; 64]);
        let found = format!("{:?}", Picture::decode(&png, 64).expect_err("it is refused"));
        assert!(found.contains("picture_refused"), "{found}");
    }

    #[test]
    fn the_form_orders_colours_and_axes() {
        let picture = Picture { width: 2, height: 1, rgb: vec![1, 2, 3, 4, 5, 6] };
        let form = Form { is_bgr: true, is_interleaved: false, mean: [1.0, 0.0, 0.0], deviation: 2.0 };
        let planes = picture.to_numbers(&form);
        assert_eq!((planes.shape, planes.data), ([1, 3, 1, 2], vec![1.0, 2.5, 1.0, 2.5, 0.5, 2.0]));
        let rows = picture.to_numbers(&Form { is_bgr: false, is_interleaved: true, ..form });
        assert_eq!((rows.shape, rows.data), ([1, 1, 2, 3], vec![0.0, 1.0, 1.5, 1.5, 2.5, 3.0]));
        assert_eq!(on_white([10, 20, 30, 0]), [255; 3]);
        assert_eq!(on_white([10, 20, 30, 255]), [10, 20, 30]);
    }
}
