//! A server that speaks OpenAI's protocol from a script, with nothing of our own client in it.

use crate::world::Step;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
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

/// Reads one request: its head in small letters, and its body. A form is its media type and its bytes in base64.
async fn read(connection: &mut TcpStream) -> (String, Value) {
    let mut bytes = Vec::new();
    loop {
        let n_read = connection.read_buf(&mut bytes).await.expect("reads");
        assert!(n_read > 0, "the request broke off");
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        let body = &bytes[end + 4..];
        if body.len() < field("content-length: ").expect("a length").parse::<usize>().expect("a number") {
            continue;
        }
        let content_type = field("content-type: ").expect("a media type");
        let body = match content_type.as_str() {
            "application/json" => serde_json::from_slice(body).expect("JSON"),
            _ => json!({"content_type": content_type, "base64": STANDARD.encode(body)}),
        };
        return (head, body);
    }
}

async fn serve(mut connection: TcpStream, steps: Vec<Step>, seen: Arc<Mutex<Vec<Value>>>) {
    let (head, body) = read(&mut connection).await;
    let index = {
        let mut seen = seen.lock().expect("not poisoned");
        let path = head.split(' ').nth(1).unwrap_or_default();
        let mut body = body.clone();
        if !path.ends_with("/chat/completions") && !path.ends_with("/embeddings") {
            body["path"] = path.into();
        }
        seen.push(body);
        seen.len() - 1
    };
    assert!(head.contains(&format!("authorization: bearer {KEY}")), "{head}");
    let is_chat = head.starts_with("post /v1/chat/completions ");
    let (status, extra, answer) = if head.starts_with("post /v1/embeddings ") {
        let n_dimensions = body["dimensions"].as_u64().unwrap_or(8);
        let vector: Vec<_> = (0..n_dimensions).map(|index| index as f64 / 8.0).collect();
        (200, String::new(), json!({"model": "m", "data": [{"embedding": vector}], "usage": {"prompt_tokens": 3}}))
    } else {
        match steps.get(index).unwrap_or_else(|| panic!("call {} was not expected", index + 1)) {
            Step::Silence => return tokio::time::sleep(Duration::from_secs(60)).await,
            Step::Hangup => return,
            Step::Error { status, message, retry_after } => {
                let extra = retry_after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default();
                (*status, extra, json!({"error": {"message": message}}))
            }
            Step::Body(answer) => (200, String::new(), answer.clone()),
            step if is_chat => (200, String::new(), chat(step, &body)),
            step => panic!("{step:?} is no answer to {head}"),
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
