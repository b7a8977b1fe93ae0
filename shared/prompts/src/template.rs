//! Templates: Handlebars as dotprompt runs it. No HTML escaping, its helpers and no others, missing variables are
//! empty.

use crate::markers::{is_forged, marker};
use crate::schema::is_same;
pub(crate) use handlebars::template::Template;
use handlebars::template::{HelperTemplate, Parameter, TemplateElement};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonRender, Output, RenderContext, RenderError,
    RenderErrorReason, Renderable, ScopedJson, no_escape,
};
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Every helper that a template may use.
pub(crate) const HELPERS: [&str; 12] = [
    "each",
    "history",
    "if",
    "ifEquals",
    "json",
    "lookup",
    "media",
    "role",
    "section",
    "unless",
    "unlessEquals",
    "with",
];

/// What the engine brings and dotprompt does not have: a variable of that name would silently be a function.
const EXTRAS: [&str; 12] = ["raw", "log", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or", "not", "len"];

const MAIN: &str = "main template";

/// A template and its partials, parsed.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub main: Template,
    pub partials: BTreeMap<String, Template>,
}

/// Parses one template. Fails with words and the line.
pub(crate) fn parse(source: &str) -> Result<Template, String> {
    if is_forged(source) {
        return Err("a template cannot hold the noncharacters U+FDD0 to U+FDD2".to_owned());
    }
    Template::compile(source).map_err(|error| {
        let line = error.pos().map(|(line, _)| format!("line {line}: ")).unwrap_or_default();
        format!("{line}{}", error.reason())
    })
}

/// Returns the names of the partials that a template calls itself.
pub(crate) fn partial_names(template: &Template) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for_each_element(template, &mut |element| {
        if let TemplateElement::PartialExpression(call) | TemplateElement::PartialBlock(call) = element {
            names.extend(call.name.as_name().map(str::to_owned));
        }
    });
    names
}

/// Visits every element of a template, outer ones first.
pub(crate) fn for_each_element(template: &Template, visit: &mut dyn FnMut(&TemplateElement)) {
    use TemplateElement as E;
    for element in &template.elements {
        visit(element);
        let inner: [Option<&Template>; 2] = match element {
            E::Expression(helper) | E::HtmlExpression(helper) | E::HelperBlock(helper) => {
                [helper.template.as_ref(), helper.inverse.as_ref()]
            }
            E::DecoratorExpression(call) | E::DecoratorBlock(call) => [call.template.as_ref(), None],
            E::PartialExpression(call) | E::PartialBlock(call) => [call.template.as_ref(), None],
            // Text and comments have nothing inside.
            _ => [None, None],
        };
        inner.into_iter().flatten().for_each(|template| for_each_element(template, visit));
    }
}

impl Compiled {
    /// Renders to text with markers. `context` are the values behind `@name`. Fails with words.
    pub fn render(&self, data: &Value, context: &Map<String, Value>) -> Result<String, String> {
        let mut engine = engine();
        for (name, template) in self.partials.iter().chain([(&MAIN.to_owned(), &self.main)]) {
            let mut template = template.clone();
            bind(&mut template, context);
            engine.register_template(name, template);
        }
        engine.render(MAIN, data).map_err(|error| {
            let line = error.line_no.map(|line| format!("line {line}: ")).unwrap_or_default();
            format!("{line}{}", error.reason())
        })
    }
}

fn engine() -> Handlebars<'static> {
    let mut engine = Handlebars::new();
    engine.register_escape_fn(no_escape);
    EXTRAS.iter().for_each(|name| engine.unregister_helper(name));
    engine.register_helper("json", Box::new(Inline(json)));
    engine.register_helper("role", Box::new(Inline(|h| Ok(marker(&["role", &text(h, 0)?])))));
    engine.register_helper("section", Box::new(Inline(|h| Ok(marker(&["section", &text(h, 0)?])))));
    engine.register_helper("history", Box::new(Inline(|_| Ok(marker(&["history"])))));
    engine.register_helper("media", Box::new(Inline(media)));
    engine.register_helper("if", Box::new(Choice(is_truthy)));
    engine.register_helper("unless", Box::new(Choice(|h| Ok(!is_truthy(h)?))));
    engine.register_helper("ifEquals", Box::new(Choice(are_equal)));
    engine.register_helper("unlessEquals", Box::new(Choice(|h| Ok(!are_equal(h)?))));
    engine
}

/// A helper that stands for text.
struct Inline(fn(&Helper<'_>) -> Result<String, RenderError>);

impl HelperDef for Inline {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        (self.0)(helper).map(|text| ScopedJson::Derived(Value::String(text)))
    }
}

/// A block helper that renders its block or its `{{else}}`.
struct Choice(fn(&Helper<'_>) -> Result<bool, RenderError>);

impl HelperDef for Choice {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        context: &'rc Context,
        state: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let chosen = if (self.0)(helper)? { helper.template() } else { helper.inverse() };
        chosen.map_or(Ok(()), |template| template.render(engine, context, state, out))
    }
}

fn json(helper: &Helper<'_>) -> Result<String, RenderError> {
    let value = helper.param(0).ok_or(RenderErrorReason::ParamNotFoundForIndex("json", 0))?.value();
    let indent = helper.hash_get("indent").and_then(|indent| indent.value().as_u64()).unwrap_or(0);
    if indent == 0 {
        return Ok(value.to_string());
    }
    let spaces = " ".repeat(usize::try_from(indent).unwrap_or(10).min(10));
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(spaces.as_bytes()));
    serde::Serialize::serialize(value, &mut serializer).map_err(|error| words(&error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| words(&error.to_string()))
}

fn media(helper: &Helper<'_>) -> Result<String, RenderError> {
    let field = |name| helper.hash_get(name).map(|value| value.value().render()).filter(|text| !text.is_empty());
    let url = field("url").ok_or_else(|| words("`media` needs a `url`"))?;
    Ok(match field("contentType") {
        Some(content_type) => marker(&["media", &url, &content_type]),
        None => marker(&["media", &url]),
    })
}

fn text(helper: &Helper<'_>, index: usize) -> Result<String, RenderError> {
    let value = helper.param(index).and_then(|value| value.value().as_str());
    value.map(str::to_owned).ok_or_else(|| words(&format!("`{}` needs a name", helper.name())))
}

/// The rule of Handlebars in JavaScript, where an empty object is true.
fn is_truthy(helper: &Helper<'_>) -> Result<bool, RenderError> {
    let value = helper.param(0).ok_or_else(|| words(&format!("`{}` needs a value", helper.name())))?.value();
    let counts_zero = helper.hash_get("includeZero").is_some_and(|flag| flag.value() == &Value::Bool(true));
    Ok(match value {
        Value::Null => false,
        Value::Bool(is_true) => *is_true,
        Value::Number(number) => counts_zero || number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) => true,
    })
}

fn are_equal(helper: &Helper<'_>) -> Result<bool, RenderError> {
    let value = |index| helper.param(index).ok_or_else(|| words(&format!("`{}` needs two values", helper.name())));
    let (a, b) = (value(0)?, value(1)?);
    Ok(a.is_value_missing() == b.is_value_missing() && is_same(a.value(), b.value()))
}

fn words(text: &str) -> RenderError {
    RenderErrorReason::Other(text.to_owned()).into()
}

/// Puts the values of `@name.field` in their places: they are the same all through a rendering, whatever block they
/// stand in.
fn bind(template: &mut Template, context: &Map<String, Value>) {
    use TemplateElement as E;
    for element in &mut template.elements {
        match element {
            E::Expression(helper) | E::HtmlExpression(helper) | E::HelperBlock(helper) => {
                let is_value = !helper.block && helper.params.is_empty() && helper.hash.is_empty();
                match context_value(&helper.name, context).filter(|_| is_value) {
                    Some(value) => *element = E::RawString(value.render()),
                    None => bind_helper(helper, context),
                }
            }
            E::PartialExpression(call) | E::PartialBlock(call) => {
                call.params.iter_mut().chain(call.hash.values_mut()).for_each(|value| bind_parameter(value, context));
                call.template.iter_mut().for_each(|template| bind(template, context));
            }
            E::DecoratorExpression(call) | E::DecoratorBlock(call) => {
                call.template.iter_mut().for_each(|template| bind(template, context));
            }
            _ => {}
        }
    }
}

fn bind_helper(helper: &mut HelperTemplate, context: &Map<String, Value>) {
    helper.params.iter_mut().chain(helper.hash.values_mut()).for_each(|value| bind_parameter(value, context));
    helper.template.iter_mut().chain(helper.inverse.iter_mut()).for_each(|template| bind(template, context));
}

fn bind_parameter(parameter: &mut Parameter, context: &Map<String, Value>) {
    if let Some(value) = context_value(parameter, context) {
        *parameter = Parameter::Literal(value);
    } else if let Parameter::Subexpression(inner) = parameter
        && let TemplateElement::Expression(helper) = inner.element.as_mut()
    {
        bind_helper(helper, context);
    }
}

/// `None` if the parameter is no `@name` of the caller's.
fn context_value(parameter: &Parameter, context: &Map<String, Value>) -> Option<Value> {
    let mut names = context_path(parameter)?;
    let first = names.next().and_then(|name| context.get(name));
    let found = first.and_then(|first| names.try_fold(first, |value, name| value.get(name)));
    Some(found.cloned().unwrap_or_default())
}

/// Returns the names in `@name.field`, unless it is one of the engine's own (`@index`, `@../key`, `@root.name`).
pub(crate) fn context_path(parameter: &Parameter) -> Option<impl Iterator<Item = &str>> {
    const OWN: [&str; 7] = ["index", "key", "first", "last", "root", "partial-block", ""];
    let mut names = parameter.as_name()?.strip_prefix('@')?.split(['.', '/']).peekable();
    let is_own = names.peek().is_none_or(|name| OWN.contains(name));
    (!is_own).then_some(names)
}
