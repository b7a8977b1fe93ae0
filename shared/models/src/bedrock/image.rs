//! InvokeModel: the bodies of the models that make pictures, each family with its own.
//!
//! Nova Canvas and Titan Image have one body (Amazon Bedrock user guide, "Amazon Nova Canvas request and response"), the
//! models of Stability another ("Stability AI models").

use super::invoke::invoke;
use crate::book::{Consumption, ModelSpec};
use crate::exchange::{Exchanged, FILTERED};
use crate::{Class, ImageRequest, ModelError, ModelResult, Picture, Size};
use aws_sdk_bedrockruntime::Client;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

/// The largest seed of Nova Canvas and Titan Image; larger ones are folded into it. Stability takes all 32 bits.
const LARGEST_SEED: u32 = 858_993_459;

/// The shapes that Stability's models have, as width and height.
const ASPECTS: [(u32, u32); 9] = [(1, 1), (16, 9), (9, 16), (21, 9), (9, 21), (2, 3), (3, 2), (4, 5), (5, 4)];

/// How far, in thousandths, a shape may be from what was asked for.
const TOLERANCE: u64 = 20;

/// Which body a model takes, by its provider id.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Amazon,
    Stability,
}

fn family(spec: &ModelSpec) -> ModelResult<Family> {
    let is = |name: &str| spec.model.contains(name);
    if is("nova-canvas") || is("titan-image-generator") {
        return Ok(Family::Amazon);
    }
    if is("stability.stable-image") || is("stability.sd3") {
        return Ok(Family::Stability);
    }
    let message =
        format!("nobody here knows the body that `{}` takes: use Stability, Nova Canvas or Titan Image", spec.model);
    Err(ModelError::of(Class::Unavailable, &spec.id, "unknown_family", message))
}

pub(super) async fn exchange(
    client: &Client,
    spec: &ModelSpec,
    request: &ImageRequest,
) -> ModelResult<Exchanged<Vec<Picture>>> {
    let family = family(spec)?;
    let body = match family {
        Family::Amazon => amazon(request),
        Family::Stability => stability(spec, request)?,
    };
    let invoked = invoke(client, spec, &body).await.map_err(blocked)?;
    let mut exchanged = read(spec, &invoked.body, invoked.request_id)?;
    if family == Family::Stability && request.reference.is_some() {
        exchanged.warnings.push("the shape of the reference was kept, because the model takes no other".to_owned());
    }
    Ok(exchanged)
}

/// A prompt that is refused before anything is drawn is told as a malformed request, in these words.
fn blocked(mut error: Box<ModelError>) -> Box<ModelError> {
    if error.code == "ValidationException" && error.message.to_lowercase().contains("content filter") {
        error.class = Class::Blocked { reason: error.message.clone() };
    }
    error
}

fn amazon(request: &ImageRequest) -> Value {
    let Size { width, height } = request.size;
    let mut settings = json!({"width": width, "height": height, "numberOfImages": request.count});
    if let Some(seed) = request.seed {
        settings["seed"] = (seed % (LARGEST_SEED + 1)).into();
    }
    match &request.reference {
        None => json!({
            "taskType": "TEXT_IMAGE",
            "textToImageParams": {"text": request.prompt},
            "imageGenerationConfig": settings,
        }),
        Some(reference) => {
            // The model takes 0.2 to 1.
            let similarity = f64::from(reference.likeness_thousandths.max(200)) / 1000.0;
            let image = STANDARD.encode(&reference.image.bytes);
            json!({
                "taskType": "IMAGE_VARIATION",
                "imageVariationParams": {"text": request.prompt, "images": [image], "similarityStrength": similarity},
                "imageGenerationConfig": settings,
            })
        }
    }
}

fn stability(spec: &ModelSpec, request: &ImageRequest) -> ModelResult<Value> {
    let mut body = json!({"prompt": request.prompt, "output_format": "png"});
    if let Some(seed) = request.seed {
        body["seed"] = seed.into();
    }
    match &request.reference {
        None => {
            body["mode"] = "text-to-image".into();
            body["aspect_ratio"] = aspect(spec, request.size)?.into();
        }
        Some(reference) => {
            body["mode"] = "image-to-image".into();
            body["image"] = STANDARD.encode(&reference.image.bytes).into();
            // How far the model may go away from the reference.
            body["strength"] = (f64::from(1000 - reference.likeness_thousandths.min(1000)) / 1000.0).into();
        }
    }
    Ok(body)
}

/// Returns the model's name of a shape: it chooses the number of pixels itself.
fn aspect(spec: &ModelSpec, size: Size) -> ModelResult<String> {
    let asked = u64::from(size.width) * 1000 / u64::from(size.height.max(1));
    let distance = |(width, height): &(u32, u32)| asked.abs_diff(u64::from(width * 1000 / height));
    let (width, height) = ASPECTS.into_iter().min_by_key(distance).unwrap_or((1, 1));
    if distance(&(width, height)) * 1000 > asked * TOLERANCE {
        let known = ASPECTS.map(|(width, height)| format!("{width}:{height}")).join(", ");
        let message = format!("it makes no pictures of the shape {size} but {known}");
        return Err(ModelError::of(Class::Unavailable, &spec.id, "no_such_size", message));
    }
    Ok(format!("{width}:{height}"))
}

/// The answers of both families.
#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    images: Vec<String>,
    /// Amazon's: why there are no pictures, or fewer.
    error: Option<String>,
    #[serde(default)]
    seeds: Vec<u64>,
    /// Stability's, one per picture; with a reason the picture is of no use.
    #[serde(default)]
    finish_reasons: Vec<Option<String>>,
}

fn read(spec: &ModelSpec, body: &[u8], request_id: Option<String>) -> ModelResult<Exchanged<Vec<Picture>>> {
    let broken = |why: String| {
        let raw: String = String::from_utf8_lossy(body).chars().take(500).collect();
        let class = Class::BadOutput { errors: vec![why.clone()], raw };
        ModelError::of(class, &spec.id, "no_picture", why).requested(request_id.clone())
    };
    let output: Output =
        serde_json::from_slice(body).map_err(|error| broken(format!("the body has no pictures: {error}")))?;
    let reasons = output.finish_reasons.iter().flatten();
    let reasons: Vec<String> = reasons.chain(&output.error).cloned().collect();
    let mut pictures = Vec::new();
    for (index, image) in output.images.iter().enumerate() {
        let is_filtered = output.finish_reasons.get(index).is_some_and(Option::is_some);
        if is_filtered || image.is_empty() {
            continue;
        }
        let picture = Picture::decode(image, output.seeds.get(index).copied());
        pictures.push(picture.ok_or_else(|| broken(format!("picture {} is neither PNG nor JPEG", index + 1)))?);
    }
    if pictures.is_empty() && !reasons.is_empty() {
        let reason = reasons.join("; ");
        let message = format!("the provider keeps the picture back: {reason}");
        return Err(ModelError::of(Class::Blocked { reason }, &spec.id, FILTERED, message).requested(request_id));
    }
    let consumption = Consumption { images: pictures.len() as u64, ..Consumption::default() };
    Ok(Exchanged { warnings: reasons, ..Exchanged::new(pictures, consumption, request_id) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::Book;

    #[test]
    fn a_shape_that_is_near_enough_is_taken_and_another_is_refused() {
        let spec = Book::default().models()[0].clone();
        let aspect = |width, height| aspect(&spec, Size { width, height });
        for (width, height, expected) in
            [(1024, 1024, "1:1"), (1920, 1080, "16:9"), (1365, 768, "16:9"), (768, 1024, ""), (800, 1000, "4:5")]
        {
            assert_eq!(aspect(width, height).unwrap_or_default(), expected, "{width}x{height}");
        }
        assert_eq!(aspect(3000, 100).expect_err("a strip").code, "no_such_size");
    }
}
