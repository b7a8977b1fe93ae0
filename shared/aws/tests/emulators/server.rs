//! Services as child processes: each started once, shared by the tests that need it, ended with the last of them.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The one pair that MiniStack takes for its owner's.
pub const ACCESS_KEY: &str = "test";
pub const SECRET_KEY: &str = "test";

/// The longest that a service may take to answer for the first time, on a busy machine.
const START_TIME: Duration = Duration::from_secs(90);

/// A running service.
pub struct Server {
    pub endpoint: String,
    child: Child,
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn shared(slot: &'static Mutex<Weak<Server>>, start: impl FnOnce() -> Server) -> Arc<Server> {
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = slot.upgrade() {
        return server;
    }
    let server = Arc::new(start());
    *slot = Arc::downgrade(&server);
    server
}

pub fn ministack() -> Arc<Server> {
    static SLOT: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    shared(&SLOT, || {
        let [port] = free_ports();
        let variables = [("BIND_HOST", "127.0.0.1"), ("GATEWAY_PORT", &port.to_string()), ("IOT_MTLS_ENABLED", "0")];
        start("ministack", &[], &variables, port, "/_ministack/ready")
    })
}

pub fn moto() -> Arc<Server> {
    static SLOT: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    shared(&SLOT, || {
        let [port] = free_ports();
        start("moto_server", &["-H", "127.0.0.1", "-p", &port.to_string()], &[], port, "/moto-api/")
    })
}

pub fn seaweedfs() -> Arc<Server> {
    static SLOT: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    shared(&SLOT, || {
        const PORTS: [&str; 12] = [
            "s3.port",
            "s3.port.grpc",
            "s3.port.iceberg",
            "s3.port.lance",
            "master.port",
            "master.port.grpc",
            "volume.port",
            "volume.port.grpc",
            "filer.port",
            "filer.port.grpc",
            "admin.port",
            "admin.port.grpc",
        ];
        let ports: [u16; PORTS.len()] = free_ports();
        let mut arguments: Vec<String> =
            ["mini", "-dir=.", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"].map(str::to_owned).to_vec();
        arguments.extend(["-s3.config=s3.json", "-webdav=false", "-admin.ui=false"].map(str::to_owned));
        arguments.extend(PORTS.iter().zip(ports).map(|(name, port)| format!("-{name}={port}")));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        start("weed", &arguments, &[], ports[0], "/healthz")
    })
}

/// Finds ports that nobody uses now.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

fn start(program: &str, arguments: &[&str], variables: &[(&str, &str)], port: u16, ready: &str) -> Server {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/venv/bin").join(program);
    assert!(path.is_file(), "`{program}` is missing: run `cargo xtask setup`");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let keys = serde_json::json!([{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]);
    let identity = serde_json::json!({"name": "tests", "credentials": keys, "actions": ["Admin"]});
    let config = serde_json::json!({ "identities": [identity] }).to_string();
    fs::write(folder.path().join("s3.json"), config).expect("writes");
    let log = File::create(folder.path().join("log")).expect("a log");
    let child = Command::new(path)
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log)
        .spawn()
        .expect("the service starts");
    let mut server = Server { endpoint: format!("http://127.0.0.1:{port}"), child, folder };
    let end = Instant::now() + START_TIME;
    while !answers(port, ready) {
        let is_over = Instant::now() > end || server.child.try_wait().expect("asks for the child").is_some();
        let log = || fs::read_to_string(server.folder.path().join("log")).unwrap_or_default();
        assert!(!is_over, "`{program}` does not answer: {}", log());
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

/// Returns whether a `GET` is answered with a success.
fn answers(port: u16, path: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let request = format!("GET {path} HTTP/1.0\r\nhost: 127.0.0.1:{port}\r\n\r\n");
    let mut answer = [0; 12];
    stream.set_read_timeout(Some(Duration::from_secs(5))).is_ok()
        && stream.write_all(request.as_bytes()).is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.ends_with(b" 200")
}
