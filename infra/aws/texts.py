"""Texts: a model is asked once and paid once, however often its task is delivered, and the command line shows what it said and cost.

Bedrock is our own double on the loopback; it writes down every call that it gets.
"""

import json

from cloud import check, greenroom, until, upload

KEY = "described/portrait.jpg"
N_DELIVERIES = 10


def texts(cloud, aws, picture, calls):
    task = announced(cloud, aws, picture)
    state = lambda: (cloud.manifest(task["asset"]) or {"readiness": {"state": None}})["readiness"]["state"]
    until(lambda: state() == "ready", "the described picture is ready", 180)
    quiet(cloud)
    words = paid_once(cloud, calls)
    # The same again when everything is there.
    for _ in range(N_DELIVERIES):
        cloud.send("CaptionQueue", json.dumps(task))
    quiet(cloud)
    check(paid_once(cloud, calls) == words, "late deliveries change nothing")
    print(f"a picture was described: {2 * N_DELIVERIES} deliveries of its task, one call, one charge")
    decided(cloud, words)


def announced(cloud, aws, picture):
    """Uploads a picture while `caption` sleeps, and puts ten of its one task into the queue: they are delivered at the same time."""
    mapping = cloud.names["CaptionFunctionQueue"]
    cloud.lambdas.update_event_source_mapping(UUID=mapping, Enabled=False)
    wrong = [found["name"] for found in greenroom(cloud, "doctor", code=1) if found["ok"] is False]
    check(wrong == ["triggers"], "`doctor` finds a queue that feeds nothing", wrong)
    upload(cloud, aws, picture, KEY)
    until(lambda: cloud.depth("CaptionQueue") == 1, "the task waits", 120)
    queue = cloud.names["CaptionQueue"]
    [message] = cloud.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    cloud.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    for _ in range(N_DELIVERIES):
        cloud.send("CaptionQueue", message["Body"])
    cloud.lambdas.update_event_source_mapping(UUID=mapping, Enabled=True)
    return json.loads(message["Body"])


def quiet(cloud):
    until(lambda: not cloud.depth("CaptionQueue") and not cloud.depth("SettleQueue"), "the queues are empty", 120)
    check(cloud.depth("CaptionDeadQueue") == 0, "no text died")


def paid_once(cloud, calls):
    """One call, one charge, in the table that stays; returns the words."""
    asked = [json.loads(line)["operation"] for line in calls.read_text().splitlines()]
    check(asked.count("Converse") == 1, "the model was asked once", asked)
    check(set(asked) == {"Converse", "InvokeModel"}, "what was asked besides are embeddings", asked)
    partitions = lambda table: [item["pk"].split("#")[0] for item in cloud.table(table).scan()["Items"]]
    ledger = partitions("LedgerTable")
    charges = {kind: ledger.count(kind) for kind in set(ledger)}
    counted = {kind: charges.get(kind) for kind in ["spend", "spending"]}
    check(counted == {"spend": len(asked), "spending": len(asked)}, "the ledger has one charge per call", (charges, asked))
    strays = {"spend", "spending", "account"} & set(partitions("Table"))
    check(not strays, "no money in the table that is rebuilt", strays)
    [row] = [row for row in greenroom(cloud, "cost")["rows"] if row["capability"] == "alt_text"]
    counted = (row["capability"], row["calls"], row["failed"], row["unsettled"], row["micro_usd"] > 0)
    check(counted == ("alt_text", 1, 0, 0, True), "`cost` shows it", row)
    [text] = greenroom(cloud, "why", KEY, "--field", "alt_text")
    written = text["written"]["provenance"]
    check((text["status"], written["model_asked"]) == ("machine", "claude-haiku-4-5"), "`why` shows whose words they are", text)
    check(written["cost"] == row["micro_usd"], "the cost is that of the ledger", (written["cost"], row))
    check(text["text"].startswith("A woman in an orange"), "the words are the model's", text)
    return text["text"]


def decided(cloud, words):
    """A person's word on it, by the command line."""
    check(greenroom(cloud, "review", "ls") == [], "nothing waits for a person")
    better = "Astronaut Eileen Collins."
    greenroom(cloud, "review", "edit", KEY, "--text", better, "--by", "ada")
    text = lambda: greenroom(cloud, "why", KEY, "--field", "alt_text")[0]
    until(lambda: text()["text"] == better, "a person's words count", 60)
    check((text()["status"], text()["written"]["text"]) == ("human", words), "the model's stay beside them", text())
    print("the command line shows whose words they are and what they cost, and takes a person's")


def tagged(cloud, aws, picture):
    """Tags come from the vocabulary that was packed, whatever the model says."""
    key = "tagged/portrait.jpg"
    upload(cloud, aws, picture, key)
    state = lambda: {row["key"]: row["state"] for row in greenroom(cloud, "ls")}.get(key)
    until(lambda: state() == "ready", "the tagged picture is ready", 180)
    [tags] = greenroom(cloud, "why", key, "--field", "tags")
    found = (tags["text"], tags["status"], tags["written"]["suggestions"])
    check(found == ("astronaut", "machine", ["moon", "space suit"]), "a tag is a term, and the rest are suggestions", tags)
    charges = {row["capability"]: row["calls"] for row in greenroom(cloud, "cost")["rows"]}
    check((charges["alt_text"], charges["tags"]) == (1, 1), "`cost` shows both", charges)
    check(cloud.depth("TagDeadQueue") == 0, "no tag died")
    print("a picture was tagged from the packed vocabulary")
