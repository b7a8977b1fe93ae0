//! An expanded template with its switches set: what CloudFormation would create, and who refers to whom.
//!
//! References become text: `{"Ref": "X"}` is `${X}`, `{"Fn::GetAtt": ["X", "Arn"]}` is `${X.Arn}`, and parameters are
//! their values; but those that are lists stay references, which [`Stack::list`] knows.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The resources of one setting, by logical name.
pub struct Stack {
    resources: BTreeMap<String, Value>,
    parameters: BTreeMap<String, Value>,
    lists: BTreeMap<String, List>,
}

/// A parameter of several texts.
pub struct List {
    pub values: Vec<String>,
    /// What each of them has to match.
    pub pattern: String,
}

impl Stack {
    /// Sets the switches of a template: defaults, but for the parameters in `setting`.
    ///
    /// # Errors
    /// If the template uses an intrinsic function that this model does not know.
    pub fn new(template: &Value, setting: &[(&str, &str)]) -> Result<Self, String> {
        let resolver = Resolver { parameters: parameters(template, setting), conditions: &template["Conditions"] };
        let mut resources = BTreeMap::new();
        for (name, resource) in template["Resources"].as_object().ok_or("the template has no resources")? {
            if resource["Condition"].as_str().map_or(Ok(true), |condition| resolver.holds_by_name(condition))? {
                resources.insert(name.clone(), resolver.resolve(resource)?.unwrap_or_default());
            }
        }
        Ok(Stack { resources, parameters: resolver.parameters, lists: lists(template, setting) })
    }

    /// Returns every resource of a type, with its properties.
    pub fn of(&self, kind: &str) -> impl Iterator<Item = (&str, &Value)> {
        let is_kind = move |(_, resource): &(&String, &Value)| resource["Type"] == kind;
        self.resources.iter().filter(is_kind).map(|(name, resource)| (name.as_str(), &resource["Properties"]))
    }

    /// Returns the properties of a resource of a type.
    pub fn get(&self, kind: &str, name: &str) -> Option<&Value> {
        self.resources.get(name).filter(|resource| resource["Type"] == kind).map(|resource| &resource["Properties"])
    }

    /// Returns a parameter's value; empty if there is no such parameter.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns a parameter that is a list.
    pub fn list(&self, name: &str) -> Option<&List> {
        self.lists.get(name)
    }

    /// Returns whole resources: type, properties, deletion policy.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.resources.iter().map(|(name, resource)| (name.as_str(), resource))
    }
}

/// Returns the logical name in `${Name}` or `${Name.Arn}`; `None` for text that is more, or less, than one reference.
pub fn target(value: &Value) -> Option<&str> {
    let inner = value.as_str()?.strip_prefix("${")?.strip_suffix('}')?;
    (!inner.contains("${")).then(|| inner.split('.').next().unwrap_or(inner))
}

/// Returns a string or the strings of a list.
pub fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Returns a list's items, or the one value that stands for a list of one.
pub fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Null => Vec::new(),
        value => vec![value],
    }
}

fn parameters(template: &Value, setting: &[(&str, &str)]) -> BTreeMap<String, Value> {
    let value = |name: &str, parameter: &Value| match is_list(parameter) {
        true => json!(format!("${{{name}}}")),
        false => value_of(name, parameter, setting),
    };
    declared(template).map(|(name, parameter)| (name.clone(), value(name, parameter))).collect()
}

fn lists(template: &Value, setting: &[(&str, &str)]) -> BTreeMap<String, List> {
    let list = |(name, parameter): (&String, &Value)| {
        let text = value_of(name, parameter, setting);
        let values = text.as_str().unwrap_or_default().split(',').map(|value| value.trim().to_owned()).collect();
        let pattern = parameter["AllowedPattern"].as_str().unwrap_or_default().to_owned();
        (name.clone(), List { values, pattern })
    };
    declared(template).filter(|(_, parameter)| is_list(parameter)).map(list).collect()
}

fn declared(template: &Value) -> impl Iterator<Item = (&String, &Value)> {
    template["Parameters"].as_object().into_iter().flatten()
}

fn is_list(parameter: &Value) -> bool {
    parameter["Type"] == "CommaDelimitedList"
}

fn value_of(name: &str, parameter: &Value, setting: &[(&str, &str)]) -> Value {
    let set = setting.iter().find(|(set, _)| *set == name).map(|(_, value)| json!(value));
    set.unwrap_or_else(|| parameter.get("Default").cloned().unwrap_or(json!("")))
}

struct Resolver<'a> {
    parameters: BTreeMap<String, Value>,
    conditions: &'a Value,
}

impl Resolver<'_> {
    /// Returns what a value comes to; `None` if it comes to nothing (`AWS::NoValue`).
    fn resolve(&self, value: &Value) -> Result<Option<Value>, String> {
        match value {
            Value::Object(fields) => match fields.iter().next() {
                Some((key, argument)) if fields.len() == 1 && (key == "Ref" || key.starts_with("Fn::")) => {
                    self.intrinsic(key, argument)
                }
                _ => {
                    let mut resolved = Map::new();
                    for (key, value) in fields {
                        if let Some(value) = self.resolve(value)? {
                            resolved.insert(key.clone(), value);
                        }
                    }
                    Ok(Some(Value::Object(resolved)))
                }
            },
            Value::Array(values) => {
                let resolved: Result<Vec<_>, String> = values.iter().map(|value| self.resolve(value)).collect();
                Ok(Some(Value::Array(resolved?.into_iter().flatten().collect())))
            }
            other => Ok(Some(other.clone())),
        }
    }

    fn intrinsic(&self, function: &str, argument: &Value) -> Result<Option<Value>, String> {
        match function {
            "Ref" if argument == "AWS::NoValue" => Ok(None),
            "Ref" => {
                let name = argument.as_str().ok_or("`Ref` takes a name")?;
                Ok(Some(self.parameters.get(name).cloned().unwrap_or_else(|| json!(format!("${{{name}}}")))))
            }
            "Fn::GetAtt" => Ok(Some(json!(format!("${{{}}}", texts(argument).join("."))))),
            "Fn::Sub" => {
                let text = argument.as_str().ok_or("`Fn::Sub` with a map of its own is not known here")?;
                let known = self.parameters.iter();
                let text = known.fold(text.to_owned(), |text, (name, value)| {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    text.replace(&format!("${{{name}}}"), &value)
                });
                Ok(Some(json!(text)))
            }
            "Fn::If" => {
                let condition = argument[0].as_str().ok_or("`Fn::If` takes a condition's name")?;
                self.resolve(&argument[if self.holds_by_name(condition)? { 1 } else { 2 }])
            }
            other => Err(format!("`{other}` is not known here: teach the model or write it another way")),
        }
    }

    fn holds_by_name(&self, condition: &str) -> Result<bool, String> {
        let declared = self.conditions.get(condition).ok_or_else(|| format!("there is no condition `{condition}`"))?;
        self.holds(declared)
    }

    fn holds(&self, condition: &Value) -> Result<bool, String> {
        let (function, argument) =
            condition.as_object().and_then(|fields| fields.iter().next()).ok_or("a condition is an object")?;
        let all = || items(argument).into_iter().map(|condition| self.holds(condition)).collect::<Result<Vec<_>, _>>();
        match function.as_str() {
            "Fn::Equals" => Ok(self.resolve(&argument[0])? == self.resolve(&argument[1])?),
            "Fn::Not" => Ok(!self.holds(&argument[0])?),
            "Fn::And" => Ok(all()?.into_iter().all(|holds| holds)),
            "Fn::Or" => Ok(all()?.into_iter().any(|holds| holds)),
            "Condition" => self.holds_by_name(argument.as_str().ok_or("`Condition` takes a name")?),
            other => Err(format!("`{other}` is not known here: teach the model or write it another way")),
        }
    }
}
