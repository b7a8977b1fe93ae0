//! A guide and the profile that names it: which rules each text has to keep.

use super::{Guide, GuideError, Rule, Strength};
use asset::field::{Field, Material};
use asset::ids::Sha256;
use asset::profile::Profile;

/// The most rules that a model is given, but for `must` rules, of which it gets all.
pub const MAX_RULES: usize = 24;

/// Returns a profile's brand guide, and the profile with the rules of it that each text has to keep.
///
/// # Errors
/// Everything that is wrong with the guide, a line each.
pub fn with_guide(profile: Profile) -> Result<(Profile, Option<Guide>), GuideError> {
    let Some(file) = profile.guide.clone() else { return Ok((profile, None)) };
    let guide = Guide::parse(&file.name, &file.text)?;
    let embedding = profile.models.embedding.clone();
    let material = |field: Field, collection: &str, locale: &str| {
        let rules = rules_for(&guide, field, collection, locale);
        (!rules.is_empty()).then(|| material(&file.name, &rules, embedding.as_deref()))
    };
    let profile = profile.with_brand(material);
    Ok((profile, Some(guide)))
}

/// Returns all rules that apply to a text, `must` rules first; none for what is for finding and not for reading.
pub fn rules_for<'a>(guide: &'a Guide, field: Field, collection: &str, locale: &str) -> Vec<&'a Rule> {
    if field.is_prose() { guide.select(field, collection, locale, &[], usize::MAX) } else { Vec::new() }
}

/// Says whether these are more than a model is given, so that some have to be chosen.
pub fn are_many(rules: &[&Rule]) -> bool {
    let n_must = rules.iter().filter(|rule| rule.strength == Strength::Must).count();
    rules.len() > MAX_RULES.max(n_must)
}

/// Names rules by what models and checks see of them, and by who chooses among them if they are many.
pub fn material(name: &str, rules: &[&Rule], embedding: Option<&str>) -> Material {
    let mut text: Vec<String> = rules.iter().map(|rule| format!("{}\n{}", rule.id, rule.for_model())).collect();
    text.extend(embedding.filter(|_| are_many(rules)).map(|model| format!("chosen by {model}")));
    Material { name: name.to_owned(), sha256: Sha256::of(text.join("\n\n").as_bytes()) }
}
