//! The environment of a function, read once; everything that is missing in one error.

use std::cell::RefCell;

/// Variables that a function needs and that are not set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the environment lacks {}; the stack's template sets them",
    .0.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
)]
pub struct MissingVariables(pub Vec<&'static str>);

/// Reads variables and remembers which are missing.
pub struct Variables<R> {
    read: R,
    missing: RefCell<Vec<&'static str>>,
}

impl Variables<fn(&str) -> Option<String>> {
    /// Reads the process's environment.
    pub fn of_process() -> Self {
        Variables::new(|name| std::env::var(name).ok())
    }
}

impl<R: Fn(&str) -> Option<String>> Variables<R> {
    pub fn new(read: R) -> Self {
        Variables { read, missing: RefCell::default() }
    }

    /// Returns a variable's value. If it is missing or empty, that is remembered, and the value is empty: ask [`Self::complete`] before
    /// using any.
    pub fn need(&self, name: &'static str) -> String {
        let value = (self.read)(name).unwrap_or_default();
        if value.is_empty() {
            self.missing.borrow_mut().push(name);
        }
        value
    }

    /// Fails with the names of all that were needed and are missing.
    pub fn complete(&self) -> Result<(), MissingVariables> {
        let missing = self.missing.borrow();
        if missing.is_empty() { Ok(()) } else { Err(MissingVariables(missing.clone())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        let variables = Variables::new(|name| match name {
            "GREENROOM_STORE_BUCKET" => Some("store".to_owned()),
            "GREENROOM_TABLE" => Some(String::new()),
            _ => None,
        });
        assert_eq!(variables.need("GREENROOM_STORE_BUCKET"), "store");
        assert_eq!(variables.complete(), Ok(()));
        variables.need("GREENROOM_TABLE");
        variables.need("GREENROOM_QUEUE_URL");
        let error = variables.complete().expect_err("two are missing").to_string();
        let words = "the environment lacks `GREENROOM_TABLE`, `GREENROOM_QUEUE_URL`; the stack's template sets them";
        assert_eq!(error, words);
    }
}
