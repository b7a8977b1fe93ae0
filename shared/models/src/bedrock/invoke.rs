//! InvokeModel: a body of JSON there, a body of JSON back.

use super::error::model_error;
use crate::ModelResult;
use crate::book::ModelSpec;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_smithy_types::Blob;
use serde_json::Value;

pub(super) struct Invoked {
    pub body: Vec<u8>,
    pub request_id: Option<String>,
}

pub(super) async fn invoke(client: &Client, spec: &ModelSpec, body: &Value) -> ModelResult<Invoked> {
    let call = client.invoke_model().model_id(&spec.model).content_type("application/json").accept("application/json");
    let call = call.body(Blob::new(body.to_string()));
    let output = call.send().await.map_err(|error| model_error(&spec.id, error))?;
    let request_id = output.request_id().map(str::to_owned);
    Ok(Invoked { body: output.body.into_inner(), request_id })
}
