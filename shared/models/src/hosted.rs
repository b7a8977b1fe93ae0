//! A model of the price book on a provider: what is the same for all providers.
//!
//! Checks before anything is sent, the way from schema to answer, tries until the deadline, and the bill.

mod once;

use crate::book::{ImageLimits, ModelSpec, Price, StructuredOutput};
use crate::capability::{check_lifetime, check_request};
use crate::exchange::{Call, Exchange, FILTERED, Repair, Reply, Shape, Stop};
use crate::forecast;
use crate::retry::retrying;
use crate::{Answer, Class, MicroUsd, ModelError, ModelResult, Request, Schema, StopReason, TextModel, Usage};
use async_trait::async_trait;
use ports::Clock;
use serde_json::Value;
use std::sync::Arc;

/// A model of the book, on its provider. It has every port; the kind in the book says which of them it can be asked by.
pub struct Hosted {
    spec: Arc<ModelSpec>,
    exchange: Arc<dyn Exchange>,
    clock: Arc<dyn Clock>,
}

/// What one answer took so far.
struct Tab {
    deadline_ms: u64,
    started_ms: u64,
    usage: Usage,
    n_calls: u32,
    warnings: Vec<String>,
}

impl Hosted {
    pub(crate) fn new(spec: Arc<ModelSpec>, exchange: Arc<dyn Exchange>, clock: Arc<dyn Clock>) -> Self {
        Hosted { spec, exchange, clock }
    }

    async fn call(
        &self,
        request: &Request,
        shape: Shape,
        repair: Option<&Repair>,
        tab: &mut Tab,
    ) -> ModelResult<Reply> {
        let call = Call { spec: &self.spec, request, shape, repair };
        let (result, n_calls) =
            retrying(&*self.clock, &self.spec.id, tab.deadline_ms, || self.exchange.exchange(&call)).await;
        tab.n_calls = tab.n_calls.saturating_add(n_calls);
        let reply = result?;
        tab.usage = tab.usage.plus(reply.usage);
        match &reply.stop {
            Stop::Refused(reason) => {
                let class = Class::Blocked { reason: reason.clone() };
                let message = "the provider or the model would not answer";
                Err(ModelError::of(class, &self.spec.id, "refused", message).requested(reply.request_id))
            }
            Stop::Usable(_) | Stop::Malformed(_) => Ok(reply),
        }
    }

    /// Native schema, or strict tool, or words; then one repair; then an error that keeps the answer.
    async fn structured(&self, request: &Request, schema: &Schema, tab: &mut Tab) -> ModelResult<(Reply, Value)> {
        let mut shape = match self.spec.structured_output {
            StructuredOutput::Native => Shape::Native,
            StructuredOutput::Tool => Shape::Tool,
            StructuredOutput::None => Shape::Asked,
        };
        let mut first = self.call(request, shape, None, tab).await;
        if let Err(error) = &first
            && shape == Shape::Native
            && is_about_the_schema(error)
        {
            tab.warnings.push(format!("the schema was refused, so a strict tool was used: {}", error.message));
            shape = Shape::Tool;
            first = self.call(request, shape, None, tab).await;
        }
        let first = first?;
        let repair = match self.read(&first, schema)? {
            Ok(value) => return Ok((first, value)),
            Err(repair) => repair,
        };
        tab.warnings.push(format!("the answer was repaired once: {}", repair.errors.join("; ")));
        let second = self.call(request, shape, Some(&repair), tab).await?;
        match self.read(&second, schema)? {
            Ok(value) => Ok((second, value)),
            Err(Repair { raw, errors }) => {
                let message = format!("after one repair: {}", errors.join("; "));
                let class = Class::BadOutput { errors, raw };
                Err(ModelError::of(class, &self.spec.id, "schema_mismatch", message).requested(second.request_id))
            }
        }
    }

    /// Returns the answer's JSON, or what is wrong with it; an error where a repair could not help.
    fn read(&self, reply: &Reply, schema: &Schema) -> ModelResult<Result<Value, Repair>> {
        let raw = reply.tool_input.as_ref().map_or_else(|| reply.text.clone(), Value::to_string);
        if reply.stop == Stop::Usable(StopReason::MaxTokens) {
            let errors = vec!["the answer is cut off: raise `max_tokens`".to_owned()];
            let class = Class::BadOutput { errors, raw };
            let message = "the answer did not fit into `max_tokens`";
            return Err(ModelError::of(class, &self.spec.id, "max_tokens", message).requested(reply.request_id.clone()));
        }
        if let Stop::Malformed(why) = &reply.stop {
            return Ok(Err(Repair { raw, errors: vec![format!("the provider says `{why}`")] }));
        }
        let parsed = match &reply.tool_input {
            Some(value) => Ok(value.clone()),
            None => serde_json::from_str(unfenced(&reply.text)),
        };
        Ok(match parsed {
            Err(error) => Err(Repair { raw, errors: vec![format!("it is not JSON: {error}")] }),
            Ok(value) => match schema.errors(&value) {
                errors if errors.is_empty() => Ok(value),
                errors => Err(Repair { raw, errors }),
            },
        })
    }

    async fn answer(&self, request: &Request, tab: &mut Tab) -> ModelResult<Answer> {
        let (reply, json) = match &request.schema {
            Some(schema) => {
                let (reply, value) = self.structured(request, schema, tab).await?;
                (reply, Some(value))
            }
            None => (self.call(request, Shape::Plain, None, tab).await?, None),
        };
        let stop = match reply.stop {
            Stop::Usable(stop) => stop,
            Stop::Malformed(why) | Stop::Refused(why) => {
                let class = Class::BadOutput { errors: vec![why.clone()], raw: reply.text };
                return Err(ModelError::of(class, &self.spec.id, why, "the provider calls its own answer malformed")
                    .requested(reply.request_id));
            }
        };
        Ok(Answer {
            text: reply.text,
            json,
            stop,
            usage: tab.usage,
            cost: self.spec.cost(tab.usage),
            model_asked: self.spec.id.clone(),
            model_answered: reply.model.unwrap_or_else(|| self.spec.model.clone()),
            request_id: reply.request_id,
            latency_ms: self.clock.now_ms().saturating_sub(tab.started_ms),
            n_calls: tab.n_calls,
            warnings: std::mem::take(&mut tab.warnings),
            passed_over: Vec::new(),
        })
    }
}

#[async_trait]
impl TextModel for Hosted {
    fn id(&self) -> &str {
        &self.spec.id
    }

    fn check(&self, request: &Request) -> ModelResult<()> {
        check_lifetime(&self.spec, self.clock.now_ms())?;
        check_request(&self.spec, request)
    }

    fn forecast(&self, request: &Request) -> Option<MicroUsd> {
        forecast::of_request(&self.spec, request)
    }

    fn image_limits(&self) -> Option<ImageLimits> {
        self.spec.image
    }

    async fn generate(&self, request: &Request, deadline_ms: u64) -> ModelResult<Answer> {
        self.check(request)?;
        let started_ms = self.clock.now_ms();
        let warnings = check_lifetime(&self.spec, started_ms)?.into_iter().collect();
        let mut tab = Tab { deadline_ms, started_ms, usage: Usage::default(), n_calls: 0, warnings };
        if request.cache_system && !self.spec.prompt_cache && self.spec.price != Price::Free {
            tab.warnings.push(format!("model `{}` keeps no prompts: the system text is paid in full", self.spec.id));
        }
        let answered = self.answer(request, &mut tab).await;
        answered.map_err(|mut error| {
            (error.usage, error.n_calls) = (tab.usage, tab.n_calls);
            billed(&self.spec, error)
        })
    }
}

/// Adds what a failed call cost. What was sent and lost, or drawn and filtered, may be on the bill all the same, so
/// nobody knows.
fn billed(spec: &ModelSpec, mut error: Box<ModelError>) -> Box<ModelError> {
    let is_lost = error.n_calls > 0 && ["timeout", "protocol", FILTERED].contains(&error.code.as_str());
    error.cost = spec.cost(error.usage).filter(|_| !is_lost || spec.price == Price::Free);
    error
}

/// Tells a schema that the provider cannot compile from other mistakes: asking again by tool costs one refused call.
fn is_about_the_schema(error: &ModelError) -> bool {
    let message = error.message.to_lowercase();
    let words = ["schema", "outputconfig", "output_config", "textformat", "response_format", "grammar"];
    error.class == Class::Permanent && words.iter().any(|word| message.contains(word))
}

/// Returns the JSON out of a Markdown code block, which is how models without a grammar often write it.
fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else { return text };
    inner.strip_prefix("json").unwrap_or(inner).trim()
}
