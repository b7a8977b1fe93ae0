"""The AWS CLI against the endpoint. It finds its keys in the file that the endpoint wrote."""

import base64
import json
import os
import time

from common import BIG, BUCKET, ODD_KEYS, TOOLS, URL, deleted, done, equal, put, run

os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
os.environ["AWS_MAX_ATTEMPTS"] = "1"
S3 = f"s3://{BUCKET}"


def aws(*arguments, **options):
    return run(f"{TOOLS}/aws", "--endpoint-url", URL, *arguments, **options)


def api(operation, key=None, *arguments, fails=None):
    named = ["--key", key] if key else []
    out = aws("s3api", operation, "--bucket", BUCKET, *named, *arguments, fails=fails)
    return json.loads(out) if out and not fails else None


def write(name, body):
    with open(name, "wb") as file:
        file.write(body)


write("small", b"0123456789")
write("big", BIG)
for key in ODD_KEYS[:5]:
    aws("s3", "cp", "small", f"{S3}/{key}")
    put(key)
    equal(aws("s3", "cp", f"{S3}/{key}", "-"), b"0123456789", key)
aws("s3", "cp", "big", f"{S3}/big")  # multipart: it is over 8 MB
put("big")
aws("s3", "cp", f"{S3}/big", "back")
equal(open("back", "rb").read() == BIG, True, "big comes back")
assert api("head-object", "big")["ETag"].endswith('-2"')

api("get-object", "a b  c.jpg", "--range", "bytes=2-4", "part")
equal(open("part", "rb").read(), b"234")
api("put-object", "small", "--body", "small", "--if-none-match", "*")
put("small")
api("put-object", "small", "--body", "small", "--if-none-match", "*", fails="PreconditionFailed")
etag = api("head-object", "small")["ETag"]
api("get-object", "small", "--if-none-match", etag, "part", fails="304")
api("get-object", "small", "--if-match", '"0"', "part", fails="PreconditionFailed")
api("put-object", "wrong", "--body", "small", "--content-md5", base64.b64encode(b"0" * 16).decode(), fails="BadDigest")
api("put-object", "a//b", "--body", "small", fails="InvalidArgument")
api("put-object", "small/below", "--body", "small", fails="InvalidArgument")

os.makedirs("tree/sub")
write("tree/one", b"1")
write("tree/sub/two", b"2")
aws("s3", "sync", "tree", f"{S3}/tree")
put("tree/one")
put("tree/sub/two")
equal(aws("s3", "sync", "tree", f"{S3}/tree"), b"", "nothing to sync again")
listed = aws("s3", "ls", f"{S3}/tree/").decode()
assert "PRE sub/" in listed and "one" in listed and "two" not in listed, listed
aws("s3", "cp", f"{S3}/tree/one", f"{S3}/copied")
put("copied")
aws("s3", "mv", f"{S3}/copied", f"{S3}/moved")
put("moved")
deleted("copied")
aws("s3", "rm", "--recursive", f"{S3}/tree")
deleted("tree/one")
deleted("tree/sub/two")

link = aws("s3", "presign", f"{S3}/small").decode().strip()
equal(run("curl", "-sS", link), b"0123456789")
equal(run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", link[:-1] + ("0" if link[-1] != "0" else "1")), b"403")
link = aws("s3", "presign", "--expires-in", "1", f"{S3}/small").decode().strip()
time.sleep(2.1)
assert b"AccessDenied" in run("curl", "-sS", link)
wrong = {"AWS_ACCESS_KEY_ID": os.environ["S3_ACCESS_KEY"], "AWS_SECRET_ACCESS_KEY": "wrong"}
aws("s3", "ls", S3, env=wrong, fails="SignatureDoesNotMatch")
done()
