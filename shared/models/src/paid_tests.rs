use super::*;
use crate::book::ImageLimits;
use crate::route::Route;
use crate::{EmbedInput, Part, Purpose, StopReason};
use async_trait::async_trait;
use ports::memory::{ManualClock, MemoryLedger};
use ports::{LedgerEntry, LedgerPage, LedgerQuery};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// 2026-11-23, a little before midnight in UTC.
const NOW_MS: u64 = 1_795_478_390_000;

/// Answers, or fails, after a moment, for a price.
struct Scripted {
    id: &'static str,
    forecast: Option<MicroUsd>,
    cost: Option<MicroUsd>,
    error: Option<(Class, &'static str)>,
    limits: Option<ImageLimits>,
    n_calls: AtomicU32,
}

fn model(forecast: u64, cost: u64) -> Scripted {
    let (forecast, cost) = (Some(MicroUsd(forecast)), Some(MicroUsd(cost)));
    Scripted { id: "m", forecast, cost, error: None, limits: None, n_calls: AtomicU32::new(0) }
}

const USAGE: Usage = Usage { input: 10, output: 2, cache_read: 0, cache_write: 0 };

impl Scripted {
    async fn call(&self) -> ModelResult<()> {
        self.n_calls.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let Some((class, code)) = self.error.clone() else { return Ok(()) };
        let mut error = ModelError::of(class, self.id, code, "it failed");
        (error.usage, error.cost, error.n_calls) = (USAGE, self.cost, 1);
        Err(error)
    }

    fn n_calls(&self) -> u32 {
        self.n_calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl TextModel for Scripted {
    fn id(&self) -> &str {
        self.id
    }

    fn check(&self, request: &Request) -> ModelResult<()> {
        if request.messages.is_empty() {
            return Err(ModelError::of(Class::Permanent, self.id, "malformed_request", "there is no message"));
        }
        Ok(())
    }

    fn forecast(&self, _: &Request) -> Option<MicroUsd> {
        self.forecast
    }

    fn image_limits(&self) -> Option<ImageLimits> {
        self.limits
    }

    async fn generate(&self, _: &Request, _: u64) -> ModelResult<Answer> {
        self.call().await?;
        Ok(Answer {
            text: "hello".to_owned(),
            json: None,
            stop: StopReason::Done,
            usage: USAGE,
            cost: self.cost,
            model_asked: self.id.to_owned(),
            model_answered: format!("{}-1", self.id),
            request_id: None,
            latency_ms: 0,
            n_calls: 1,
            warnings: Vec::new(),
            passed_over: Vec::new(),
        })
    }
}

#[async_trait]
impl Embedder for Scripted {
    fn id(&self) -> &str {
        self.id
    }

    fn check(&self, _: &EmbedRequest) -> ModelResult<()> {
        Ok(())
    }

    fn forecast(&self, _: &EmbedRequest) -> Option<MicroUsd> {
        self.forecast
    }

    async fn embed(&self, _: &EmbedRequest, _: u64) -> ModelResult<Embedding> {
        self.call().await?;
        Ok(Embedding {
            vector: vec![1.0],
            usage: USAGE,
            cost: self.cost,
            model_asked: self.id.to_owned(),
            model_answered: self.id.to_owned(),
            request_id: None,
            latency_ms: 0,
            n_calls: 1,
            passed_over: Vec::new(),
        })
    }
}

struct World {
    ledger: Arc<MemoryLedger>,
    till: Till,
}

fn world(caps: Caps) -> World {
    let ledger = Arc::new(MemoryLedger::default());
    let till = Till::new(ledger.clone(), caps, Arc::new(ManualClock::advancing(NOW_MS)));
    World { ledger, till }
}

impl World {
    async fn ask(&self, work: &Work, model: &Scripted) -> ModelResult<Answer> {
        self.till.generate(work, model, &request(), u64::MAX).await
    }

    async fn entries(&self) -> Vec<LedgerEntry> {
        let day = || "2026-11-23".to_owned();
        let query = LedgerQuery { from_day: day(), to_day: day(), ..LedgerQuery::default() };
        self.ledger.entries(&query).await.expect("lists").entries
    }
}

fn day_cap(micros: u64) -> Caps {
    Caps { day: Some(MicroUsd(micros)), ..Caps::default() }
}

fn work(id: &str) -> Work {
    let text = str::to_owned;
    Work { id: text(id), asset: text("hero"), collection: text("products"), capability: text("caption"), batch: None }
}

fn request() -> Request {
    Request::of("", vec![Part::Text("hello".into())])
}

#[tokio::test]
async fn an_answer_is_in_the_ledger_with_what_it_cost() {
    let world = world(Caps::default());
    world.ask(&work("t.1/a"), &model(100, 40)).await.expect("answers");
    let entries = world.entries().await;
    let [LedgerEntry { reservation, actual: Some(actual) }] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((reservation.id.as_str(), reservation.forecast, reservation.at_ms), ("t.1/a", MicroUsd(100), NOW_MS));
    assert_eq!((reservation.collection.as_str(), reservation.model.as_str()), ("products", "m"));
    assert_eq!((actual.cost, actual.usage, actual.ok), (Some(MicroUsd(40)), USAGE, true));
    assert_eq!(actual.model_answered.as_deref(), Some("m-1"));
}

#[tokio::test]
async fn ten_duplicates_at_once_are_one_call_and_one_charge() {
    let (world, model) = (world(day_cap(150)), model(100, 40));
    let work = work("t.1/a");
    let results = futures_of(10, || world.ask(&work, &model)).await;
    let (answers, errors): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((answers.len(), errors.len(), model.n_calls()), (1, 9, 1));
    for error in errors.into_iter().filter_map(Result::err) {
        assert_eq!((error.code.as_str(), error.retry_after()), ("under_way", Some(UNDER_WAY)), "{error}");
    }
    let entries = world.entries().await;
    assert_eq!(entries.iter().map(|entry| entry.counted().0).collect::<Vec<_>>(), [40]);
}

/// Drives calls together, in one task.
async fn futures_of<T, F: Future<Output = T>>(n_calls: usize, call: impl Fn() -> F) -> Vec<T> {
    let mut calls: Vec<_> = (0..n_calls).map(|_| Box::pin(call())).collect();
    let mut results: Vec<Option<T>> = (0..n_calls).map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (call, result) in calls.iter_mut().zip(&mut results).filter(|(_, result)| result.is_none()) {
            if let std::task::Poll::Ready(value) = call.as_mut().poll(context) {
                *result = Some(value);
            }
        }
        let is_done = results.iter().all(Option::is_some);
        if is_done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    results.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_full_cap_refuses_before_the_model_is_asked_and_says_the_way_out() {
    let (world, model) = (world(day_cap(150)), model(100, 90));
    world.ask(&work("1"), &model).await.expect("there is room");
    let error = world.ask(&work("2"), &model).await.expect_err("there is none");
    let [limit, used, forecast] = [150, 90, 100].map(MicroUsd);
    assert_eq!(error.class, Class::Budget(Budget::CapFull { scope: "day".into(), limit, used, forecast }));
    assert_eq!(
        error.to_string(),
        "model `m`: there is no money for it (`cap_full`): the cap `day` is $0.000150, $0.000090 of it are used, and \
         this may cost $0.000100: raise `day` in `[caps]` of `models.toml`, or wait for the next day in UTC"
    );
    assert_eq!((model.n_calls(), world.entries().await.len()), (1, 1));
    assert!(!error.is_worth_another_model() && error.retry_after().is_none());
}

#[tokio::test]
async fn collections_and_batches_have_caps_of_their_own() {
    let collection = [("products".to_owned(), MicroUsd(99))].into();
    let world = world(Caps { day: None, collection });
    let error = world.ask(&work("1"), &model(100, 1)).await.expect_err("more than a whole day has");
    assert!(error.message.ends_with("raise `products` in `[caps.collection]` of `models.toml`"), "{error}");
    let elsewhere = Work { collection: "heroes".into(), ..work("2") };
    world.ask(&elsewhere, &model(100, 1)).await.expect("another collection has no cap");
    let batch = Some(Batch { id: "b1".into(), limit: MicroUsd(120) });
    let first = Work { batch: batch.clone(), id: "3".into(), ..elsewhere.clone() };
    world.ask(&first, &model(100, 70)).await.expect("the batch has room");
    let second = Work { id: "4".into(), ..first };
    let error = world.ask(&second, &model(100, 70)).await.expect_err("the batch has none");
    assert!(matches!(&error.class, Class::Budget(Budget::CapFull { scope, .. }) if scope == "batch/b1"), "{error}");
    assert!(error.message.ends_with("raise the limit of the batch"), "{error}");
}

#[tokio::test]
async fn without_a_price_nothing_is_asked() {
    let (world, unpriced) = (world(Caps::default()), Scripted { forecast: None, ..model(0, 0) });
    let error = world.ask(&work("1"), &unpriced).await.expect_err("no price");
    assert_eq!(error.class, Class::Budget(Budget::NoPrice));
    assert!(error.message.contains("add `price` to it in `models.toml`"), "{error}");
    assert_eq!((unpriced.n_calls(), world.entries().await.len()), (0, 0));
    let wrong = world.till.generate(&work("1"), &model(1, 1), &Request::default(), u64::MAX).await;
    assert_eq!(wrong.expect_err("malformed").code, "malformed_request");
    assert_eq!(world.entries().await.len(), 0, "what cannot be asked reserves nothing");
}

#[tokio::test]
async fn failed_calls_cost_what_they_cost_and_lost_ones_what_they_may() {
    let world = world(Caps::default());
    let bad = Class::BadOutput { errors: vec!["no".into()], raw: "x".into() };
    let failing = Scripted { error: Some((bad, "schema_mismatch")), ..model(100, 30) };
    world.ask(&work("1"), &failing).await.expect_err("fails");
    let lost = Some((Class::Retry { after: Duration::ZERO }, "timeout"));
    let lost = Scripted { error: lost, cost: None, ..model(100, 0) };
    world.ask(&work("2"), &lost).await.expect_err("fails");
    let entries = world.entries().await;
    let seen: Vec<_> = entries
        .iter()
        .map(|entry| (entry.counted().0, entry.actual.as_ref().map(|actual| (actual.cost, actual.ok))))
        .collect();
    assert_eq!(seen, [(30, Some((Some(MicroUsd(30)), false))), (100, Some((None, false)))]);
}

#[tokio::test]
async fn a_route_forecasts_its_dearest_model_and_counts_those_that_it_passed_over() {
    let world = world(Caps::default());
    let bad = || Some((Class::BadOutput { errors: Vec::new(), raw: String::new() }, "schema_mismatch"));
    let limits = |long_edge, bytes, count| Some(ImageLimits { long_edge, bytes, count });
    let first = Scripted { id: "first", error: bad(), limits: limits(1568, 100, 1), ..model(100, 30) };
    let second = Scripted { id: "second", limits: limits(1000, 500, 20), ..model(300, 50) };
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(NOW_MS));
    let route = |models: Vec<Arc<dyn TextModel>>| Route::new("r", models, Arc::default(), clock.clone());
    let both = route(vec![Arc::new(first), Arc::new(second)]);
    let port: &dyn TextModel = &both;
    assert_eq!((port.forecast(&request()), port.image_limits()), (Some(MicroUsd(300)), limits(1000, 100, 1)));
    world.till.generate(&work("1"), &both, &request(), u64::MAX).await.expect("the second answers");

    let [third, fourth] = ["third", "fourth"].map(|id| Scripted { id, error: bad(), ..model(100, 30) });
    let failing = route(vec![Arc::new(third), Arc::new(fourth)]);
    assert_eq!(failing.image_limits(), None);
    world.till.generate(&work("2"), &failing, &request(), u64::MAX).await.expect_err("nobody answers");
    let entries = world.entries().await;
    let usage = USAGE.plus(USAGE);
    let seen: Vec<_> = entries.iter().map(|e| (e.counted().0, e.actual.as_ref().map(|actual| actual.usage))).collect();
    assert_eq!(seen, [(80, Some(usage)), (60, Some(usage))], "each failed call once");

    let unpriced = Scripted { id: "unpriced", forecast: None, ..model(0, 0) };
    let mixed = route(vec![Arc::new(model(100, 1)), Arc::new(unpriced)]);
    let mixed: &dyn TextModel = &mixed;
    assert_eq!(mixed.forecast(&request()), None, "it may be asked, and nobody knows what it costs");
}

#[tokio::test]
async fn embeddings_are_counted_too() {
    let world = world(day_cap(150));
    let request = EmbedRequest { input: EmbedInput::Text("x".into()), purpose: Purpose::Index, dimensions: None };
    let model = model(100, 60);
    world.till.embed(&work("1"), &model, &request, u64::MAX).await.expect("answers");
    let again = world.till.embed(&work("1"), &model, &request, u64::MAX).await.expect_err("reserved");
    assert_eq!(again.code, "under_way");
    let error = world.till.embed(&work("2"), &model, &request, u64::MAX).await.expect_err("full");
    assert!(matches!(error.class, Class::Budget(Budget::CapFull { used: MicroUsd(60), .. })), "{error}");
    assert_eq!(model.n_calls(), 1);
}

/// A ledger that fails at some settlements, or at every reservation.
#[derive(Default)]
struct Failing {
    inner: MemoryLedger,
    settlements: Mutex<Vec<Kind>>,
    reservations: Option<Kind>,
}

#[async_trait]
impl Ledger for Failing {
    async fn reserve(&self, reservation: &Reservation, caps: &[Cap]) -> Result<Reserved, PortError> {
        match self.reservations {
            Some(kind) => Err(PortError::new(kind, "reserve", &reservation.id)),
            None => self.inner.reserve(reservation, caps).await,
        }
    }

    async fn settle(&self, id: &str, actual: &Actual) -> Result<(), PortError> {
        let next = self.settlements.lock().expect("no panic").pop();
        match next {
            Some(kind) => Err(PortError::new(kind, "settle", id)),
            None => self.inner.settle(id, actual).await,
        }
    }

    async fn entries(&self, query: &LedgerQuery) -> Result<LedgerPage, PortError> {
        self.inner.entries(query).await
    }
}

#[tokio::test]
async fn what_was_paid_for_is_handed_out_also_when_the_ledger_fails() {
    const LATER: Kind = Kind::Retry(Duration::from_millis(5));
    for (failures, n_warnings, counted) in
        [(vec![LATER; 2], 0, 40), (vec![LATER; 3], 1, 100), (vec![Kind::Fatal], 1, 100)]
    {
        let ledger = Arc::new(Failing { settlements: Mutex::new(failures), ..Failing::default() });
        let till = Till::new(ledger.clone(), Caps::default(), Arc::new(ManualClock::advancing(NOW_MS)));
        let answer = till.generate(&work("1"), &model(100, 40), &request(), u64::MAX).await.expect("answers");
        assert_eq!(answer.warnings.len(), n_warnings, "{:?}", answer.warnings);
        let day = || "2026-11-23".to_owned();
        let query = LedgerQuery { from_day: day(), to_day: day(), ..LedgerQuery::default() };
        let entries = ledger.entries(&query).await.expect("lists").entries;
        assert_eq!(entries.iter().map(|entry| entry.counted().0).collect::<Vec<_>>(), [counted]);
    }
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_spent() {
    let cases = [(Kind::Retry(Duration::from_secs(7)), Some(Duration::from_secs(7))), (Kind::Fatal, None)];
    for (kind, after) in cases {
        let ledger = Arc::new(Failing { reservations: Some(kind), ..Failing::default() });
        let till = Till::new(ledger, Caps::default(), Arc::new(ManualClock::advancing(NOW_MS)));
        let model = model(100, 40);
        let error = till.generate(&work("1"), &model, &request(), u64::MAX).await.expect_err("no ledger");
        assert_eq!((error.code.as_str(), error.retry_after(), model.n_calls()), ("ledger", after, 0));
    }
}
