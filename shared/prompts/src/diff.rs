//! What changed between two states of a prompt, as a value that a command line prints.

use crate::prompt::Prompt;
use crate::schema::{Schema, canonical};
use asset::ids::Sha256;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Two states of a prompt, compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    pub from: Sha256,
    pub to: Sha256,
    /// Empty if and only if the hashes are equal.
    pub changes: Vec<Change>,
    /// Whether the hash changed and the version did not: that has to be put right before publishing.
    pub needs_version: bool,
}

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Change {
    Version {
        from: String,
        to: String,
    },
    /// The prompt's own file, front matter included.
    Source {
        lines: Vec<Line>,
    },
    /// A partial; all of its lines if it is new or gone.
    Partial {
        name: String,
        lines: Vec<Line>,
    },
    /// `input` or `output`, by field.
    Schema {
        side: String,
        fields: Vec<FieldChange>,
    },
    /// The brand guide.
    Snippets {
        from: Option<Sha256>,
        to: Option<Sha256>,
    },
}

/// A line that is gone or new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    Removed(String),
    Added(String),
}

/// A field whose rules changed; `None` where there is no such field. Rules are canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// A path such as `brand[].id`, empty for the value itself.
    pub field: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// Compares two states of a prompt.
pub fn diff(old: &Prompt, new: &Prompt) -> Diff {
    let mut changes = Vec::new();
    if old.version() != new.version() {
        changes.push(Change::Version { from: old.version().to_owned(), to: new.version().to_owned() });
    }
    if old.source != new.source {
        changes.push(Change::Source { lines: lines(&old.source, &new.source) });
    }
    let names: BTreeSet<&String> = old.partials.keys().chain(new.partials.keys()).collect();
    for name in names {
        let text = |prompt: &Prompt| prompt.partials.get(name).cloned();
        if text(old) != text(new) {
            let lines = lines(&text(old).unwrap_or_default(), &text(new).unwrap_or_default());
            changes.push(Change::Partial { name: name.clone(), lines });
        }
    }
    for (side, old, new) in [("input", &old.input, &new.input), ("output", &old.output, &new.output)] {
        if old != new {
            changes.push(Change::Schema { side: side.to_owned(), fields: fields(old.as_ref(), new.as_ref()) });
        }
    }
    if old.snippets != new.snippets {
        changes.push(Change::Snippets { from: old.snippets.clone(), to: new.snippets.clone() });
    }
    let needs_version = old.hash() != new.hash() && old.version() == new.version();
    Diff { from: old.hash().clone(), to: new.hash().clone(), changes, needs_version }
}

/// The longest common subsequence: files of prompts have hundreds of lines at most.
fn lines(old: &str, new: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let best = if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
            common[i][j] = best;
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(Line::Removed(old[i].to_owned()));
            i += 1;
        } else {
            lines.push(Line::Added(new[j].to_owned()));
            j += 1;
        }
    }
    lines
}

fn fields(old: Option<&Schema>, new: Option<&Schema>) -> Vec<FieldChange> {
    let rules = |schema: Option<&Schema>| {
        let mut rules = BTreeMap::new();
        if let Some(schema) = schema {
            collect(schema.as_value(), "", true, &mut rules);
        }
        rules
    };
    let (old, new) = (rules(old), rules(new));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changes = paths.into_iter().filter(|path| old.get(*path) != new.get(*path));
    changes
        .map(|path| FieldChange { field: path.clone(), from: old.get(path).cloned(), to: new.get(path).cloned() })
        .collect()
}

/// Gathers every field's own rules; that it is required is one of them.
fn collect(schema: &Value, path: &str, is_required: bool, out: &mut BTreeMap<String, String>) {
    let mut own = schema.clone();
    if let Value::Object(keywords) = &mut own {
        keywords.retain(|keyword, _| !matches!(keyword.as_str(), "properties" | "items" | "required"));
        keywords.insert("required".to_owned(), is_required.into());
    }
    out.insert(path.to_owned(), canonical(&own));
    let required = schema["required"].as_array();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let is_required = required.is_some_and(|names| names.iter().any(|one| one == name.as_str()));
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        collect(field, &path, is_required, out);
    }
    if let Some(items) = schema.get("items") {
        collect(items, &format!("{path}[]"), true, out);
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes.is_empty() {
            return writeln!(f, "no change ({})", self.to);
        }
        writeln!(f, "{} → {}", self.from, self.to)?;
        self.changes.iter().try_for_each(|change| write!(f, "{change}"))?;
        if self.needs_version {
            writeln!(f, "the version is still the same: raise `greenroom.version`")?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Version { from, to } => writeln!(f, "version {from} → {to}"),
            Change::Source { lines } => write_lines(f, "source", lines),
            Change::Partial { name, lines } => write_lines(f, &format!("partial {name}"), lines),
            Change::Schema { side, fields } => {
                writeln!(f, "{side} schema")?;
                for change in fields {
                    let field = if change.field.is_empty() { "(itself)" } else { &change.field };
                    writeln!(f, "  {field}")?;
                    change.from.iter().try_for_each(|rules| writeln!(f, "    - {rules}"))?;
                    change.to.iter().try_for_each(|rules| writeln!(f, "    + {rules}"))?;
                }
                Ok(())
            }
            Change::Snippets { from, to } => {
                let or_nothing = |hash: &Option<Sha256>| hash.as_ref().map_or("nothing".to_owned(), Sha256::to_string);
                writeln!(f, "brand guide {} → {}", or_nothing(from), or_nothing(to))
            }
        }
    }
}

fn write_lines(f: &mut fmt::Formatter<'_>, what: &str, lines: &[Line]) -> fmt::Result {
    writeln!(f, "{what}")?;
    for line in lines {
        match line {
            Line::Removed(text) => writeln!(f, "  - {text}")?,
            Line::Added(text) => writeln!(f, "  + {text}")?,
        }
    }
    Ok(())
}
