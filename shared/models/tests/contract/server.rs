//! A server that speaks OpenAI's protocol from a script, with nothing of our own client in it.

use crate::world::Step;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub const KEY: &str = "test-key";

pub struct Wire {
    pub url: String,
    bodies: Arc<Mutex<Vec<Value>>>,
    task: JoinHandle<()>,
}

impl Wire {
    pub async fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let url = format!("http://{}/v1/", listener.local_addr().expect("an address"));
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let seen = bodies.clone();
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, steps.clone(), seen.clone()));
            }
        });
        Wire { url, bodies, task }
    }

    pub fn bodies(&self) -> Vec<Value> {
        self.bodies.lock().expect("not poisoned").clone()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one request: its head and its body.
async fn read(connection: &mut TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    loop {
        let n_read = connection.read_buf(&mut bytes).await.expect("reads");
        assert!(n_read > 0, "the request broke off");
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.expect("a length").parse::<usize>().expect("a number") {
            return (head.clone(), serde_json::from_str(body).expect("JSON"));
        }
    }
}

async fn serve(mut connection: TcpStream, steps: Vec<Step>, seen: Arc<Mutex<Vec<Value>>>) {
    let (head, body) = read(&mut connection).await;
    let index = {
        let mut seen = seen.lock().expect("not poisoned");
        seen.push(body.clone());
        seen.len() - 1
    };
    assert!(head.contains(&format!("authorization: bearer {KEY}")), "{head}");
    let (status, extra, answer) = if head.starts_with("post /v1/embeddings ") {
        let n_dimensions = body["dimensions"].as_u64().unwrap_or(8);
        let vector: Vec<_> = (0..n_dimensions).map(|index| index as f64 / 8.0).collect();
        (200, String::new(), json!({"model": "m", "data": [{"embedding": vector}], "usage": {"prompt_tokens": 3}}))
    } else {
        assert!(head.starts_with("post /v1/chat/completions "), "{head}");
        match steps.get(index).unwrap_or_else(|| panic!("call {} was not expected", index + 1)) {
            Step::Silence => return tokio::time::sleep(Duration::from_secs(60)).await,
            Step::Hangup => return,
            Step::Error { status, message, retry_after } => {
                let extra = retry_after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
                (*status, extra, json!({"error": {"message": message}}))
            }
            step => (200, String::new(), chat(step, &body)),
        }
    };
    let answer = answer.to_string();
    let response = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nx-request-id: wire-{}\r\nconnection: close\r\n\
         {extra}content-length: {}\r\n\r\n{answer}",
        index + 1,
        answer.len()
    );
    connection.write_all(response.as_bytes()).await.expect("writes");
}

fn chat(step: &Step, body: &Value) -> Value {
    let (message, reason) = match step {
        Step::Text(text) => (json!({"content": text}), "stop"),
        Step::Json(value) if body.get("tools").is_some() => {
            let call =
                json!({"id": "1", "type": "function", "function": {"name": "answer", "arguments": value.to_string()}});
            (json!({"content": null, "tool_calls": [call]}), "tool_calls")
        }
        Step::Json(value) => (json!({"content": value.to_string()}), "stop"),
        Step::Refusal => (json!({"content": null, "refusal": "I cannot"}), "stop"),
        Step::Cut(text) => (json!({"content": text}), "length"),
        _ => (json!({"content": "used"}), "stop"),
    };
    let (input, cached, output) =
        if let Step::Usage(input, cached, output) = step { (*input, *cached, *output) } else { (20, 0, 4) };
    json!({
        "id": "chatcmpl-1", "model": "vendor.model-v1:0",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": input, "completion_tokens": output,
            "prompt_tokens_details": {"cached_tokens": cached}},
    })
}
