"""Asks the double by boto3: every operation, every error, failures in the middle of a stream."""

import json
import math
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EventStreamError
from urllib3.exceptions import HTTPError

URL, HEADER, MARK = sys.argv[1:4]
client = boto3.client(
    "bedrock-runtime",
    endpoint_url=URL,
    region_name="us-east-1",
    aws_access_key_id="AKIATEST",
    aws_secret_access_key="secret",
    config=Config(retries={"total_max_attempts": 1}),
)
USER = [{"role": "user", "content": [{"text": "hello"}]}]
SCHEMA = {
    "type": "object",
    "required": ["alt"],
    "additionalProperties": False,
    "properties": {"alt": {"type": "string"}, "n": {"type": "integer"}},
}
ERRORS = {
    "AccessDeniedException": 403,
    "InternalServerException": 500,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ModelTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 400,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "ValidationException": 400,
}


def marked(answer):
    assert answer["ResponseMetadata"]["HTTPHeaders"][HEADER] == "true", answer
    return answer


def text_of(answer):
    return answer["output"]["message"]["content"][0]["text"]


def converse():
    answer = marked(client.converse(modelId="vendor.model-v1:0", messages=USER))
    assert text_of(answer).startswith(MARK) and answer["stopReason"] == "end_turn", answer
    assert answer["usage"]["inputTokens"] == 2, answer
    assert answer["additionalModelResponseFields"] == {"testDouble": True}
    again = client.converse(modelId="vendor.model-v1:0", messages=USER)
    assert text_of(again) == text_of(answer)
    # An ARN is percent-encoded in the path.
    arn = "arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.vendor.model-v1:0"
    assert text_of(client.converse(modelId=arn, messages=USER)) != text_of(answer)
    image = {"image": {"format": "png", "source": {"bytes": b"png"}}}
    seen = client.converse(modelId="m", messages=[{"role": "user", "content": [image, {"text": "x"}]}])
    assert seen["usage"]["inputTokens"] == 1601, seen
    weather = [{"role": "user", "content": [{"text": "the weather"}]}]
    assert text_of(client.converse(modelId="m", messages=weather)) == "rain"
    short = client.converse(modelId="m", messages=USER, inferenceConfig={"maxTokens": 2})
    assert short["stopReason"] == "max_tokens" and len(text_of(short)) == 8, short


def structured():
    form = {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "alt"}}}
    native = client.converse(modelId="m", messages=USER, outputConfig={"textFormat": form})
    assert json.loads(text_of(native))["alt"].startswith(MARK), native
    tools = {
        "tools": [{"toolSpec": {"name": "emit", "strict": True, "inputSchema": {"json": SCHEMA}}}],
        "toolChoice": {"tool": {"name": "emit"}},
    }
    called = client.converse(modelId="m", messages=USER, toolConfig=tools)
    tool = called["output"]["message"]["content"][0]["toolUse"]
    assert called["stopReason"] == "tool_use" and tool["name"] == "emit" and tool["input"]["alt"].startswith(MARK)
    events = list(client.converse_stream(modelId="m", messages=USER, toolConfig=tools)["stream"])
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert json.loads("".join(delta["toolUse"]["input"] for delta in deltas)) == tool["input"]


def stream():
    answer = marked(client.converse_stream(modelId="vendor.model-v1:0", messages=USER))
    events = list(answer["stream"])
    names = [next(iter(event)) for event in events]
    assert names[0] == "messageStart" and names[-2:] == ["messageStop", "metadata"], names
    pieces = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    assert len(pieces) > 1
    assert "".join(pieces) == text_of(client.converse(modelId="vendor.model-v1:0", messages=USER))
    assert events[-1]["metadata"]["usage"]["outputTokens"] > 0


def broken_streams():
    pieces = []
    try:
        for event in client.converse_stream(modelId="mid-throttle", messages=USER)["stream"]:
            pieces += [event["contentBlockDelta"]] if "contentBlockDelta" in event else []
        raise AssertionError("the stream ended well")
    except EventStreamError as error:
        assert error.response["Error"]["Code"] == "throttlingException", error.response
        assert len(pieces) == 2, pieces
    try:
        list(client.converse_stream(modelId="mid-cut", messages=USER)["stream"])
        raise AssertionError("the stream ended well")
    except (BotoCoreError, HTTPError):
        pass


def errors():
    calls = {
        "Converse": lambda model: client.converse(modelId=model, messages=USER),
        "ConverseStream": lambda model: client.converse_stream(modelId=model, messages=USER),
        "InvokeModel": lambda model: client.invoke_model(modelId=model, body=b"{}"),
        "CountTokens": lambda model: client.count_tokens(modelId=model, input={"converse": {"messages": USER}}),
        "ApplyGuardrail": lambda model: client.apply_guardrail(
            guardrailIdentifier=model, guardrailVersion="1", source="INPUT", content=[{"text": {"text": "x"}}]
        ),
    }
    for name, status in ERRORS.items():
        for operation, call in calls.items():
            try:
                call(f"err-{name}")
                raise AssertionError(f"{operation} did not fail with {name}")
            except ClientError as error:
                meta = marked(error.response)["ResponseMetadata"]
                found = (error.response["Error"]["Code"], meta["HTTPStatusCode"])
                assert found == (name, status), (operation, found)
                assert error.response["Error"]["Message"].startswith(MARK)
    client.converse(modelId="second-fails", messages=USER)
    try:
        client.converse(modelId="second-fails", messages=USER)
        raise AssertionError("the second call did not fail")
    except client.exceptions.ServiceUnavailableException as error:
        assert error.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
    client.converse(modelId="second-fails", messages=USER)
    started = time.monotonic()
    client.converse(modelId="slow", messages=USER)
    assert time.monotonic() - started >= 0.3


def embeddings():
    bodies = {
        "amazon.titan-embed-text-v2:0": {"inputText": "cat", "dimensions": 256, "normalize": True},
        "amazon.titan-embed-image-v1": {"inputText": "cat", "embeddingConfig": {"outputEmbeddingLength": 256}},
        "amazon.nova-2-multimodal-embeddings-v1:0": {
            "schemaVersion": "nova-multimodal-embed-v1",
            "taskType": "SINGLE_EMBEDDING",
            "singleEmbeddingParams": {
                "embeddingPurpose": "GENERIC_INDEX",
                "embeddingDimension": 256,
                "text": {"truncationMode": "END", "value": "cat"},
            },
        },
    }
    for model, body in bodies.items():
        answer = marked(client.invoke_model(modelId=model, body=json.dumps(body)))
        read = json.loads(answer["body"].read())
        vector = read["embedding"] if "embedding" in read else read["embeddings"][0]["embedding"]
        assert len(vector) == 256 and math.isclose(sum(x * x for x in vector), 1, rel_tol=1e-6), model
        assert read["testDouble"] is True


def tokens_and_guardrails():
    counted = marked(client.count_tokens(modelId="m", input={"converse": {"messages": USER}}))
    assert counted["inputTokens"] == 2, counted
    body = json.dumps({"inputText": "12345"}).encode()
    assert client.count_tokens(modelId="m", input={"invokeModel": {"body": body}})["inputTokens"] == 2

    def guard(text):
        content = [{"text": {"text": text, "qualifiers": ["guard_content"]}}]
        return marked(
            client.apply_guardrail(guardrailIdentifier="gr1", guardrailVersion="1", source="OUTPUT", content=content)
        )

    assert guard("fine")["action"] == "NONE"
    stopped = guard("a Forbidden word")
    assert stopped["action"] == "GUARDRAIL_INTERVENED" and stopped["outputs"][0]["text"].startswith(MARK)
    assert stopped["assessments"][0]["wordPolicy"]["customWords"][0]["match"] == "forbidden"
    guarded = client.converse(
        modelId="m",
        messages=[{"role": "user", "content": [{"text": "forbidden"}]}],
        guardrailConfig={"guardrailIdentifier": "gr1", "guardrailVersion": "1"},
    )
    assert guarded["stopReason"] == "guardrail_intervened", guarded


for check in [converse, structured, stream, broken_streams, errors, embeddings, tokens_and_guardrails]:
    check()
    print(check.__name__)
print("ok")
