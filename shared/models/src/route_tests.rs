use super::*;
use crate::{Answer, MicroUsd, Part, StopReason, Usage};
use ports::memory::ManualClock;

/// Answers what it is told to, one after the other; then it succeeds.
struct Scripted {
    id: &'static str,
    can: bool,
    /// How many calls an error says that it took.
    n_sent: u32,
    errors: Mutex<Vec<Class>>,
    n_calls: Mutex<u32>,
}

fn model(id: &'static str, errors: &[Class]) -> Arc<Scripted> {
    let errors = Mutex::new(errors.iter().rev().cloned().collect());
    Arc::new(Scripted { id, can: true, n_sent: 1, errors, n_calls: Mutex::new(0) })
}

#[async_trait]
impl TextModel for Scripted {
    fn id(&self) -> &str {
        self.id
    }

    fn check(&self, _: &Request) -> ModelResult<()> {
        if self.can { Ok(()) } else { Err(ModelError::of(Class::Unavailable, self.id, "no_pictures", "it takes none")) }
    }

    async fn generate(&self, _: &Request, _: u64) -> ModelResult<Answer> {
        *self.n_calls.lock().expect("not poisoned") += 1;
        if let Some(class) = self.errors.lock().expect("not poisoned").pop() {
            let mut error = ModelError::of(class, self.id, "down", "it is down");
            (error.cost, error.n_calls) = (Some(MicroUsd(3)), self.n_sent);
            return Err(error);
        }
        Ok(Answer {
            text: self.id.to_owned(),
            json: None,
            stop: StopReason::Done,
            usage: Usage::default(),
            cost: None,
            model_asked: self.id.to_owned(),
            model_answered: self.id.to_owned(),
            request_id: None,
            latency_ms: 0,
            n_calls: 1,
            warnings: Vec::new(),
            passed_over: Vec::new(),
        })
    }
}

const SECOND: Duration = Duration::from_secs(1);
const RETRY: Class = Class::Retry { after: SECOND };

fn route(clock: &Arc<ManualClock>, candidates: &[Arc<Scripted>]) -> Route<dyn TextModel> {
    let candidates = candidates.iter().map(|model| model.clone() as Arc<dyn TextModel>).collect();
    Route::new("route", candidates, Arc::default(), clock.clone())
}

fn ask() -> Request {
    Request::of("", vec![Part::Text("hello".into())])
}

#[tokio::test]
async fn the_answer_says_who_did_not_answer_and_why() {
    let clock = Arc::new(ManualClock::new(0));
    let blind = Arc::new(Scripted { can: false, ..Arc::into_inner(model("blind", &[])).expect("one owner") });
    let route = route(&clock, &[blind.clone(), model("down", &[RETRY]), model("up", &[])]);
    let answer = route.generate(&ask(), 1000).await.expect("the last one answers");
    assert_eq!(answer.text, "up");
    let passed: Vec<_> = answer.passed_over.iter().map(|p| (p.model.as_str(), p.why.as_str(), p.cost)).collect();
    let expected = [("blind", "no_pictures: it takes none", None), ("down", "down: it is down", Some(MicroUsd(3)))];
    assert_eq!(passed, expected);
    assert_eq!(*blind.n_calls.lock().expect("not poisoned"), 0);
}

#[tokio::test]
async fn where_another_model_would_not_help_nobody_else_is_asked() {
    for class in [Class::Permanent, Class::Blocked { reason: "guardrail".into() }] {
        let clock = Arc::new(ManualClock::new(0));
        let second = model("second", &[]);
        let route = route(&clock, &[model("first", std::slice::from_ref(&class)), second.clone()]);
        let error = route.generate(&ask(), 1000).await.expect_err("it ends here");
        assert_eq!((error.class, *second.n_calls.lock().expect("not poisoned")), (class, 0));
    }
}

#[tokio::test]
async fn a_model_that_is_down_is_left_alone_and_comes_back_by_itself() {
    let clock = Arc::new(ManualClock::new(1_000_000));
    let (first, second) = (model("first", &[RETRY, RETRY, RETRY, RETRY, RETRY]), model("second", &[]));
    let route = route(&clock, &[first.clone(), second]);
    let calls = || *first.n_calls.lock().expect("not poisoned");
    for n_calls in 1..=5 {
        assert_eq!(route.generate(&ask(), 1000).await.expect("the second").text, "second");
        assert_eq!(calls(), n_calls);
    }
    let answer = route.generate(&ask(), 1000).await.expect("the second");
    assert_eq!((calls(), answer.text.as_str()), (5, "second"));
    assert_eq!(answer.passed_over[0].why, "breaker_open: it failed too often and is left alone for 60 s");
    clock.advance(Duration::from_secs(60));
    assert_eq!(route.generate(&ask(), 1000).await.expect("the probe").text, "first");
    assert_eq!(route.generate(&ask(), 1000).await.expect("closed again").text, "first");
}

#[tokio::test]
async fn a_caller_without_time_does_not_open_the_breaker() {
    let clock = Arc::new(ManualClock::new(0));
    let hurried = model("m", &vec![RETRY; 6]);
    let hurried = Arc::new(Scripted { n_sent: 0, ..Arc::into_inner(hurried).expect("one owner") });
    let route = route(&clock, std::slice::from_ref(&hurried));
    for _ in 0..6 {
        assert_eq!(route.generate(&ask(), 1000).await.expect_err("no time").code, "down");
    }
    assert_eq!(route.generate(&ask(), 1000).await.expect("it was never down").text, "m");
}

#[tokio::test]
async fn when_nobody_answers_the_caller_is_told_the_soonest_time() {
    let clock = Arc::new(ManualClock::new(0));
    let slow = Class::Throttled { after: 9 * SECOND };
    let bad = Class::BadOutput { errors: vec!["no".into()], raw: "x".into() };
    let route = route(&clock, &[model("a", &[slow]), model("b", &[RETRY]), model("c", &[bad])]);
    let error = route.generate(&ask(), 1000).await.expect_err("nobody");
    assert_eq!((error.class.clone(), error.code.as_str(), error.passed_over.len()), (RETRY, "route_exhausted", 3));
    let none = Route::<dyn TextModel>::new("none", Vec::new(), Arc::default(), clock);
    let none: &dyn TextModel = &none;
    assert_eq!(none.check(&ask()).expect_err("empty").code, "no_model");
    assert_eq!(none.generate(&ask(), 1000).await.expect_err("empty").class, Class::Unavailable);
}
