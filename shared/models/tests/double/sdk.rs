//! The double by AWS's SDK for Rust, with nothing of ours between: every operation, every error, broken streams.

use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ContentBlockDelta, ConversationRole, ConverseStreamOutput, ConverseTokensRequest, CountTokensInput,
    GuardrailAction, GuardrailContentBlock, GuardrailContentSource, GuardrailTextBlock, InvokeModelTokensRequest,
    Message,
};
use aws_sdk_bedrockruntime::{Client, Config};
use models::double::{Double, MARK, Script};
use std::fmt::Debug;

const SCRIPT: &str = include_str!("script.json");

/// The errors that the script has a rule for, with their status.
const ERRORS: [(&str, u16); 10] = [
    ("AccessDeniedException", 403),
    ("InternalServerException", 500),
    ("ModelErrorException", 424),
    ("ModelNotReadyException", 429),
    ("ModelTimeoutException", 408),
    ("ResourceNotFoundException", 404),
    ("ServiceQuotaExceededException", 400),
    ("ServiceUnavailableException", 503),
    ("ThrottlingException", 429),
    ("ValidationException", 400),
];

async fn double() -> (Double, Client) {
    let double = Double::start(Script::parse(SCRIPT).expect("a script")).await.expect("starts");
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("AKIATEST", "secret", None, None, "test"))
        .endpoint_url(double.url())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .build();
    (double, Client::from_conf(config))
}

fn hello() -> Message {
    let block = ContentBlock::Text("hello".into());
    Message::builder().role(ConversationRole::User).content(block).build().expect("a message")
}

fn content(text: &str) -> GuardrailContentBlock {
    GuardrailContentBlock::Text(GuardrailTextBlock::builder().text(text).build().expect("a text"))
}

/// Reads a stream to its end or its error: the pieces of text, and how it failed.
async fn pieces(client: &Client, model: &str) -> (Vec<String>, Option<String>) {
    let answer = client.converse_stream().model_id(model).messages(hello()).send().await.expect("it begins");
    let (mut stream, mut pieces) = (answer.stream, Vec::new());
    loop {
        match stream.recv().await {
            Ok(Some(ConverseStreamOutput::ContentBlockDelta(event))) => {
                let Some(ContentBlockDelta::Text(text)) = event.delta else { panic!("no text") };
                pieces.push(text);
            }
            Ok(Some(_)) => {}
            Ok(None) => return (pieces, None),
            Err(SdkError::ServiceError(error)) => {
                let kind = if error.err().is_throttling_exception() { "throttled" } else { "another error" };
                return (pieces, Some(kind.to_owned()));
            }
            Err(_) => return (pieces, Some("broken off".to_owned())),
        }
    }
}

#[tokio::test]
async fn a_stream_ends_well_with_an_error_or_in_the_middle() {
    let (_double, client) = double().await;
    let answer = client.converse().model_id("vendor.model").messages(hello()).send().await.expect("an answer");
    let message = answer.output().and_then(|output| output.as_message().ok()).expect("a message");
    let text = message.content()[0].as_text().expect("a text");
    let (whole, error) = pieces(&client, "vendor.model").await;
    assert_eq!((&whole.concat(), error), (text, None));
    assert!(whole.len() > 1 && text.starts_with(MARK), "{whole:?}");
    let (some, error) = pieces(&client, "mid-throttle").await;
    assert_eq!((some.len(), error.as_deref()), (2, Some("throttled")));
    let (_, error) = pieces(&client, "mid-cut").await;
    assert_eq!(error.as_deref(), Some("broken off"));
}

#[tokio::test]
async fn tokens_are_counted_and_content_is_judged() {
    let (_double, client) = double().await;
    let converse = ConverseTokensRequest::builder().messages(hello()).build();
    let counted = client.count_tokens().model_id("m").input(CountTokensInput::Converse(converse)).send().await;
    assert_eq!(counted.expect("a count").input_tokens(), 2);
    let body = InvokeModelTokensRequest::builder().body(Blob::new(r#"{"inputText": "12345"}"#)).build();
    let input = CountTokensInput::InvokeModel(body.expect("a body"));
    let counted = client.count_tokens().model_id("m").input(input).send().await;
    assert_eq!(counted.expect("a count").input_tokens(), 2);
    for (text, action) in [("fine", GuardrailAction::None), ("a forbidden word", GuardrailAction::GuardrailIntervened)]
    {
        let call = client.apply_guardrail().guardrail_identifier("gr1").guardrail_version("1");
        let judged = call.source(GuardrailContentSource::Input).content(content(text)).send().await.expect("an answer");
        assert_eq!((judged.action(), judged.assessments().len()), (&action, usize::from(text != "fine")));
    }
}

/// Returns the code and the status of an error.
fn failed<T, E>(result: Result<T, SdkError<E>>) -> (String, u16)
where
    T: Debug,
    E: ProvideErrorMetadata + Debug,
{
    let SdkError::ServiceError(error) = result.expect_err("it fails") else { panic!("no error of the service") };
    assert!(error.err().message().is_some_and(|message| message.starts_with(MARK)), "{error:?}");
    (error.err().code().unwrap_or("no code").to_owned(), error.raw().status().as_u16())
}

#[tokio::test]
async fn every_operation_has_every_error() {
    let (double, client) = double().await;
    for (name, status) in ERRORS {
        let model = format!("err-{name}");
        let converse = ConverseTokensRequest::builder().messages(hello()).build();
        let guard = client.apply_guardrail().guardrail_identifier(&model).guardrail_version("1");
        let guard = guard.source(GuardrailContentSource::Output).content(content("x"));
        let found = [
            failed(client.converse().model_id(&model).messages(hello()).send().await),
            failed(client.converse_stream().model_id(&model).messages(hello()).send().await),
            failed(client.invoke_model().model_id(&model).body(Blob::new("{}")).send().await),
            failed(client.count_tokens().model_id(&model).input(CountTokensInput::Converse(converse)).send().await),
            failed(guard.send().await),
        ];
        assert!(found.iter().all(|(code, found)| (code.as_str(), *found) == (name, status)), "{name}: {found:?}");
    }
    assert_eq!(double.log().len(), 5 * ERRORS.len(), "no call was sent twice");
}
