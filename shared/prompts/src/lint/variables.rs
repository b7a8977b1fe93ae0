//! Follows the variables of a template through blocks and partials, beside the input schema.

use super::{Finding, Rule, finding};
use crate::prompt::Prompt;
use crate::template::{HELPERS, Template, context_path};
use handlebars::template::{BlockParam, DecoratorTemplate, HelperTemplate, Parameter, TemplateElement};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a value: its schema, or nothing.
type Shape<'a> = Option<&'a Value>;

/// What names mean at one place of a template.
#[derive(Clone, Default)]
struct Frame<'a> {
    this: Shape<'a>,
    /// Block parameters, and what a partial was called with.
    names: BTreeMap<String, Shape<'a>>,
}

struct Walk<'a> {
    prompt: &'a Prompt,
    /// The partial that we are in, or the prompt.
    file: String,
    /// From the input to the innermost block. The first is the input.
    frames: Vec<Frame<'a>>,
    used: BTreeSet<String>,
    is_all_used: bool,
    findings: Vec<Finding>,
}

/// Returns findings about variables and helpers.
pub(super) fn lint(prompt: &Prompt) -> Vec<Finding> {
    let root = Frame { this: prompt.input.as_ref().map(|schema| schema.as_value()), ..Frame::default() };
    let mut walk = Walk {
        prompt,
        file: prompt.name().to_owned(),
        frames: vec![root],
        used: BTreeSet::new(),
        is_all_used: false,
        findings: Vec::new(),
    };
    walk.template(&prompt.compiled.main);
    let inputs = walk.frames[0].this.and_then(|schema| schema["properties"].as_object());
    for name in inputs.into_iter().flat_map(|inputs| inputs.keys()) {
        if !walk.is_all_used && !walk.used.contains(name) {
            let message = format!("the template does not use the input `{name}`");
            walk.findings.push(finding(Rule::UnusedInput, prompt.name(), message));
        }
    }
    walk.findings
}

impl<'a> Walk<'a> {
    fn report(&mut self, rule: Rule, message: String) {
        self.findings.push(finding(rule, &self.file, message));
    }

    fn template(&mut self, template: &'a Template) {
        use TemplateElement as E;
        for element in &template.elements {
            match element {
                E::Expression(helper) => self.expression(helper, Rule::Unfenced),
                E::HtmlExpression(helper) => self.expression(helper, Rule::TripleStash),
                E::HelperBlock(helper) => self.block(helper),
                E::PartialExpression(call) | E::PartialBlock(call) => self.partial(call),
                E::DecoratorExpression(call) | E::DecoratorBlock(call) => {
                    call.template.iter().for_each(|template| self.template(template));
                }
                // Text and comments name nothing.
                _ => {}
            }
        }
    }

    /// Something that becomes text: a variable or a helper's answer. `rule` is broken if that is free text.
    fn expression(&mut self, helper: &'a HelperTemplate, rule: Rule) {
        let name = helper.name.as_name().unwrap_or_default();
        let is_variable = helper.params.is_empty() && helper.hash.is_empty() && !HELPERS.contains(&name);
        if is_variable {
            let is_counter = ["@index", "@first", "@last"].contains(&name);
            let is_context = context_path(&helper.name).is_some();
            if is_context || self.resolve(name).is_some_and(|shape| !is_harmless(shape) && !is_counter) {
                self.report(rule, format!("`{name}` becomes text as it is: write `{{{{json {name}}}}}`"));
            }
            return;
        }
        self.check_helper(name);
        self.arguments(helper);
        let is_chosen_by_data = match name {
            "role" | "section" => !matches!(helper.params.first(), Some(Parameter::Literal(_))),
            name => name == "lookup",
        };
        if is_chosen_by_data {
            self.report(rule, format!("`{name}` takes what data says as it is"));
        }
    }

    fn check_helper(&mut self, name: &str) {
        if !HELPERS.contains(&name) {
            self.report(Rule::Helper, format!("dotprompt has no helper `{name}`"));
        }
    }

    fn block(&mut self, helper: &'a HelperTemplate) {
        let name = helper.name.as_name().unwrap_or_default();
        self.check_helper(name);
        self.arguments(helper);
        let frame = match name {
            "each" | "with" => {
                let value = helper.params.first().and_then(Parameter::as_name);
                let shape = value.and_then(|value| self.resolve(value)).flatten();
                let this = if name == "each" { shape.and_then(items) } else { shape };
                Some(Frame { this, names: block_names(helper, this) })
            }
            _ => None,
        };
        let depth = self.frames.len();
        self.frames.extend(frame);
        helper.template.iter().for_each(|template| self.template(template));
        self.frames.truncate(depth);
        helper.inverse.iter().for_each(|template| self.template(template));
    }

    /// A partial sees what its caller sees, and what it is given by name.
    fn partial(&mut self, call: &'a DecoratorTemplate) {
        let name = call.name.as_name().unwrap_or_default();
        let mut frame = self.frames.last().cloned().unwrap_or_default();
        if let Some(this) = call.params.first() {
            frame.this = this.as_name().and_then(|name| self.resolve(name)).flatten();
        }
        for (key, value) in &call.hash {
            let shape = self.argument(value);
            frame.names.insert(key.clone(), shape);
        }
        if let Some(template) = self.prompt.compiled.partials.get(name) {
            let caller = std::mem::replace(&mut self.file, format!("_{name}"));
            self.frames.push(frame);
            self.template(template);
            self.frames.pop();
            self.file = caller;
        }
        call.template.iter().for_each(|template| self.template(template));
    }

    fn arguments(&mut self, helper: &'a HelperTemplate) {
        for value in helper.params.iter().chain(helper.hash.values()) {
            self.argument(value);
        }
    }

    fn argument(&mut self, value: &'a Parameter) -> Shape<'a> {
        match value {
            Parameter::Subexpression(inner) => {
                if let TemplateElement::Expression(helper) = inner.as_element() {
                    self.check_helper(helper.name.as_name().unwrap_or_default());
                    self.arguments(helper);
                }
                None
            }
            Parameter::Literal(_) => None,
            // A context value is not the input's.
            _ if context_path(value).is_some() => None,
            _ => value.as_name().and_then(|name| self.resolve(name)).flatten(),
        }
    }

    /// Returns what is known of the value behind a path; reports and returns `None` if the schema has no such value.
    fn resolve(&mut self, path: &str) -> Option<Shape<'a>> {
        let (mut depth, mut rest) = (self.frames.len() - 1, path);
        if let Some(root) = rest.strip_prefix("@root") {
            (depth, rest) = (0, root);
        } else if rest.starts_with('@') {
            return Some(None);
        }
        while let Some(outer) = rest.strip_prefix("../") {
            (depth, rest) = (depth.saturating_sub(1), outer);
        }
        let mut names = rest
            .split(['.', '/'])
            .map(|name| name.trim_matches(['[', ']']))
            .filter(|name| !matches!(*name, "" | "this"))
            .peekable();
        let frame = &self.frames[depth];
        let is_input = is_same_shape(frame.this, self.frames[0].this);
        let mut shape = frame.this;
        if let Some(given) = names.peek().and_then(|name| frame.names.get(*name)) {
            shape = *given;
            names.next();
        } else if is_input {
            match names.peek() {
                Some(name) => drop(self.used.insert((*name).to_owned())),
                None => self.is_all_used = true,
            }
        }
        for name in names {
            match field(shape?, name) {
                Ok(next) => shape = next,
                Err(()) => {
                    self.report(Rule::UnknownVariable, format!("the input schema has no `{path}`"));
                    return None;
                }
            }
            if shape.is_none() {
                break;
            }
        }
        Some(shape)
    }
}

/// Schemas are compared by place: two inputs may look alike.
fn is_same_shape(a: Shape<'_>, b: Shape<'_>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => std::ptr::eq(a, b),
        _ => false,
    }
}

/// Returns the schema of a field, `None` if nothing is known of it; fails if there cannot be such a field.
fn field<'a>(schema: &'a Value, name: &str) -> Result<Shape<'a>, ()> {
    if let Some(property) = schema["properties"].get(name) {
        return Ok(Some(property));
    }
    if schema.get("items").is_some() {
        let is_index = name.bytes().all(|byte| byte.is_ascii_digit()) || name == "length";
        return if is_index { Ok(items(schema)) } else { Err(()) };
    }
    match schema.get("additionalProperties") {
        Some(Value::Bool(false)) => Err(()),
        Some(other) => Ok(Some(other)),
        None if is_scalar(schema) => Err(()),
        None => Ok(None),
    }
}

fn items(schema: &Value) -> Shape<'_> {
    schema.get("items").or_else(|| schema.get("additionalProperties"))
}

fn is_scalar(schema: &Value) -> bool {
    kinds(schema).iter().any(|kind| matches!(*kind, "string" | "number" | "integer" | "boolean"))
}

fn kinds(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A value that cannot say anything: a number, a flag, one of a list.
fn is_harmless(shape: Shape<'_>) -> bool {
    let Some(schema) = shape else { return false };
    let kinds = kinds(schema);
    let is_plain = |kind: &&str| matches!(*kind, "number" | "integer" | "boolean" | "null");
    schema.get("enum").is_some() || (!kinds.is_empty() && kinds.iter().all(is_plain))
}

fn block_names<'a>(helper: &HelperTemplate, this: Shape<'a>) -> BTreeMap<String, Shape<'a>> {
    let name = |parameter: &Parameter| parameter.as_name().unwrap_or_default().to_owned();
    match &helper.block_param {
        Some(BlockParam::Single(value)) => [(name(value), this)].into(),
        Some(BlockParam::Pair((value, key))) => [(name(value), this), (name(key), None)].into(),
        _ => BTreeMap::new(),
    }
}
