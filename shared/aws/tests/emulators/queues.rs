//! Queues.

use super::{SystemClock, assert_kept, clients, sdk, server, stub};
use aws::SqsQueue;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use ports::contract::{self, QueueUnderTest};
use ports::{Clock, Envelope, Queue, SendMessages};
use std::time::Duration;

/// Makes a queue with its dead letters; returns their URLs.
pub async fn make_queue(client: &Client, name: &str, max_receives: u32) -> (String, String) {
    let dead = client.create_queue().queue_name(format!("{name}-dead")).send().await.expect("the queue is made");
    let dead = dead.queue_url.expect("a URL");
    let attributes = client.get_queue_attributes().queue_url(&dead).attribute_names(QueueAttributeName::QueueArn);
    let attributes = attributes.send().await.expect("attributes").attributes.expect("attributes");
    let arn = &attributes[&QueueAttributeName::QueueArn];
    let policy = serde_json::json!({"deadLetterTargetArn": arn, "maxReceiveCount": max_receives.to_string()});
    let queue = client.create_queue().queue_name(name);
    let queue = queue.attributes(QueueAttributeName::RedrivePolicy, policy.to_string()).send().await;
    (queue.expect("the queue is made").queue_url.expect("a URL"), dead)
}

async fn check(service: &str, endpoint: &str) {
    let client = Client::new(&sdk(endpoint));
    for max_receives in [2, 3] {
        let (url, dead) = make_queue(&client, &format!("contract-{max_receives}"), max_receives).await;
        let queue = SqsQueue::new(clients(endpoint), url, dead, max_receives);
        let on = QueueUnderTest { queue: &queue, clock: &SystemClock, max_receives, is_exact: false };
        assert_kept(service, &contract::queue(on).await);
    }
    let (url, dead) = make_queue(&client, "large", 3).await;
    let queue = SqsQueue::new(clients(endpoint), url, dead, 3);
    large_batches(&queue).await;
    many_dead_letters(&queue).await;
}

/// More than ten messages, and more than a mebibyte together.
async fn large_batches(queue: &SqsQueue) {
    let bodies: Vec<String> = (0..25_u8).map(|index| char::from(b'a' + index).to_string().repeat(200_000)).collect();
    queue.send(bodies.iter().cloned().map(Envelope::now).collect()).await.expect("sends");
    let mut received = receive(queue, bodies.len()).await;
    received.sort_unstable();
    assert!(received == bodies, "{} of {} messages came whole", received.len(), bodies.len());
    let depth = queue.depth().await.expect("measures");
    assert_eq!((depth.visible, depth.dead), (0, 0), "{depth:?}");
}

/// More dead letters than one call shows or moves.
async fn many_dead_letters(queue: &SqsQueue) {
    let bodies: Vec<String> = (10..45).map(|index| format!("{index}")).collect();
    queue.send(bodies.iter().cloned().map(Envelope::now).collect()).await.expect("sends");
    for _ in 0..3 {
        let mut n_received = 0;
        while n_received < bodies.len() {
            let messages = queue.receive(10, Duration::from_secs(60)).await.expect("receives");
            n_received += messages.len();
            for message in messages {
                queue.give_back(&message.receipt, Duration::from_secs(2), "broken").await.expect("gives back");
            }
        }
        SystemClock.sleep(Duration::from_millis(2500)).await;
    }
    assert!(queue.receive(10, Duration::ZERO).await.expect("receives").is_empty());
    let letters = queue.dead_letters(1000).await.expect("lists");
    assert_eq!(letters.len(), bodies.len());
    assert!(letters.is_sorted_by_key(|letter| letter.died_ms));
    assert_eq!(queue.dead_letters(7).await.expect("lists"), letters[..7], "looking changes nothing");
    assert_eq!(queue.redrive().await.expect("redrives"), bodies.len() as u64);
    let mut received = receive(queue, bodies.len()).await;
    received.sort_unstable();
    assert_eq!(received, bodies);
}

/// Receives and acknowledges as many messages.
async fn receive(queue: &SqsQueue, n_messages: usize) -> Vec<String> {
    let mut bodies = Vec::new();
    for _ in 0..50 {
        for message in queue.receive(10, Duration::from_secs(60)).await.expect("receives") {
            queue.acknowledge(&message.receipt).await.expect("acknowledges");
            bodies.push(message.body);
        }
        if bodies.len() >= n_messages {
            break;
        }
    }
    bodies
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_on_ministack() {
    let server = server::ministack();
    check("ministack", &server.endpoint).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_on_moto() {
    let server = server::moto();
    let (endpoint, door) = stub::door(&server.endpoint).await;
    check("moto", &endpoint).await;
    door.abort();
}
