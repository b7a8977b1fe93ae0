"""Asks the double by boto3: every operation, every error, failures in the middle of a stream, batch jobs."""

import base64
import json
import math
import pathlib
import struct
import sys
import time
import zlib

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EventStreamError
from urllib3.exceptions import HTTPError

URL, HEADER, MARK, BUCKETS = sys.argv[1:5]


def client_of(service):
    return boto3.client(
        service,
        endpoint_url=URL,
        region_name="us-east-1",
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )


client = client_of("bedrock-runtime")
control = client_of("bedrock")
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
    calls |= {
        "CreateModelInvocationJob": lambda model: create(model, "failing"),
        "GetModelInvocationJob": lambda job: control.get_model_invocation_job(jobIdentifier=job),
        "ListModelInvocationJobs": lambda part: control.list_model_invocation_jobs(nameContains=part),
        "StopModelInvocationJob": lambda job: control.stop_model_invocation_job(jobIdentifier=job),
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


def png_size(png):
    """Reads a PNG by the standard, with Python's own zlib: checksums, and as many bytes as the header promises."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + data) == struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0], kind
        chunks[kind] = data
        at += 12 + length
    width, height, depth, color = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, color, len(chunks[b"PLTE"])) == (2, 3, 12)
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + math.ceil(width / 4))
    assert MARK.encode() in chunks[b"tEXt"]
    return width, height


def pictures():
    def invoke(model, body):
        answer = marked(client.invoke_model(modelId=model, body=json.dumps(body)))
        return json.loads(answer["body"].read())

    core = {"prompt": "a kite", "mode": "text-to-image", "aspect_ratio": "16:9", "seed": 7, "output_format": "png"}
    drawn = invoke("stability.stable-image-core-v1:1", core)
    assert (drawn["seeds"], drawn["finish_reasons"]) == ([7], [None]) and drawn["testDouble"], drawn
    assert png_size(base64.b64decode(drawn["images"][0])) == (1344, 768)
    assert invoke("stability.stable-image-core-v1:1", core) == drawn
    filtered = invoke("stability.stable-image-core-v1:1", core | {"prompt": "a forbidden kite"})
    assert filtered["finish_reasons"][0].startswith(MARK) and filtered["images"] == [""], filtered
    settings = {"width": 512, "height": 320, "numberOfImages": 2, "seed": 1}
    canvas = {"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a kite"}, "imageGenerationConfig": settings}
    drawn = invoke("amazon.nova-canvas-v1:0", canvas)
    assert drawn["error"] is None and len(set(drawn["images"])) == 2
    assert [png_size(base64.b64decode(image)) for image in drawn["images"]] == [(512, 320)] * 2
    for wrong in [{"width": 100}, {"width": 513}, {"numberOfImages": 6}, {"seed": -1}]:
        try:
            invoke("amazon.nova-canvas-v1:0", canvas | {"imageGenerationConfig": settings | wrong})
            raise AssertionError(f"{wrong} was accepted")
        except client.exceptions.ValidationException:
            pass


def policies():
    def guard(*texts):
        content = [{"text": {"text": text, "qualifiers": list(qualifiers)}} for text, *qualifiers in texts]
        answer = client.apply_guardrail(guardrailIdentifier="gr1", guardrailVersion="1", source="INPUT", content=content)
        return answer["action"], (answer["assessments"] or [{}])[0], answer

    action, found, answer = guard(["invest now, ann@example.org"])
    assert action == "GUARDRAIL_INTERVENED" and found["topicPolicy"]["topics"][0]["name"] == "money", found
    entity = found["sensitiveInformationPolicy"]["piiEntities"][0]
    assert (entity["type"], entity["action"]) == ("EMAIL", "ANONYMIZED"), entity
    assert answer["usage"]["topicPolicyUnits"] == 1 and answer["usage"]["contentPolicyImageUnits"] == 0, answer
    _, found, _ = guard(["I despise you"])
    assert found["contentPolicy"]["filters"][0]["confidence"] == "HIGH", found
    _, _, masked = guard(["to ann@example.org"])
    assert masked["outputs"] == [{"text": "to {EMAIL}"}], masked
    action, found, _ = guard(["made of silk", "grounding_source"], ["from plastic entirely"])
    assert action == "GUARDRAIL_INTERVENED", found
    assert found["contextualGroundingPolicy"]["filters"][0]["score"] == 0.0, found


def create(model, name, source="in/records.jsonl", kind="Converse", **more):
    return control.create_model_invocation_job(
        jobName=name,
        roleArn="arn:aws:iam::000000000000:role/batch",
        modelId=model,
        modelInvocationType=kind,
        inputDataConfig={"s3InputDataConfig": {"s3InputFormat": "JSONL", "s3Uri": f"s3://batch/{source}"}},
        outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://batch/out/"}},
        **more,
    )


def ended(arn):
    for _ in range(200):
        job = marked(control.get_model_invocation_job(jobIdentifier=arn))
        if job["status"] in ["Completed", "Failed", "Stopped"]:
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def records(job):
    name = job["jobArn"].rsplit("/", 1)[1]
    folder = pathlib.Path(BUCKETS) / "batch/out" / name
    lines = (folder / "records.jsonl.out").read_text().splitlines()
    return [json.loads(line) for line in lines], json.loads((folder / "manifest.json.out").read_text())


def write(name, lines):
    path = pathlib.Path(BUCKETS) / "batch" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines))


def batch_jobs():
    def record(index):
        text = "unanswerable" if index % 10 == 3 else f"record {index}"
        return {"recordId": f"r{index}", "modelInput": {"messages": [{"role": "user", "content": [{"text": text}]}]}}

    write("in/records.jsonl", [json.dumps(record(index)) for index in range(40)])
    answer = marked(create("vendor.batch-v1:0", "first", clientRequestToken="token-of-the-first-job"))
    job = ended(answer["jobArn"])
    assert job["status"] == "Completed" and job["message"].startswith(MARK), job
    counts = [job[f"{what}RecordCount"] for what in ["total", "processed", "success", "error"]]
    assert counts == [40, 40, 36, 4], counts
    assert job["endTime"] >= job["submitTime"] and job["modelInvocationType"] == "Converse", job
    lines, manifest = records(job)
    assert (manifest["successRecordCount"], manifest["errorRecordCount"]) == (36, 4), manifest
    assert manifest["inputTokenCount"] > 0, manifest
    names = [line["recordId"] for line in lines]
    assert sorted(names) == sorted(f"r{index}" for index in range(40)) and names != sorted(names, key=lambda n: int(n[1:]))
    for line in lines:
        index = int(line["recordId"][1:])
        assert line["modelInput"] == record(index)["modelInput"], line
        if index % 10 == 3:
            assert line["error"]["errorCode"] == 424 and "modelOutput" not in line, line
        else:
            online = client.converse(modelId="vendor.batch-v1:0", **line["modelInput"])
            assert text_of(line["modelOutput"]) == text_of(online), "a batch answers what Converse does"

    again = create("vendor.batch-v1:0", "first", clientRequestToken="token-of-the-first-job")
    assert again["jobArn"] == answer["jobArn"], "the same token is the same job"
    for wrong, error in [
        (lambda: create("m", "first"), "ConflictException"),
        (lambda: create("m", "hasty", timeoutDurationInHours=169), "ValidationException"),
        (lambda: control.get_model_invocation_job(jobIdentifier="000000000000"), "ResourceNotFoundException"),
        (lambda: control.stop_model_invocation_job(jobIdentifier=answer["jobArn"]), "ConflictException"),
    ]:
        try:
            wrong()
            raise AssertionError(f"there was no {error}")
        except ClientError as found:
            assert found.response["Error"]["Code"] == error, found

    write("bad/records.jsonl", ["{}"])
    write("few/records.jsonl", [json.dumps(record(0))])
    for name, source, why in [
        ("lost", "in/nowhere.jsonl", "no file of records"),
        ("bad", "bad/records.jsonl", "line 1: there is no `modelInput`"),
        ("few", "few/records.jsonl", "the least is 2"),
    ]:
        job = ended(create("m", name, source=source)["jobArn"])
        assert job["status"] == "Failed" and why in job["message"], job

    embed = {"recordId": "e", "modelInput": {"inputText": "cat", "dimensions": 256}}
    write("embed/records.jsonl", [json.dumps(embed)] * 2)
    job = ended(create("amazon.titan-embed-text-v2:0", "embed", source="embed/", kind="InvokeModel")["jobArn"])
    lines, _ = records(job)
    assert len(lines[0]["modelOutput"]["embedding"]) == 256, lines

    write("slow/records.jsonl", [json.dumps(record(index)) for index in range(4, 12)])
    slow = create("slow", "slowly", source="slow/records.jsonl")["jobArn"]
    while control.get_model_invocation_job(jobIdentifier=slow)["status"] != "InProgress":
        time.sleep(0.02)
    marked(control.stop_model_invocation_job(jobIdentifier=slow))
    assert control.get_model_invocation_job(jobIdentifier=slow)["status"] in ["Stopping", "Stopped"]
    job = ended(slow)
    lines, _ = records(job)
    assert job["status"] == "Stopped" and len(lines) == job["processedRecordCount"] < 8, job

    listed = marked(control.list_model_invocation_jobs(statusEquals="Completed", sortBy="CreationTime", sortOrder="Ascending"))
    assert [job["jobName"] for job in listed["invocationJobSummaries"]] == ["first", "embed"], listed
    pages = control.get_paginator("list_model_invocation_jobs").paginate(PaginationConfig={"PageSize": 2})
    names = [job["jobName"] for page in pages for job in page["invocationJobSummaries"]]
    assert names[0] == "slowly" and len(names) == len(set(names)) >= 6, names


CHECKS = [converse, structured, stream, broken_streams, errors, embeddings, tokens_and_guardrails, pictures, policies]
for check in [*CHECKS, batch_jobs]:
    check()
    print(check.__name__)
print("ok")
