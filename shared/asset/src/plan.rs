//! What a collection asks for, as jobs.

use crate::image::{FocalPoint, Framing, RenderSpec};
use crate::profile::{Collection, View};
use crate::task::{Job, ViewSpec};

/// Returns the render jobs of a collection for a picture whose crops look at `focus`.
///
/// At most two: the views of the whole picture, then its crops. Each job decodes once for all of its views. The whole picture does not
/// depend on the focal point, so moving that re-makes the crops only.
pub fn renders(collection: &Collection, focus: FocalPoint) -> Vec<Job> {
    let (crops, wholes): (Vec<&View>, Vec<&View>) = collection.views.iter().partition(|view| view.crop.is_some());
    let to_spec = |view: &View| ViewSpec {
        name: view.name.clone(),
        spec: RenderSpec {
            framing: view.crop.map_or(Framing::Whole, |ratio| Framing::Crop { ratio, focus }),
            widths: view.widths.clone(),
            encodings: collection.encodings.clone(),
            color: collection.color,
        },
    };
    [wholes, crops]
        .into_iter()
        .filter(|views| !views.is_empty())
        .map(|views| Job::Render { views: views.into_iter().map(to_spec).collect() })
        .collect()
}
