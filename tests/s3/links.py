"""curl, as a browser uses the endpoint: preflights and signed links."""

import os
import time

import boto3
from botocore.config import Config

from common import ACCESS_KEY, BUCKET, ODD_KEYS, SECRET_KEY, URL, done, equal, put, run

ORIGIN = os.environ["CONSOLE_ORIGIN"]
s3 = boto3.client("s3", endpoint_url=URL, aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY, region_name="us-east-1",
                  config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))


def link(operation, key, seconds=60):
    return s3.generate_presigned_url(operation, Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=seconds)


def curl(*arguments):
    """Returns status, headers in lower case, and body."""
    out = run("curl", "-sS", "-i", "--path-as-is", *arguments)
    while True:
        head, _, body = out.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        if lines[0].split()[1] != "100":
            break
        out = body
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split()[1]), headers, body


asked = ["-H", "Access-Control-Request-Method: PUT", "-H", "Access-Control-Request-Headers: content-type"]
status, headers, _ = curl("-X", "OPTIONS", "-H", f"Origin: {ORIGIN}", *asked, link("put_object", "a.png"))
equal((status, headers["access-control-allow-origin"], headers["access-control-allow-headers"]), (200, ORIGIN, "content-type"))
assert "PUT" in headers["access-control-allow-methods"]
status, headers, _ = curl("-X", "OPTIONS", "-H", "Origin: http://evil.test", *asked, link("put_object", "a.png"))
equal((status, "access-control-allow-origin" in headers), (403, False))

for key in ODD_KEYS:
    status, headers, body = curl("-X", "PUT", "-H", f"Origin: {ORIGIN}", "--data-binary", "data", link("put_object", key))
    equal((status, headers["access-control-allow-origin"]), (200, ORIGIN), f"{key}: {body}")
    assert "ETag" in headers["access-control-expose-headers"] and headers["etag"]
    put(key)
    status, headers, body = curl("-H", "Origin: http://evil.test", link("get_object", key))
    equal((status, body, "access-control-allow-origin" in headers), (200, b"data", False), key)

good = link("put_object", "b.png")
equal(curl("-X", "PUT", "--data", "x", good.replace("b.png", "c.png"))[0], 403, "another key")
equal(curl("-X", "PUT", "--data", "x", good[:-1] + ("0" if good[-1] != "0" else "1"))[0], 403, "another signature")
equal(curl(good)[0], 403, "another method")
old = link("put_object", "b.png", 1)
time.sleep(2.1)
equal(curl("-X", "PUT", "--data", "x", old)[0], 403, "expired")
equal(curl("-X", "PUT", "--data", "x", f"{URL}/{BUCKET}/b.png")[0], 403, "unsigned")
equal(curl(f"{URL}/{BUCKET}/a.png?AWSAccessKeyId={ACCESS_KEY}&Signature=x&Expires=9999999999")[0], 403, "the old signature")
equal(curl("-H", f"Authorization: AWS {ACCESS_KEY}:x", f"{URL}/{BUCKET}/a.png")[0], 400, "the old signature in a header")

# Names that lead out of the folder, spelled so that no client resolves them.
for escape in ["..%2F..%2Fetc%2Fpasswd", "..", "a/../../b", "%2e%2e/x", "a%5Cb", "a%00b"]:
    status, _, body = curl("-X", "PUT", "--data", "x", f"{URL}/{BUCKET}/{escape}")
    assert 400 <= status < 500, (escape, status)
for key in ["../escaped", "a/../../escaped", "..", ".", "a\\b"]:
    status, _, body = curl("-X", "PUT", "--data", "x", link("put_object", key))
    assert status == 400 and b"InvalidArgument" in body, (key, status, body)
    status, _, _ = curl(link("get_object", key))
    equal(status, 400, key)
done()
