//! A route: an ordered list of models of which the first that can answer does.

use crate::ask::{Answered, Ask, Question, smallest, speaks};
use crate::book::ImageLimits;
use crate::breaker::{Admission, Breaker};
use crate::{
    Class, EmbedRequest, Embedder, Guard, GuardRequest, ImageModel, ImageRequest, MicroUsd, ModelError, ModelResult,
    PassedOver, Request, TextModel, TranscribeRequest, Transcriber,
};
use async_trait::async_trait;
use ports::Clock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The circuit breakers of a process, one per model, shared by all routes.
#[derive(Default)]
pub struct Breakers {
    of: Mutex<HashMap<String, Breaker>>,
}

impl Breakers {
    fn with<T>(&self, model: &str, change: impl FnOnce(&mut Breaker) -> T) -> T {
        // A breaker is whole between any two of its statements, so a panic elsewhere spoils nothing.
        let mut breakers = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        change(breakers.entry(model.to_owned()).or_default())
    }

    /// Says how it went. What shows that the model is there closes the breaker, also an answer that is of no use.
    fn report(&self, model: &str, now_ms: u64, error: Option<&ModelError>) {
        self.with(model, |breaker| match error {
            Some(error) if error.n_calls == 0 => breaker.abandoned(),
            Some(error) if error.is_outage() => breaker.failed(now_ms),
            _ => breaker.succeeded(),
        });
    }
}

/// Models in the order in which they are asked.
///
/// Points of two embedders are not comparable, so a route of them has more than one model only where these are the same
/// model at two providers; the caller keeps `model_asked` beside every point.
pub struct Route<P: ?Sized> {
    name: String,
    candidates: Vec<Arc<P>>,
    breakers: Arc<Breakers>,
    clock: Arc<dyn Clock>,
}

impl<P: ?Sized> Route<P> {
    pub fn new(
        name: impl Into<String>,
        candidates: Vec<Arc<P>>,
        breakers: Arc<Breakers>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Route { name: name.into(), candidates, breakers, clock }
    }
}

#[async_trait]
impl<P: Ask<Q> + ?Sized, Q: Question> Ask<Q> for Route<P> {
    fn id(&self) -> &str {
        &self.name
    }

    /// A route can be asked what one of its models can be asked.
    fn check(&self, question: &Q) -> ModelResult<()> {
        let mut first = None;
        for candidate in &self.candidates {
            match candidate.check(question) {
                Ok(()) => return Ok(()),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or_else(|| empty(&self.name)))
    }

    /// That of the dearest model that can be asked this; nothing where one of them has no price.
    fn forecast(&self, question: &Q) -> Option<MicroUsd> {
        let able = self.candidates.iter().filter(|candidate| candidate.check(question).is_ok());
        dearest(able.map(|candidate| candidate.forecast(question)))
    }

    async fn ask(&self, question: &Q, deadline_ms: u64) -> ModelResult<Q::Answer> {
        let mut walk = Walk::new(&self.name);
        for candidate in &self.candidates {
            let id = candidate.id();
            if !walk.may_ask(id, candidate.check(question), &self.breakers, &*self.clock) {
                continue;
            }
            let result = candidate.ask(question, deadline_ms).await;
            self.breakers.report(id, self.clock.now_ms(), result.as_ref().err().map(|error| &**error));
            match result {
                Ok(mut answer) => {
                    *answer.passed_over_mut() = walk.passed_over;
                    return Ok(answer);
                }
                Err(error) => walk.failed(id, error)?,
            }
        }
        Err(walk.end())
    }
}

speaks!(Route<dyn TextModel>: TextModel, generate, Request, {
    fn image_limits(&self) -> Option<ImageLimits> {
        smallest(self.candidates.iter().filter_map(|candidate| candidate.image_limits()))
    }
};);
speaks!(Route<dyn Embedder>: Embedder, embed, EmbedRequest;);
speaks!(Route<dyn ImageModel>: ImageModel, draw, ImageRequest;);
speaks!(Route<dyn Guard>: Guard, assess, GuardRequest;);
speaks!(Route<dyn Transcriber>: Transcriber, transcribe, TranscribeRequest;);

fn dearest(mut forecasts: impl Iterator<Item = Option<MicroUsd>>) -> Option<MicroUsd> {
    let first = forecasts.next()??;
    forecasts.try_fold(first, |dearest, forecast| Some(dearest.max(forecast?)))
}

fn empty(route: &str) -> Box<ModelError> {
    ModelError::of(Class::Unavailable, route, "no_model", "the route has no model")
}

/// One walk along a route: who was passed over and why, and the soonest time at which another walk may help.
struct Walk<'a> {
    route: &'a str,
    passed_over: Vec<PassedOver>,
    soonest: Option<Duration>,
    last: Option<Box<ModelError>>,
}

impl<'a> Walk<'a> {
    fn new(route: &'a str) -> Self {
        Walk { route, passed_over: Vec::new(), soonest: None, last: None }
    }

    fn may_ask(&mut self, id: &str, check: ModelResult<()>, breakers: &Breakers, clock: &dyn Clock) -> bool {
        if let Err(error) = check {
            self.pass(id, error);
            return false;
        }
        let now_ms = clock.now_ms();
        let Admission::Wait { until_ms } = breakers.with(id, |breaker| breaker.admit(now_ms)) else { return true };
        let after = Duration::from_millis(until_ms.saturating_sub(now_ms));
        let message = format!("it failed too often and is left alone for {} s", after.as_secs());
        self.pass(id, ModelError::of(Class::Retry { after }, id, "breaker_open", message));
        false
    }

    /// Goes on, or ends the walk where another model would not help.
    fn failed(&mut self, id: &str, mut error: Box<ModelError>) -> ModelResult<()> {
        if !error.is_worth_another_model() {
            error.passed_over = std::mem::take(&mut self.passed_over);
            return Err(error);
        }
        self.pass(id, error);
        Ok(())
    }

    fn pass(&mut self, id: &str, error: Box<ModelError>) {
        let why = format!("{}: {}", error.code, error.message);
        tracing::info!(route = self.route, model = id, why, "model is passed over");
        let ModelError { usage, cost, n_calls, .. } = *error;
        self.passed_over.push(PassedOver { model: id.to_owned(), why, usage, cost, n_calls });
        if let Some(after) = error.retry_after() {
            self.soonest = Some(self.soonest.map_or(after, |soonest| soonest.min(after)));
        }
        self.last = Some(error);
    }

    /// Nobody answered. Where time may help, that is what the caller is told, whatever the last model said.
    fn end(mut self) -> Box<ModelError> {
        let Some(mut error) = self.last.take() else { return empty(self.route) };
        if let Some(after) = self.soonest
            && error.retry_after() != Some(after)
        {
            let message = format!("no model of the route answered; the last said: {}", error.message);
            let later = ModelError::of(Class::Retry { after }, self.route, "route_exhausted", message);
            error = later.because(error);
        } else {
            // Its own part is in the error itself: nothing is counted twice.
            self.passed_over.pop();
        }
        error.passed_over = self.passed_over;
        error
    }
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
