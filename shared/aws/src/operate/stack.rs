//! A deployed stack: its resources, by their names in the template.

use crate::Clients;
use crate::error::{Verb, port_error};
use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use ports::{Kind, PortError};
use std::collections::BTreeMap;

const OPERATION: &str = "look up stack";

/// A stack as CloudFormation describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    pub name: String,
    /// `CREATE_COMPLETE`, for example.
    pub status: String,
    /// Why it is in this state, if CloudFormation says so.
    pub reason: Option<String>,
    /// By name in the template.
    pub outputs: BTreeMap<String, String>,
    /// By name in the template.
    pub resources: BTreeMap<String, Resource>,
}

/// One resource of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `AWS::S3::Bucket`, for example.
    pub kind: String,
    /// What its service calls it: a bucket's name, a queue's URL. Absent until it is made.
    pub id: Option<String>,
}

/// Describes a stack. `NotFound` if there is none of this name in the region.
pub async fn stack(clients: &Clients, name: &str) -> Result<Stack, PortError> {
    let answer = clients.cloudformation().describe_stacks().stack_name(name).send().await;
    let answer = answer.map_err(|error| failed(name, error))?;
    let missing = || PortError::new(Kind::NotFound, OPERATION, name).because("the answer holds no stack");
    let found = answer.stacks().first().ok_or_else(missing)?;
    let outputs = found.outputs().iter().filter_map(|output| {
        let name = output.output_key()?.to_owned();
        Some((name, output.output_value()?.to_owned()))
    });
    Ok(Stack {
        name: found.stack_name().unwrap_or(name).to_owned(),
        status: found.stack_status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        reason: found.stack_status_reason().map(str::to_owned),
        outputs: outputs.collect(),
        resources: resources(clients, name).await?,
    })
}

/// Lists page by page: the call that describes them all ends at one hundred.
async fn resources(clients: &Clients, name: &str) -> Result<BTreeMap<String, Resource>, PortError> {
    let mut resources = BTreeMap::new();
    let mut after = None;
    loop {
        let request = clients.cloudformation().list_stack_resources().stack_name(name).set_next_token(after);
        let answer = request.send().await.map_err(|error| failed(name, error))?;
        resources.extend(answer.stack_resource_summaries().iter().filter_map(|resource| {
            let id = resource.physical_resource_id().filter(|id| !id.is_empty()).map(str::to_owned);
            let kind = resource.resource_type().unwrap_or_default().to_owned();
            Some((resource.logical_resource_id()?.to_owned(), Resource { kind, id }))
        }));
        match answer.next_token() {
            Some(next) if !next.is_empty() => after = Some(next.to_owned()),
            _ => return Ok(resources),
        }
    }
}

/// CloudFormation calls a stack that is not there a mistake in the request, and says what it means in words only.
fn failed<E>(name: &str, error: SdkError<E, HttpResponse>) -> PortError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let is_missing = error.code() == Some("ValidationError")
        && error.message().is_some_and(|message| message.contains("does not exist"));
    if is_missing {
        return PortError::new(Kind::NotFound, OPERATION, name).because(error);
    }
    port_error(Verb::Other, OPERATION, name, error)
}
