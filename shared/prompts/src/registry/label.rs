//! Labels: which published state of a prompt is in force, and every move that led there.

use super::{Reason, RegistryError};
use asset::canary::Share;
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
    pub const ALL: [Label; 2] = [Label::Production, Label::Canary];

    /// Reads a label's name.
    pub fn parse(name: &str) -> Option<Label> {
        Label::ALL.into_iter().find(|label| label.as_str() == name)
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

/// What a prompt is promoted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promotion {
    /// For all assets.
    Production,
    /// For a share of them, until the canary becomes production or is rolled back.
    Canary(Share),
}

impl Promotion {
    pub fn label(self) -> Label {
        match self {
            Promotion::Production => Label::Production,
            Promotion::Canary(_) => Label::Canary,
        }
    }

    pub(super) fn share(self) -> Share {
        match self {
            Promotion::Production => Share::ALL,
            Promotion::Canary(share) => share,
        }
    }
}

/// How a label moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MoveKind {
    Promote,
    Rollback,
    /// A canary ended because production moved to it, or away from it.
    End,
}

impl MoveKind {
    pub fn as_str(self) -> &'static str {
        match self {
            MoveKind::Promote => "promote",
            MoveKind::Rollback => "rollback",
            MoveKind::End => "end",
        }
    }
}

/// What a label points at: a published state, for a share of all assets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pointer {
    pub hash: Sha256,
    pub share: Share,
}

/// One move of a label: to what, by whom, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub kind: MoveKind,
    /// Absent where it points at nothing since.
    pub to: Option<Pointer>,
    pub by: String,
    /// Milliseconds since 1970.
    pub at_ms: u64,
    pub why: String,
}

impl Move {
    pub(super) fn new(kind: MoveKind, to: Option<Pointer>, reason: &Reason) -> Move {
        Move { kind, to, by: reason.by.clone(), at_ms: reason.at_ms, why: reason.why.clone() }
    }
}

/// Where a label points.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelState {
    /// Absent where it was taken back: production is what is compiled in then, and there is no canary.
    pub points_at: Option<Pointer>,
    /// Every move, oldest first; the last one led to `points_at`.
    pub history: Vec<Move>,
}

impl LabelState {
    #[must_use]
    pub(super) fn after(mut self, next: Move) -> LabelState {
        self.points_at.clone_from(&next.to);
        self.history.push(next);
        self
    }

    /// Returns where a rollback of production leads: promotions stack up, and each rollback takes one off. Below the first there is
    /// nothing, and what is compiled in is in force again.
    pub(super) fn before(&self) -> Option<Pointer> {
        let mut stack: Vec<&Pointer> = Vec::new();
        for step in &self.history {
            match (step.kind, &step.to) {
                (MoveKind::Promote, Some(to)) => stack.push(to),
                _ => drop(stack.pop()),
            }
        }
        stack.pop();
        stack.pop().cloned()
    }
}

impl Reason {
    /// A move of which nobody knows later who made it, or why, is not made.
    pub(super) fn check(&self) -> Result<(), RegistryError> {
        match (self.by.trim().is_empty(), self.why.trim().is_empty()) {
            (true, _) => Err(RegistryError::NoReason { missing: "who" }),
            (_, true) => Err(RegistryError::NoReason { missing: "why" }),
            _ => Ok(()),
        }
    }
}
