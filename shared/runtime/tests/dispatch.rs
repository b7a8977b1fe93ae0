//! The batch law: of a batch, exactly what must be delivered again comes back.

use async_trait::async_trait;
use ports::memory::ManualClock;
use ports::{Clock, Received};
use runtime::{BatchFailure, Context, Failure, Function, Metrics, Outcome, Shift, dispatch};
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happened, in order: `start a`, `end a`.
#[derive(Default)]
struct Script {
    events: Mutex<Vec<String>>,
    contexts: Mutex<Vec<(String, Context)>>,
}

/// A task is `lane:name:what to do`; an empty lane is none.
struct Line {
    lane: String,
    name: String,
    action: String,
}

impl Script {
    fn log(&self, event: String) {
        self.events.lock().expect("no panic while logging").push(event);
    }

    fn events(&self) -> Vec<String> {
        self.events.lock().expect("no panic while logging").clone()
    }

    /// Returns the largest number of tasks that ran at the same time.
    fn most_at_once(&self) -> usize {
        let mut now = 0_usize;
        let mut most = 0;
        for event in self.events() {
            now = if event.starts_with("start") { now + 1 } else { now - 1 };
            most = most.max(now);
        }
        most
    }
}

#[async_trait]
impl Function for Script {
    const NAME: &'static str = "script";
    type Task = Line;

    fn parse(body: &str) -> Result<Line, Box<dyn Error + Send + Sync>> {
        let parts: Vec<&str> = body.split(':').collect();
        let [lane, name, action] = parts[..] else { return Err(format!("`{body}` has not three parts").into()) };
        Ok(Line { lane: lane.to_owned(), name: name.to_owned(), action: action.to_owned() })
    }

    async fn handle(&self, task: Line, context: &Context) -> Result<(), Failure> {
        self.log(format!("start {}", task.name));
        self.contexts.lock().expect("no panic while logging").push((task.name.clone(), context.clone()));
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.log(format!("end {}", task.name));
        match task.action.as_str() {
            "ok" => Ok(()),
            "retry" => Err(Failure::retry(Duration::from_secs(7), "the disk is full")),
            "reject" => Err(Failure::reject("never again")),
            "panic" => panic!("a bug in {}", task.name),
            "panic-value" => std::panic::panic_any(42_u8),
            other => Err(Failure::reject(format!("unknown action `{other}`"))),
        }
    }

    fn lane(task: &Line) -> Option<String> {
        (!task.lane.is_empty()).then(|| task.lane.clone())
    }
}

fn batch(bodies: &[&str]) -> Vec<Received> {
    let message = |(index, body): (usize, &&str)| Received {
        id: format!("id-{index}"),
        receipt: format!("receipt-{index}"),
        body: (*body).to_owned(),
        attempt: index as u32 + 1,
    };
    bodies.iter().enumerate().map(message).collect()
}

const DEADLINE_MS: u64 = 90_000;

async fn run(script: &Script, batch: &[Received], concurrency: usize) -> Vec<Outcome> {
    let clock = ManualClock::advancing(0);
    let shift = Shift { clock: &clock, deadline_ms: DEADLINE_MS, concurrency, metrics: Arc::default() };
    dispatch(script, batch, &shift).await
}

fn failed(after: Duration, reason: &str) -> Outcome {
    Outcome::Failed(BatchFailure { after, reason: reason.to_owned() })
}

fn comes_back(outcomes: &[Outcome]) -> Vec<usize> {
    (0..outcomes.len()).filter(|index| matches!(outcomes[*index], Outcome::Failed(_))).collect()
}

#[tokio::test]
async fn exactly_what_must_come_again_comes_back() {
    let messages = batch(&[":a:ok", ":b:retry", ":c:reject", "malformed", ":d:panic", ":e:ok", ":f:panic-value"]);
    for concurrency in [0, 1, 3, 100] {
        let script = Script::default();
        let outcomes = run(&script, &messages, concurrency).await;
        let second = Duration::from_secs(1);
        let expected = [
            Outcome::Done,
            failed(7 * second, "the disk is full"),
            Outcome::Rejected("never again".to_owned()),
            Outcome::Rejected("malformed message: `malformed` has not three parts".to_owned()),
            failed(2 * second, "panic: a bug in d"),
            Outcome::Done,
            failed(2 * second, "panic: no message"),
        ];
        assert_eq!(outcomes, expected, "with concurrency {concurrency}");
        assert_eq!(comes_back(&outcomes), [1, 4, 6]);
    }
}

#[tokio::test]
async fn every_mixture_keeps_its_order() {
    // Each combination of five outcomes in a batch of four: the outcome of a message never depends on its neighbours.
    let actions = ["ok", "retry", "reject", "panic", "malformed"];
    for mixture in 0..actions.len().pow(4) {
        let picked: Vec<&str> =
            (0..4).map(|place| actions[mixture / actions.len().pow(place) % actions.len()]).collect();
        let body = |(index, action): (usize, &&str)| match *action {
            "malformed" => "malformed".to_owned(),
            action => format!("{}:m{index}:{action}", ["", "x", "x", ""][index]),
        };
        let bodies: Vec<String> = picked.iter().enumerate().map(body).collect();
        let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
        let outcomes = run(&Script::default(), &batch(&bodies), 2).await;
        for (action, outcome) in picked.iter().zip(&outcomes) {
            let fits = match outcome {
                Outcome::Done => *action == "ok",
                Outcome::Rejected(_) => matches!(*action, "reject" | "malformed"),
                Outcome::Failed(_) => matches!(*action, "retry" | "panic"),
            };
            assert!(fits, "{picked:?} gave {outcomes:?}");
        }
    }
}

#[tokio::test]
async fn a_lane_runs_in_order_and_lanes_run_side_by_side() {
    let script = Script::default();
    let messages = batch(&["x:x1:ok", "y:y1:ok", "x:x2:panic", "y:y2:ok", "x:x3:ok", ":alone:ok"]);
    let outcomes = run(&script, &messages, 10).await;
    assert_eq!(comes_back(&outcomes), [2]);
    let events = script.events();
    let lane = |lane: &str| -> Vec<&str> {
        events.iter().map(String::as_str).filter(|event| event.split(' ').any(|name| name.starts_with(lane))).collect()
    };
    // A panic does not stop the rest of its lane.
    assert_eq!(lane("x"), ["start x1", "end x1", "start x2", "end x2", "start x3", "end x3"]);
    assert_eq!(lane("y"), ["start y1", "end y1", "start y2", "end y2"]);
    assert_eq!(script.most_at_once(), 3, "{events:?}");
}

#[tokio::test]
async fn the_bound_on_concurrency_holds() {
    let bodies: Vec<String> = (0..12).map(|index| format!(":m{index}:ok")).collect();
    let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
    for (concurrency, expected) in [(0, 1), (1, 1), (3, 3), (100, 12)] {
        let script = Script::default();
        let outcomes = run(&script, &batch(&bodies), concurrency).await;
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Done));
        assert_eq!(script.most_at_once(), expected, "with concurrency {concurrency}");
    }
}

#[tokio::test]
async fn every_task_learns_its_own_delivery() {
    let script = Script::default();
    run(&script, &batch(&["malformed", ":a:ok", "lane:b:ok"]), 10).await;
    let contexts: BTreeMap<String, Context> = script.contexts.lock().expect("no panic").drain(..).collect();
    let of = |name: &str| (contexts[name].delivery.as_str(), contexts[name].attempt, contexts[name].deadline_ms);
    assert_eq!(of("a"), ("receipt-1", 2, DEADLINE_MS));
    assert_eq!(of("b"), ("receipt-2", 3, DEADLINE_MS));
}

#[tokio::test]
async fn an_empty_batch_is_fine() {
    assert_eq!(run(&Script::default(), &[], 10).await, []);
}

#[tokio::test]
async fn nothing_is_begun_that_cannot_be_done_before_the_deadline() {
    let script = Script::default();
    let clock = ManualClock::advancing(0);
    let needs_ms = Script::NEEDS.as_millis() as u64;
    let metrics = Arc::new(Metrics::default());
    for (left_ms, expected) in [(needs_ms, Outcome::Done), (needs_ms - 1, failed(Duration::ZERO, LATE))] {
        let deadline_ms = clock.now_ms() + left_ms;
        let shift = Shift { clock: &clock, deadline_ms, concurrency: 1, metrics: metrics.clone() };
        assert_eq!(dispatch(&script, &batch(&[":a:ok"]), &shift).await, [expected]);
    }
    assert_eq!(script.events(), ["start a", "end a"]);
    assert_eq!((metrics.values("done"), metrics.values("failed")), (vec![1], vec![1]));
    assert_eq!(metrics.values("latency").len(), 1);
}

const LATE: &str = "no time is left before the deadline";

#[test]
fn pauses_double_up_to_a_quarter_of_an_hour() {
    let failure = BatchFailure { after: Duration::from_secs(3), reason: String::new() };
    let pauses: Vec<u64> = [1, 2, 3, 9, 40].iter().map(|attempt| failure.pause(*attempt).as_secs()).collect();
    assert_eq!(pauses, [3, 6, 12, 768, 900]);
}
