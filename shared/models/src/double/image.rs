//! InvokeModel of models that make pictures: real PNGs, which depend on the request's digest only.

use super::png::picture;
use super::reply::Fault;
use super::script::Script;
use super::{Ask, MARK};
use crate::Picture;
use asset::canonical::sha256_hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Stability's shapes, and about a million pixels of each.
const SHAPES: [(&str, u32, u32); 9] = [
    ("1:1", 1024, 1024),
    ("16:9", 1344, 768),
    ("21:9", 1536, 640),
    ("2:3", 832, 1216),
    ("3:2", 1216, 832),
    ("4:5", 896, 1120),
    ("5:4", 1120, 896),
    ("9:16", 768, 1344),
    ("9:21", 640, 1536),
];

/// Says whether a model makes pictures.
pub(super) fn is_image_model(model: &str) -> bool {
    ["nova-canvas", "titan-image-generator", "stability.stable-image", "stability.sd3"]
        .iter()
        .any(|name| model.contains(name))
}

pub(super) fn invoke(ask: &Ask<'_>, script: &Script) -> Result<Value, Fault> {
    if ask.subject.contains("stability.") { stability(ask, script) } else { amazon(ask, script) }
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("ValidationException", message)
}

/// Returns the prompt of a request, where it has the length that the service takes.
fn prompt(value: &Value, most: usize) -> Result<&str, Fault> {
    let prompt = value.as_str().ok_or_else(|| invalid("a prompt is required"))?;
    match prompt.chars().count() {
        1.. if prompt.chars().count() <= most => Ok(prompt),
        length => Err(invalid(format!("a prompt has 1 to {most} characters, not {length}"))),
    }
}

fn encoded(width: u32, height: u32, digest: &str, seed: u64, index: u64) -> String {
    STANDARD.encode(picture(width, height, &sha256_hex(format!("{digest}/{seed}/{index}").as_bytes())))
}

fn amazon(ask: &Ask<'_>, script: &Script) -> Result<Value, Fault> {
    let (text, reference) = match ask.body["taskType"].as_str() {
        Some("TEXT_IMAGE") => (&ask.body["textToImageParams"]["text"], None),
        Some("IMAGE_VARIATION") => {
            let parameters = &ask.body["imageVariationParams"];
            (&parameters["text"], Some(&parameters["images"][0]))
        }
        _ => return Err(invalid(format!("{MARK} knows the tasks TEXT_IMAGE and IMAGE_VARIATION only"))),
    };
    let words = prompt(text, 1024)?;
    if let Some(reference) = reference {
        decoded(reference)?;
    }
    if script.blocked_word(words).is_some() {
        return Err(invalid(format!("{MARK} This request has been blocked by our content filters.")));
    }
    let settings = &ask.body["imageGenerationConfig"];
    let number = |name: &str, default: u64, least: u64, most: u64| match settings[name].as_u64() {
        None if settings[name].is_null() => Ok(default),
        Some(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(invalid(format!("`{name}` is {} and has to be in {least} to {most}", settings[name]))),
    };
    let (width, height) = (number("width", 1024, 320, 4096)?, number("height", 1024, 320, 4096)?);
    if width % 16 != 0 || height % 16 != 0 || width * height > 4_194_304 {
        return Err(invalid("width and height are multiples of 16, and their product is at most 4,194,304"));
    }
    let (count, seed) = (number("numberOfImages", 1, 1, 5)?, number("seed", 12, 0, 858_993_459)?);
    let digest = digest_without_seed(ask, &["/imageGenerationConfig/seed", "/imageGenerationConfig/numberOfImages"]);
    // Both are at most 4096.
    let image = |index| encoded(width as u32, height as u32, &digest, seed, index);
    Ok(json!({"images": (0..count).map(image).collect::<Vec<_>>(), "error": null, "testDouble": true}))
}

fn stability(ask: &Ask<'_>, script: &Script) -> Result<Value, Fault> {
    let body = ask.body;
    let words = prompt(&body["prompt"], 10_000)?;
    if !matches!(body["output_format"].as_str(), None | Some("png")) {
        return Err(invalid(format!("{MARK} makes `png` only, not {}", body["output_format"])));
    }
    let (width, height) = match body["mode"].as_str() {
        None | Some("text-to-image") => shape(&body["aspect_ratio"])?,
        Some("image-to-image") => {
            if !body["strength"].as_f64().is_some_and(|strength| (0.0..=1.0).contains(&strength)) {
                return Err(invalid("`strength` of 0 to 1 is required with an image"));
            }
            let reference = decoded(&body["image"])?;
            (reference.width, reference.height)
        }
        Some(other) => return Err(invalid(format!("there is no mode `{other}`"))),
    };
    let drawn = u64::from_str_radix(&ask.digest[..8], 16).unwrap_or_default();
    let seed = match (&body["seed"], body["seed"].as_u64()) {
        (Value::Null, _) | (_, Some(0)) => drawn,
        (_, Some(seed)) if seed <= u64::from(u32::MAX) => seed,
        (other, _) => return Err(invalid(format!("{other} is no seed"))),
    };
    if let Some(word) = script.blocked_word(words) {
        let reason = format!("{MARK} Filter reason: prompt, at `{word}`");
        return Ok(json!({"seeds": [seed], "finish_reasons": [reason], "images": [""], "testDouble": true}));
    }
    let digest = digest_without_seed(ask, &["/seed"]);
    let image = encoded(width, height, &digest, seed, 0);
    Ok(json!({"seeds": [seed], "finish_reasons": [null], "images": [image], "testDouble": true}))
}

fn shape(wanted: &Value) -> Result<(u32, u32), Fault> {
    let wanted = wanted.as_str().unwrap_or("1:1");
    let found = SHAPES.iter().find(|(name, ..)| *name == wanted);
    found.map(|(_, width, height)| (*width, *height)).ok_or_else(|| invalid(format!("there is no shape `{wanted}`")))
}

fn decoded(image: &Value) -> Result<Picture, Fault> {
    let picture = image.as_str().and_then(|image| Picture::decode(image, None));
    picture.ok_or_else(|| invalid("the reference is neither PNG nor JPEG in base64"))
}

/// The same request with the same seed makes the same picture, whether the seed was given or drawn.
fn digest_without_seed(ask: &Ask<'_>, places: &[&str]) -> String {
    let mut body = ask.body.clone();
    for place in places {
        if let Some(value) = body.pointer_mut(place) {
            *value = Value::Null;
        }
    }
    // An absent field and one that was taken out are the same.
    strip_nulls(&mut body);
    sha256_hex(format!("{}\n{body}", ask.subject).as_bytes())
}

fn strip_nulls(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|_, field| !field.is_null());
        fields.values_mut().for_each(strip_nulls);
    }
}
