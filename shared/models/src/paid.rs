//! The till: no model is asked for money before the ledger has room for it, and what it cost is written down.

use crate::ask::{Answered, Ask, Bill, Question};
use crate::book::Caps;
use crate::capability::day_of;
use crate::{
    Answer, Assessment, Budget, Class, EmbedRequest, Embedder, Embedding, Guard, GuardRequest, ImageModel,
    ImageRequest, MicroUsd, ModelError, ModelResult, PassedOver, Pictures, Request, TextModel, TranscribeRequest,
    Transcriber, Transcript, Usage,
};
use ports::{Actual, Cap, Clock, Kind, Ledger, PortError, Reservation, Reserved};
use std::sync::Arc;
use std::time::Duration;

/// When to ask again for what somebody else has under way.
const UNDER_WAY: Duration = Duration::from_secs(30);

/// How often a settlement is tried, and the longest pause between: the answer is there and waits for it.
const SETTLE_ROUNDS: u32 = 3;
const SETTLE_PAUSE: Duration = Duration::from_secs(2);

/// What a paid call is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Of its own for every call that may be paid: a delivery that comes again after a crash needs another one than the
    /// first, for example `TASK.ATTEMPT/DELIVERY`.
    pub id: String,
    pub asset: String,
    pub collection: String,
    pub capability: String,
    pub batch: Option<Batch>,
}

/// A batch of work with a limit of its own, however many days it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub id: String,
    pub limit: MicroUsd,
}

/// Asks models, and counts.
///
/// The most that a call can cost is reserved before, under every cap that is meant; what it cost takes that place
/// after, also if it failed. Who dies in between leaves the reservation, which goes on counting.
pub struct Till {
    ledger: Arc<dyn Ledger>,
    caps: Caps,
    clock: Arc<dyn Clock>,
}

impl Till {
    pub fn new(ledger: Arc<dyn Ledger>, caps: Caps, clock: Arc<dyn Clock>) -> Self {
        Till { ledger, caps, clock }
    }

    /// Asks a model or a route, if there is money for it.
    ///
    /// [`Class::Budget`] says why there is none. [`Class::Retry`] with the code `under_way` says that the id of the work
    /// was reserved before. The other verbs are the same for the other ports.
    pub async fn generate(
        &self,
        work: &Work,
        model: &dyn TextModel,
        request: &Request,
        deadline_ms: u64,
    ) -> ModelResult<Answer> {
        self.ask(work, model, request, deadline_ms).await
    }

    pub async fn embed(
        &self,
        work: &Work,
        model: &dyn Embedder,
        request: &EmbedRequest,
        deadline_ms: u64,
    ) -> ModelResult<Embedding> {
        self.ask(work, model, request, deadline_ms).await
    }

    pub async fn draw(
        &self,
        work: &Work,
        model: &dyn ImageModel,
        request: &ImageRequest,
        deadline_ms: u64,
    ) -> ModelResult<Pictures> {
        self.ask(work, model, request, deadline_ms).await
    }

    pub async fn assess(
        &self,
        work: &Work,
        guard: &dyn Guard,
        request: &GuardRequest,
        deadline_ms: u64,
    ) -> ModelResult<Assessment> {
        self.ask(work, guard, request, deadline_ms).await
    }

    pub async fn transcribe(
        &self,
        work: &Work,
        model: &dyn Transcriber,
        request: &TranscribeRequest,
        deadline_ms: u64,
    ) -> ModelResult<Transcript> {
        self.ask(work, model, request, deadline_ms).await
    }

    async fn ask<Q: Question, P: Ask<Q> + ?Sized>(
        &self,
        work: &Work,
        model: &P,
        question: &Q,
        deadline_ms: u64,
    ) -> ModelResult<Q::Answer> {
        model.check(question)?;
        self.reserve(work, model.id(), model.forecast(question)).await?;
        let mut result = model.ask(question, deadline_ms).await;
        let actual = match &result {
            Ok(answer) => self.paid(answer.bill()),
            Err(error) => self.failed(error),
        };
        let warning = self.settle(work, &actual).await;
        if let (Ok(answer), Some(warning)) = (&mut result, warning) {
            answer.warn(warning);
        }
        result
    }

    async fn reserve(&self, work: &Work, model: &str, forecast: Option<MicroUsd>) -> ModelResult<()> {
        let Some(forecast) = forecast else { return Err(no_price(model)) };
        let at_ms = self.clock.now_ms();
        let reservation = Reservation {
            id: work.id.clone(),
            at_ms,
            day: day_of(at_ms).to_string(),
            asset: work.asset.clone(),
            collection: work.collection.clone(),
            capability: work.capability.clone(),
            model: model.to_owned(),
            forecast,
        };
        match self.ledger.reserve(&reservation, &self.caps_of(work)).await {
            Ok(Reserved::Taken) => Ok(()),
            Ok(Reserved::AlreadyReserved) => Err(under_way(model, &work.id)),
            Ok(Reserved::CapFull { scope, limit, used, forecast }) => {
                Err(cap_full(model, scope, limit, used, forecast))
            }
            Err(error) => Err(no_ledger(model, error)),
        }
    }

    /// Every scope is counted, with a limit or without: a cap that is set later knows what was spent before.
    fn caps_of(&self, work: &Work) -> Vec<Cap> {
        let limit = |limit: Option<MicroUsd>| limit.unwrap_or(Cap::COUNT_ONLY);
        let in_collection = self.caps.collection.get(&work.collection).copied();
        let mut caps = vec![
            Cap { scope: "day".to_owned(), limit: limit(self.caps.day) },
            Cap { scope: format!("collection/{}", work.collection), limit: limit(in_collection) },
        ];
        caps.extend(work.batch.iter().map(|batch| Cap { scope: format!("batch/{}", batch.id), limit: batch.limit }));
        caps
    }

    fn paid(&self, bill: Bill<'_>) -> Actual {
        let Bill { usage, cost, model_answered, passed_over } = bill;
        self.actual(usage, cost, passed_over, Some(model_answered.to_owned()))
    }

    fn failed(&self, error: &ModelError) -> Actual {
        self.actual(error.usage, known(error.cost, error.n_calls), &error.passed_over, None)
    }

    fn actual(&self, usage: Usage, cost: Option<MicroUsd>, passed: &[PassedOver], answered: Option<String>) -> Actual {
        Actual {
            cost: passed.iter().fold(cost, |sum, passed| Some(sum?.plus(known(passed.cost, passed.n_calls)?))),
            usage: passed.iter().fold(usage, |sum, passed| sum.plus(passed.usage)),
            ok: answered.is_some(),
            model_answered: answered,
            at_ms: self.clock.now_ms(),
        }
    }

    /// Returns a warning where it did not work: what was paid for is handed out all the same, and the forecast goes on
    /// counting.
    async fn settle(&self, work: &Work, actual: &Actual) -> Option<String> {
        let mut round = 1;
        loop {
            let error = self.ledger.settle(&work.id, actual).await.err()?;
            match error.kind {
                Kind::Retry(after) if round < SETTLE_ROUNDS => self.clock.sleep(after.min(SETTLE_PAUSE)).await,
                _ => {
                    tracing::error!(work.id, ?actual, %error, "a paid call was not settled");
                    return Some(format!("the ledger counts the forecast of this call, not its cost: {error}"));
                }
            }
            round += 1;
        }
    }
}

/// What was never sent costs nothing; what was sent and has no cost, nobody knows.
fn known(cost: Option<MicroUsd>, n_calls: u32) -> Option<MicroUsd> {
    cost.or((n_calls == 0).then_some(MicroUsd(0)))
}

fn no_price(model: &str) -> Box<ModelError> {
    let message = "nobody knows what it may cost: add `price` to it in `models.toml`, and to every model of its route, \
                   or take those without one off the route";
    ModelError::of(Class::Budget(Budget::NoPrice), model, "no_price", message)
}

fn cap_full(model: &str, scope: String, limit: MicroUsd, used: MicroUsd, forecast: MicroUsd) -> Box<ModelError> {
    let setting = match scope.split_once('/') {
        None => format!("`{scope}` in `[caps]` of `models.toml`"),
        Some(("batch", _)) => "the limit of the batch".to_owned(),
        Some((kind, name)) => format!("`{name}` in `[caps.{kind}]` of `models.toml`"),
    };
    let is_dated = !scope.starts_with("batch/");
    let or_wait = if is_dated && forecast <= limit { ", or wait for the next day in UTC" } else { "" };
    let message = format!(
        "the cap `{scope}` is {limit}, {used} of it are used, and this may cost {forecast}: raise {setting}{or_wait}"
    );
    let class = Class::Budget(Budget::CapFull { scope, limit, used, forecast });
    ModelError::of(class, model, "cap_full", message)
}

fn under_way(model: &str, id: &str) -> Box<ModelError> {
    let message = format!("`{id}` was reserved before, so somebody else has it under way, had it, or died with it");
    ModelError::of(Class::Retry { after: UNDER_WAY }, model, "under_way", message)
}

fn no_ledger(model: &str, error: PortError) -> Box<ModelError> {
    let class = match error.kind {
        Kind::Retry(after) => Class::Retry { after },
        _ => Class::Permanent,
    };
    ModelError::of(class, model, "ledger", "nothing is spent that cannot be written down").because(error)
}

#[cfg(test)]
#[path = "paid_tests.rs"]
mod tests;
