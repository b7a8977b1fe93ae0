"""boto3 against the endpoint."""

import base64
import hashlib
import re
import threading
import time
import urllib.error
import urllib.request
import zlib

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from common import ACCESS_KEY, BIG, BUCKET, LONG_KEY, ODD_KEYS, SECRET_KEY, URL, deleted, done, equal, put


def client(secret=SECRET_KEY, version=None):
    config = Config(signature_version=version, retries={"max_attempts": 1}, s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=60)
    return boto3.client("s3", endpoint_url=URL, aws_access_key_id=ACCESS_KEY, aws_secret_access_key=secret,
                        region_name="us-east-1", config=config)


def code(call, **arguments):
    try:
        call(Bucket=BUCKET, **arguments)
        return "OK"
    except ClientError as error:
        return f"{error.response['Error']['Code']}/{error.response['ResponseMetadata']['HTTPStatusCode']}"


def http(method, url, data=None, headers={}):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, method=method, headers=headers), timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


s3 = client()

# Buckets.
equal([b["Name"] for b in s3.list_buckets()["Buckets"]], [BUCKET])
s3.head_bucket(Bucket=BUCKET)
equal(s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"], None)
equal(code(s3.create_bucket), "BucketAlreadyOwnedByYou/409")

# Odd keys come back as they went, bytes and names.
for key in ODD_KEYS:
    etag = s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())["ETag"]
    put(key)
    equal(etag.strip('"'), hashlib.md5(key.encode()).hexdigest(), key)
    equal(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read(), key.encode(), key)
equal(sorted(o["Key"] for o in s3.list_objects_v2(Bucket=BUCKET)["Contents"]), sorted(ODD_KEYS))
equal(sorted(o["Key"] for o in s3.list_objects(Bucket=BUCKET)["Contents"]), sorted(ODD_KEYS))

# Keys that no file can have are refused, and lead nowhere. (The HTTP client resolves `..` itself unless it is escaped.)
for key in ["a//b", "/a", "a/./b", "a\\b", "x" * 256, "a/" + "y" * 300]:
    assert "/400" in code(s3.put_object, Key=key, Body=b"x"), key

# Metadata.
s3.put_object(Bucket=BUCKET, Key="meta", Body=b"hello", ContentType="text/plain", Metadata={"k": "v"}, Tagging="x=1",
              CacheControl="no-cache", ContentDisposition="attachment")
put("meta")
got = s3.get_object(Bucket=BUCKET, Key="meta")
equal((got["Metadata"], got["ContentType"], got["CacheControl"]), ({"k": "v"}, "text/plain", "no-cache"))
equal(got["ContentDisposition"], "attachment")
equal(s3.get_object_tagging(Bucket=BUCKET, Key="meta")["TagSet"], [{"Key": "x", "Value": "1"}])
got = s3.get_object(Bucket=BUCKET, Key="meta", ResponseContentType="image/png", ResponseContentDisposition="inline")
equal((got["ContentType"], got["ContentDisposition"]), ("image/png", "inline"))
equal(code(s3.head_object, Key="nothing"), "404/404")
equal(code(s3.get_object, Key="nothing"), "NoSuchKey/404")

# Ranges.
s3.put_object(Bucket=BUCKET, Key="range", Body=b"0123456789")
put("range")
for asked, body, said in [("bytes=2-4", b"234", "bytes 2-4/10"), ("bytes=-3", b"789", "bytes 7-9/10"), ("bytes=8-", b"89", "bytes 8-9/10")]:
    got = s3.get_object(Bucket=BUCKET, Key="range", Range=asked)
    equal((got["Body"].read(), got["ContentRange"], got["ResponseMetadata"]["HTTPStatusCode"]), (body, said, 206))
equal(code(s3.get_object, Key="range", Range="bytes=20-30"), "InvalidRange/416")

# Conditions.
etag = s3.head_object(Bucket=BUCKET, Key="range")["ETag"]
equal(code(s3.get_object, Key="range", IfNoneMatch=etag), "304/304")
equal(code(s3.get_object, Key="range", IfMatch='"0"'), "PreconditionFailed/412")
modified = s3.head_object(Bucket=BUCKET, Key="range")["LastModified"]
equal(code(s3.get_object, Key="range", IfModifiedSince=modified), "304/304")
equal(code(s3.put_object, Key="range", Body=b"x", IfNoneMatch="*"), "PreconditionFailed/412")
equal(code(s3.put_object, Key="range", Body=b"x", IfMatch='"0"'), "PreconditionFailed/412")
equal(code(s3.put_object, Key="absent", Body=b"x", IfMatch=etag), "NoSuchKey/404")
equal(code(s3.put_object, Key="range", Body=b"new", IfMatch=etag), "OK")
put("range")
equal(code(s3.delete_object, Key="range", IfMatch=etag), "PreconditionFailed/412")
results = []
racers = [threading.Thread(target=lambda i=i: results.append(code(client().put_object, Key="race", Body=b"%d" % i, IfNoneMatch="*"))) for i in range(16)]
[racer.start() for racer in racers]
[racer.join() for racer in racers]
equal(results.count("OK"), 1, results)
put("race")

# Checksums.
for algorithm in ["CRC32", "SHA1", "SHA256"]:
    name = "Checksum" + algorithm
    said = s3.put_object(Bucket=BUCKET, Key=algorithm, Body=b"hello", ChecksumAlgorithm=algorithm)[name]
    put(algorithm)
    equal(s3.head_object(Bucket=BUCKET, Key=algorithm, ChecksumMode="ENABLED")[name], said)
wrong = base64.b64encode(b"0" * 32).decode()
equal(code(s3.put_object, Key="wrong", Body=b"hello", ChecksumSHA256=wrong), "BadDigest/400")
equal(code(s3.put_object, Key="wrong", Body=b"hello", ContentMD5=base64.b64encode(b"0" * 16).decode()), "BadDigest/400")
equal(code(s3.put_object, Key="wrong", Body=b"hello", ContentMD5="nonsense"), "InvalidDigest/400")
equal(code(s3.get_object, Key="wrong"), "NoSuchKey/404")

# Multipart: by the transfer manager, by hand, refused, aborted.
with open("big", "wb") as file:
    file.write(BIG)
s3.upload_file("big", BUCKET, "big", Config=TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
put("big")
head = s3.head_object(Bucket=BUCKET, Key="big")
equal((head["ContentLength"], head["ETag"][-3:]), (len(BIG), '-2"'))
s3.download_file(BUCKET, "big", "back", Config=TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
equal(open("back", "rb").read() == BIG, True, "big comes back")


def upload(key, bodies, algorithm=None, **arguments):
    with_algorithm = {"ChecksumAlgorithm": algorithm} if algorithm else {}
    upload_id = s3.create_multipart_upload(Bucket=BUCKET, Key=key, **with_algorithm, **arguments)["UploadId"]
    parts = []
    for number, body in enumerate(bodies, 1):
        part = s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload_id, PartNumber=number, Body=body, **with_algorithm)
        sum = {f"Checksum{algorithm}": part[f"Checksum{algorithm}"]} if algorithm else {}
        parts.append({"PartNumber": number, "ETag": part["ETag"], **sum})
    return upload_id, parts


halves = [BIG[: 5 << 20], BIG[5 << 20 :]]
upload_id, parts = upload("composite", halves, "SHA256", Metadata={"m": "1"}, ContentType="image/tiff")
equal([u["UploadId"] for u in s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]], [upload_id])
equal([p["Size"] for p in s3.list_parts(Bucket=BUCKET, Key="composite", UploadId=upload_id)["Parts"]], [len(h) for h in halves])
whole = s3.complete_multipart_upload(Bucket=BUCKET, Key="composite", UploadId=upload_id, MultipartUpload={"Parts": parts})
put("composite")
composite = base64.b64encode(hashlib.sha256(b"".join(hashlib.sha256(h).digest() for h in halves)).digest()).decode() + "-2"
equal(whole["ChecksumSHA256"], composite)
md5 = hashlib.md5(b"".join(hashlib.md5(h).digest() for h in halves)).hexdigest()
equal(whole["ETag"], f'"{md5}-2"')
head = s3.head_object(Bucket=BUCKET, Key="composite", ChecksumMode="ENABLED")
equal((head["ChecksumSHA256"], head["ChecksumType"], head["Metadata"], head["ContentType"]), (composite, "COMPOSITE", {"m": "1"}, "image/tiff"))
upload_id, parts = upload("full", halves, "CRC32", ChecksumType="FULL_OBJECT")
equal(code(s3.complete_multipart_upload, Key="full", UploadId=upload_id, MultipartUpload={"Parts": parts}, ChecksumCRC32="AAAAAA==", ChecksumType="FULL_OBJECT"), "BadDigest/400")
whole = s3.complete_multipart_upload(Bucket=BUCKET, Key="full", UploadId=upload_id, MultipartUpload={"Parts": parts})
put("full")
equal(whole["ChecksumCRC32"], base64.b64encode(zlib.crc32(BIG).to_bytes(4, "big")).decode())
upload_id, parts = upload("tiny", [b"tiny", b"tiny"])
equal(code(s3.complete_multipart_upload, Key="tiny", UploadId=upload_id, MultipartUpload={"Parts": parts}), "EntityTooSmall/400")
equal(code(s3.complete_multipart_upload, Key="tiny", UploadId=upload_id, MultipartUpload={"Parts": parts[::-1]}), "InvalidPartOrder/400")
s3.abort_multipart_upload(Bucket=BUCKET, Key="tiny", UploadId=upload_id)
equal(code(s3.list_parts, Key="tiny", UploadId=upload_id), "NoSuchUpload/404")
upload_id, parts = upload("copied", halves[:1])
part = s3.upload_part_copy(Bucket=BUCKET, Key="copied", UploadId=upload_id, PartNumber=2, CopySource={"Bucket": BUCKET, "Key": "big"}, CopySourceRange="bytes=0-99")
parts.append({"PartNumber": 2, "ETag": part["CopyPartResult"]["ETag"]})
s3.complete_multipart_upload(Bucket=BUCKET, Key="copied", UploadId=upload_id, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
put("copied")
equal(s3.get_object(Bucket=BUCKET, Key="copied")["Body"].read() == halves[0] + BIG[:100], True, "part copy")

# Listing.
for key in ["l/1", "l/2", "l/a/1", "l/a/2", "l/b/1", "l/c"]:
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    put(key)
page = s3.list_objects_v2(Bucket=BUCKET, Prefix="l/", Delimiter="/")
equal([o["Key"] for o in page["Contents"]], ["l/1", "l/2", "l/c"])
equal([p["Prefix"] for p in page["CommonPrefixes"]], ["l/a/", "l/b/"])
for operation in ["list_objects", "list_objects_v2"]:
    found = []
    for page in s3.get_paginator(operation).paginate(Bucket=BUCKET, Prefix="l/", Delimiter="/", PaginationConfig={"PageSize": 1}):
        entries = [o["Key"] for o in page.get("Contents", [])] + [p["Prefix"] for p in page.get("CommonPrefixes", [])]
        equal(len(entries), 1, operation)
        found += entries
    equal(found, ["l/1", "l/2", "l/a/", "l/b/", "l/c"], operation)
equal([o["Key"] for o in s3.list_objects_v2(Bucket=BUCKET, Prefix="l/", StartAfter="l/a/1")["Contents"]], ["l/a/2", "l/b/1", "l/c"])
equal(s3.list_objects_v2(Bucket=BUCKET, Prefix="nothing/")["KeyCount"], 0)

# Copies.
s3.copy_object(Bucket=BUCKET, Key="copy of meta", CopySource={"Bucket": BUCKET, "Key": "meta"})
put("copy of meta")
equal(s3.head_object(Bucket=BUCKET, Key="copy of meta")["Metadata"], {"k": "v"})
s3.copy_object(Bucket=BUCKET, Key="meta", CopySource={"Bucket": BUCKET, "Key": "meta"}, MetadataDirective="REPLACE", Metadata={"n": "w"})
put("meta")
equal(s3.head_object(Bucket=BUCKET, Key="meta")["Metadata"], {"n": "w"})
equal(code(s3.copy_object, Key="meta", CopySource={"Bucket": BUCKET, "Key": "meta"}), "InvalidRequest/400")

# Links and forms, signed in the new way and in the old one, which is still boto3's default for us-east-1.
for version, key in [("s3v4", "link 1+%2B.png"), ("s3v4", LONG_KEY), ("s3", "old link 🦀.png")]:
    signer = client(version=version)
    url = signer.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": key, "ContentType": "image/png"}, ExpiresIn=60)
    equal(http("PUT", url, b"data", {"Content-Type": "image/png"})[0], 200, key)
    put(key)
    url = signer.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=60)
    equal(http("GET", url), (200, b"data"), key)
    equal(http("GET", re.sub("Signature=(.)", lambda found: "Signature=" + ("b" if found[1] == "a" else "a"), url))[0], 403)
    equal(http("GET", re.sub(r"Expires=\d+", lambda found: found[0] + "0", url))[0], 403)
    old = signer.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=1)
    time.sleep(2.1)
    equal(http("GET", old)[0], 403, "expired")
    form = signer.generate_presigned_post(BUCKET, f"form {version}", Conditions=[["content-length-range", 1, 10]], ExpiresIn=60)
    for body, status in [(b"x" * 11, 400), (b"abc", 204)]:
        fields = "".join(f'--XX\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in form["fields"].items())
        data = f'{fields}--XX\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'.encode() + body + b"\r\n--XX--\r\n"
        equal(http("POST", form["url"], data, {"Content-Type": "multipart/form-data; boundary=XX"})[0], status, version)
    put(f"form {version}")
    equal(s3.get_object(Bucket=BUCKET, Key=f"form {version}")["Body"].read(), b"abc")

# Who.
equal(code(client("wrong").list_objects_v2), "SignatureDoesNotMatch/403")
equal(http("GET", f"{URL}/{BUCKET}/meta")[0], 403, "anonymous")

# Deletes: one, one that is not there, many.
s3.delete_object(Bucket=BUCKET, Key="meta")
deleted("meta")
s3.delete_object(Bucket=BUCKET, Key="meta")
keys = ["l/1", "l/2", *ODD_KEYS]
answer = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in [*keys, "a//b"]]})
equal(sorted(d["Key"] for d in answer["Deleted"]), sorted(keys))
equal([e["Key"] for e in answer["Errors"]], ["a//b"])
for key in keys:
    deleted(key)
# Written again at once: later than its own delete.
s3.put_object(Bucket=BUCKET, Key="l/1", Body=b"x")
put("l/1")
done()
