//! YAML as JSON values, in the core schema of YAML 1.2 (`yes` and `010` are what they look like to dotprompt, too).

use serde::de::DeserializeOwned;

/// Reads one document. Duplicate keys are an error; so is what goes beyond the parser's budget.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}
