//! Labels: which published state of a prompt is in force, and every move that led there.

use super::Reason;
use asset::ids::Sha256;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a label is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// What assets are made with.
    Production,
    /// What a small share of assets is made with before the rest.
    Canary,
}

impl Label {
    /// Reads a label's name.
    pub fn parse(name: &str) -> Option<Label> {
        [Label::Production, Label::Canary].into_iter().find(|label| label.as_str() == name)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Label::Production => "production",
            Label::Canary => "canary",
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a label moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MoveKind {
    Promote,
    Rollback,
}

/// One move of a label: to what, by whom, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub kind: MoveKind,
    pub hash: Sha256,
    pub by: String,
    /// Milliseconds since 1970.
    pub at_ms: u64,
    pub why: String,
}

impl Move {
    pub(super) fn new(kind: MoveKind, hash: &Sha256, reason: Reason) -> Move {
        Move { kind, hash: hash.clone(), by: reason.by, at_ms: reason.at_ms, why: reason.why }
    }
}

/// Where a label points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelState {
    pub hash: Sha256,
    /// Every move, oldest first; the last one led to `hash`.
    pub history: Vec<Move>,
}

impl LabelState {
    pub(super) fn first(first: Move) -> LabelState {
        LabelState { hash: first.hash.clone(), history: vec![first] }
    }

    pub(super) fn after(mut self, next: Move) -> LabelState {
        self.hash = next.hash.clone();
        self.history.push(next);
        self
    }

    /// Returns where a rollback leads: promotions stack up, and each rollback takes one off.
    pub fn before(&self) -> Option<Sha256> {
        let mut stack: Vec<&Sha256> = Vec::new();
        for step in &self.history {
            match step.kind {
                MoveKind::Promote => stack.push(&step.hash),
                MoveKind::Rollback => drop(stack.pop()),
            }
        }
        stack.pop();
        stack.pop().cloned()
    }
}
