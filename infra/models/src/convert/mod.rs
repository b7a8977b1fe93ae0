//! From the files that packages carry to files that the runtime loads.

mod ctranslate2;
mod efficientnet;
mod onnx;
mod pickle;
mod torch;
mod vocabulary;
mod whisper;

use crate::manifest::Converter;
use anyhow::Result;

/// Makes the installed file. The same input gives the same bytes on every machine: only operations that IEEE 754 fixes are used.
///
/// # Errors
/// If the input is not of the form that the converter knows. Nothing in it is executed.
pub fn convert(converter: Converter, bytes: &[u8]) -> Result<Vec<u8>> {
    match converter {
        Converter::EfficientnetLite0 => efficientnet::convert(bytes),
        Converter::WhisperEncoder => whisper::encoder(bytes),
        Converter::WhisperDecoder => whisper::decoder(bytes),
        Converter::WhisperVocabulary => vocabulary::convert(bytes),
    }
}
