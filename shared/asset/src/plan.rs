//! What a collection asks for, as jobs.

use crate::image::{FocalPoint, Framing, RenderSpec};
use crate::profile::Collection;
use crate::task::Job;

/// Returns the render jobs of a collection's views for a picture whose crops look at `focus`, in the profile's order.
pub fn renders(collection: &Collection, focus: FocalPoint) -> Vec<Job> {
    collection
        .views
        .iter()
        .map(|view| Job::Render {
            view: view.name.clone(),
            spec: RenderSpec {
                // The whole picture does not depend on the focal point, so moving it re-makes the crops only.
                framing: view.crop.map_or(Framing::Whole, |ratio| Framing::Crop { ratio, focus }),
                widths: view.widths.clone(),
                encodings: collection.encodings.clone(),
                color: collection.color,
            },
        })
        .collect()
}
