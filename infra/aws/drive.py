#!/usr/bin/env python3
"""Deploys the expanded template with the packaged functions on an emulator and drives it as its users do, with AWS's own clients.

An upload becomes Ready with the same bytes as on one machine; a duplicate changes nothing; a message that is no message is dropped; a task
that cannot be done ends among the dead letters and, once its cause is gone, is redriven; a replaced key shows nothing stale; a deleted key
leaves a tombstone; a model that describes a picture is asked and paid once, however often its task is delivered; the console answers
behind its token.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from cloud import REGION, STACK, Cloud, check, greenroom, until, upload
from jsonschema import Draft202012Validator
from runtime_api import Function, batch
from texts import tagged, texts

EVENTS = Path(__file__).parents[2] / "events"


def outputs_of(manifest):
    """What a manifest lists, in the form of `greenroom ls --json`."""
    steps = manifest["readiness"]["steps"]
    outputs = [output for step in steps for output in step["status"].get("outputs", [])]
    return sorted((o["view"], o["format"], o["width"], o["sha256"]) for o in outputs), outputs


def ready(cloud, asset, sha256, seconds=180):
    def holds():
        manifest = cloud.manifest(asset)
        readiness = manifest["readiness"] if manifest else {}
        return readiness.get("state") == "ready" and readiness.get("version") == sha256 and manifest

    return until(holds, f"{asset} is ready", seconds)


def same_bytes(cloud, manifest, expected):
    found, outputs = outputs_of(manifest)
    wanted = sorted((o["view"], o["format"], o["width"], o["sha256"]) for o in expected)
    check(found == wanted, "the same renditions as on one machine", f"{len(found)} against {len(wanted)}: {set(found) ^ set(wanted)}")
    for output in outputs:
        body = cloud.object(output["key"])
        check(hashlib.sha256(body).hexdigest() == output["sha256"], "the bytes are those of the manifest", output["key"])
    return len(outputs)


def main():
    parser = argparse.ArgumentParser()
    for name in ["endpoint", "stack", "packages", "expected", "samples", "calls"]:
        parser.add_argument(f"--{name}", required=True)
    args = parser.parse_args()
    aws = Path(sys.executable).with_name("aws")
    samples, rows = Path(args.samples), json.loads(Path(args.expected).read_text())
    first, second = sorted(rows, key=lambda row: row["key"])
    cloud = Cloud(args.endpoint)
    cloud.deploy(Path(args.stack), Path(args.packages))

    key, asset = first["key"], first["asset"]
    begin = time.monotonic()
    upload(cloud, aws, samples / key, key)
    manifest = ready(cloud, asset, first["version"])
    print(f"ready {time.monotonic() - begin:.1f} s after the upload began: {manifest['readiness']['state']}")
    n_outputs = same_bytes(cloud, manifest, first["outputs"])
    print(f"the same {n_outputs} renditions as on one machine, byte for byte")
    until(lambda: not cloud.depth("SettleQueue") and not cloud.depth("ResizeQueue"), "the queues are empty", 60)

    operator(cloud, first)

    # A duplicate: the notification of the same arrival once more, as S3 may send it.
    arrival = next(iter(manifest["arrivals"].values()))
    detail = {
        "bucket": {"name": cloud.names["InboxBucket"]},
        "object": {"key": key, "size": first["bytes"], "etag": arrival["change"]["etag"], "sequencer": arrival["sequencer"]},
        "reason": "PutObject",
    }
    event = {"version": "0", "source": "aws.s3", "detail-type": "Object Created", "detail": detail}
    event["time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    before = cloud.manifest(asset)
    n_settled = cloud.said("Settle", "time_to_ready")
    cloud.send("IngestQueue", json.dumps(event))
    cloud.send("IngestQueue", "this is no notification")
    until(lambda: cloud.said("Ingest", "malformed message"), "the malformed message is refused in the log", 60)
    until(lambda: not cloud.depth("IngestQueue") and not cloud.depth("SettleQueue"), "the queues are empty", 60)
    check(cloud.manifest(asset) == before, "a duplicate changes nothing", "the manifest moved")
    check(cloud.depth("IngestDeadQueue") == 0, "a malformed message is dropped", "it is among the dead letters")
    print("a duplicate changed nothing; a malformed message was dropped with a word in the log")

    # Poison: a task whose original is missing fails until it is given up by the queue.
    task = json.loads((EVENTS / "samples/resize/inspect.json").read_text())
    original = f"assets/{task['asset']}/versions/{task['source']}/original"
    check(cloud.object(original) is None, "the original is missing", original)
    cloud.send("ResizeQueue", json.dumps(task))
    until(lambda: cloud.depth("ResizeDeadQueue") == 1, "the poisoned task is a dead letter", 240)
    body = (samples / key).read_bytes()
    cloud.s3.put_object(Bucket=cloud.names["StoreBucket"], Key=original, Body=body)
    redrive(cloud, task)
    results = f"assets/{task['asset']}/facts/results/"

    def result():
        listed = cloud.s3.list_objects_v2(Bucket=cloud.names["StoreBucket"], Prefix=results)
        return listed.get("Contents")

    until(result, "the redriven task has a result", 120)
    check(cloud.depth("ResizeDeadQueue") == 0, "the dead letters are gone", "")
    print("a task that could not be done died, and was done after its redrive")

    # A replaced key: other bytes under the same key.
    upload(cloud, aws, samples / second["key"], key)
    manifest = ready(cloud, asset, second["version"])
    same_bytes(cloud, manifest, second["outputs"])
    check(cloud.object(f"assets/{asset}/versions/{first['version']}/original"), "the old version is kept", "")
    print("a replaced key shows the new version only, and keeps the old one's original")

    texts(cloud, aws, samples / key, Path(args.calls))
    tagged(cloud, aws, samples / key)
    described(cloud)
    cloud.s3.delete_object(Bucket=cloud.names["InboxBucket"], Key=key)
    until(lambda: cloud.manifest(asset)["readiness"]["state"] == "deleted", "the deleted key is a tombstone", 120)
    folder = f"assets/{asset}/renditions/"
    listed = lambda: cloud.s3.list_objects_v2(Bucket=cloud.names["StoreBucket"], Prefix=folder).get("KeyCount", 0)
    until(lambda: listed() == 0, "its renditions are gone", 60)
    print("a deleted key left a tombstone")

    console(cloud, asset, first["version"])
    bootstraps(cloud, Path(args.packages))
    for queue in ["IngestDeadQueue", "ResizeDeadQueue", "CaptionDeadQueue", "TagDeadQueue", "SettleDeadQueue", "DeliveryDeadQueue"]:
        check(cloud.depth(queue) == 0, "no message died", queue)


def described(cloud):
    """Every object in the store and every sample of a message is as its schema says, by a validator that others wrote."""
    schemas = {path.stem: Draft202012Validator(json.loads(path.read_text())) for path in (EVENTS / "schema").glob("*.json")}
    kinds = {"manifest.json": "manifest", "facts/arrivals/": "arrival", "facts/results/": "result", "facts/verdicts/": "verdict"}
    pages = cloud.s3.get_paginator("list_objects_v2").paginate(Bucket=cloud.names["StoreBucket"], Prefix="assets/")
    found = [(o["Key"], kind) for page in pages for o in page["Contents"] for part, kind in kinds.items() if part in o["Key"]]
    texts = [(kind, key, cloud.object(key)) for key, kind in found]
    for folder, schema in [("resize", "task"), ("caption", "task"), ("tag", "task"), ("settle", "settle")]:
        texts += [(schema, path.name, path.read_text()) for path in (EVENTS / "samples" / folder).glob("*.json")]
    for schema, name, text in texts:
        errors = [error.message for error in schemas[schema].iter_errors(json.loads(text))]
        check(not errors, "it is as its schema says", (name, errors[:3]))
    print(f"{len(texts)} objects and messages are as their schemas say")


def operator(cloud, expected):
    """What an operator sees and asks for: the same as on one machine, but for where the outputs lie."""
    def without_place(row):
        return {**row, "outputs": [{name: output[name] for name in output if name != "path"} for output in row["outputs"]]}

    rows = greenroom(cloud, "ls")
    check([without_place(row) for row in rows] == [without_place(expected)], "`ls` lists what is there", rows)
    store = f"s3://{cloud.names['StoreBucket']}/"
    for output in rows[0]["outputs"]:
        key = output["path"].removeprefix(store)
        body = cloud.object(key) if output["path"].startswith(store) else None
        check(body and hashlib.sha256(body).hexdigest() == output["sha256"], "`ls` says where an output lies", output)
    check(greenroom(cloud, "why", expected["key"]) == cloud.manifest(expected["asset"]), "`why` shows the manifest")
    error = greenroom(cloud, "why", "nothing.jpg", code=1)["error"]
    check(f"greenroom --aws {STACK} ls" in error, "what is not there is named with the way out", error)
    status = greenroom(cloud, "status")
    check(status["assets"]["ready"] == 1 and sum(status["assets"].values()) == 1, "`status` counts", status)
    check([queue["name"] for queue in status["queues"]] == ["ingest", "resize", "caption", "tag", "settle", "delivery"], "`status` names queues", status)
    wrong = [found for found in greenroom(cloud, "doctor") if found["ok"] is False]
    check(not wrong, "`doctor` finds nothing wrong", wrong)
    check(greenroom(cloud, "retry", expected["key"])["retried"] == [], "`retry` has nothing to try again")

    # Notifications are replaced as a whole by whoever sets them: uploads are then lost without a word, but for the doctor's.
    inbox = cloud.names["InboxBucket"]
    cloud.s3.put_bucket_notification_configuration(Bucket=inbox, NotificationConfiguration={})
    wrong = [found["name"] for found in greenroom(cloud, "doctor", code=1) if found["ok"] is False]
    cloud.s3.put_bucket_notification_configuration(Bucket=inbox, NotificationConfiguration={"EventBridgeConfiguration": {}})
    check(wrong == ["events"], "`doctor` finds an inbox that tells nobody", wrong)

    # The catalog is a projection: gone, and made again from the store.
    until(lambda: not cloud.depth("SettleQueue"), "the retry was looked at", 60)
    table = cloud.table("Table")
    for item in table.scan()["Items"]:
        table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
    check(greenroom(cloud, "ls") == [], "the catalog is gone")
    check(greenroom(cloud, "sweep", "--all") == {"asked": "all"}, "`sweep` asks")
    check(until(lambda: greenroom(cloud, "ls"), "the catalog is back", 60) == rows, "a sweep of all rebuilds the catalog")
    until(lambda: not cloud.depth("SettleQueue") and not cloud.depth("ResizeQueue"), "the queues are empty", 60)
    print("the command line sees, asks and finds faults on the stack as on one machine")


def redrive(cloud, task):
    """A dead letter is shown, is a finding, and is delivered again."""
    dead = {queue["name"]: queue["dead_letters"] for queue in greenroom(cloud, "status")["queues"]}
    check([json.loads(letter["body"]) for letter in dead["resize"]] == [task], "`status` shows the dead letter", dead)
    wrong = [found["name"] for found in greenroom(cloud, "doctor", code=1) if found["ok"] is False]
    check(wrong == ["resize"], "`doctor` finds the dead letter", wrong)
    moved = greenroom(cloud, "redrive")
    check(moved == {"ingest": 0, "resize": 1, "caption": 0, "tag": 0, "settle": 0, "delivery": 0}, "`redrive` delivers it again", moved)


def console(cloud, asset, sha256):
    """The console's function, called with the event of an HTTP API; the asset has an original of that hash."""
    token = cloud.secrets.get_secret_value(SecretId=cloud.names["ConsoleSecret"])["SecretString"]
    host = cloud.outputs["ConsoleUrl"].split("//")[1].split("/")[0]

    def get(path, headers, query=""):
        event = json.loads((EVENTS / "samples/http/get.json").read_text())
        event["rawPath"] = event["requestContext"]["http"]["path"] = path
        event["rawQueryString"] = query
        event["headers"] |= {"host": host, **headers}
        event["requestContext"]["domainName"] = host
        answer = cloud.lambdas.invoke(FunctionName=cloud.names["ConsoleFunction"], Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        check("FunctionError" not in answer, "the console answers", payload)
        return payload["statusCode"], payload.get("body", ""), payload["headers"]

    check(get("/health", {})[0] == 200, "the console is healthy")
    check(get("/api/assets", {})[0] == 401, "the console asks for its token")
    status, body, _ = get("/api/assets?", {"authorization": f"Bearer {token}"})
    check(status == 200 and isinstance(json.loads(body), (dict, list)), "the console lists assets", (status, body[:200]))
    status, page, _ = get("/", {"authorization": f"Bearer {token}", "accept": "text/html"})
    check(status == 200 and "<html" in page, "the console shows its gallery", (status, page[:200]))
    # The double's points mean nothing, but its answer is of the same shape, and the whole way is gone.
    status, body, _ = get("/api/assets", {"authorization": f"Bearer {token}"}, "q=astronaut")
    found = json.loads(body)
    check(found["meaning"] == "used", "the console searches by meaning", found)
    check(any(hit["key"] == "tagged/portrait.jpg" for hit in found["assets"]), "it finds what is tagged so", found)
    # An answer of the HTTP API ends at 6 MB; an original does not.
    status, _, headers = get(f"/originals/{asset}/{sha256}", {"authorization": f"Bearer {token}"})
    check(status == 307, "the console sends to the original", (status, headers))
    with urllib.request.urlopen(headers["location"]) as download:
        check(hashlib.sha256(download.read()).hexdigest() == sha256, "the original comes whole", headers["location"])
        check(download.headers["content-disposition"].startswith("attachment;"), "it is a download", download.headers)
    print("the console answers behind its token, searches by meaning, and sends to originals of any size")


def bootstraps(cloud, packages):
    """The packed programs on a Runtime API of ours, where every answer can be seen, with the events of `events/samples`."""
    text = lambda name: (EVENTS / "samples" / name).read_text()
    # Per function: messages, and which of them must come back. What is missing in the store may come yet; nonsense will not get better.
    cases = {
        "ingest": ([text("inbox/s3-put.json"), "nonsense", text("inbox/s3-test-event.json"), text("inbox/eventbridge-created.json")], []),
        "resize": (["nonsense", text("resize/inspect.json").replace("3bfc", "0000"), text("resize/render.json").replace("3bfc", "0000")], [1, 2]),
        "caption": (["nonsense", text("caption/write.json").replace("3bfc", "0000")], [1]),
        "tag": (["nonsense", text("caption/write.json").replace("3bfc", "0000").replace("alt_text", "moderation")], [1]),
        "settle": ([text("settle/settled.json"), '{"sweep":"due"}', "{}"], []),
    }
    for function, (bodies, failing) in cases.items():
        program = str(packages / f"{function}.bootstrap")
        bare = subprocess.run([program], env={}, capture_output=True, text=True)
        error = json.loads(bare.stdout.splitlines()[-1])
        config = cloud.lambdas.get_function_configuration(FunctionName=cloud.names[f"{function.title()}Function"])
        variables = config["Environment"]["Variables"]
        missing = [name for name in variables if name not in error["error"]]
        check(bare.returncode != 0 and not missing, "one error names all missing variables", (function, missing, error))

        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
        process = Function(program, {**variables, **keys, "AWS_ENDPOINT_URL": cloud.endpoint})
        kind, answer = process.invoke(batch(bodies))
        back = [item["itemIdentifier"] for item in answer["batchItemFailures"]] if kind == "response" else answer
        check(back == [f"m{index}" for index in failing], "exactly what must come again comes back", (function, kind, answer))
        kind, answer = process.invoke(batch(bodies[-1:]), seconds=1)
        back = [item["itemIdentifier"] for item in answer["batchItemFailures"]]
        is_begun = "nonsense" in bodies[-1:] or bodies[-1] == "{}"
        check(back == ([] if is_begun else ["m0"]), "nothing is begun too late", (function, answer))
        logged = [json.loads(line) for line in process.end()]
        counted = [line for line in logged if "_aws" in line]
        check(len(counted) == 2 and all(line["function"] == function for line in counted), "each batch is counted", logged)
        check(all("level" in line and "message" in line for line in logged if "_aws" not in line), "logs are JSON", logged)
    print(f"{len(cases)} programs kept the batch law, stopped before the deadline, named what they lack and counted what they did")


if __name__ == "__main__":
    main()
