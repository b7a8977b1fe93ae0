//! Runs the loopback Bedrock by itself: `cargo run --release -p models --example double [SCRIPT.json [LOG.jsonl]]`.

use models::double::{Double, Script};
use std::error::Error;
use std::path::Path;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let script = match arguments.next() {
        Some(path) => Script::parse(&std::fs::read_to_string(path)?)?,
        None => Script::default(),
    };
    let double = Double::start(script).await?;
    if let Some(path) = arguments.next() {
        double.log_to(Path::new(&path))?;
    }
    println!("A test double of Bedrock, which is no model, answers until Ctrl-C. Point any AWS SDK at it with");
    println!("export AWS_ENDPOINT_URL_BEDROCK_RUNTIME={}", double.url());
    std::future::pending::<()>().await;
    Ok(())
}
