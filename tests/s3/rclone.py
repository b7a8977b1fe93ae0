"""rclone against the endpoint."""

import os

from common import ACCESS_KEY, BIG, BUCKET, ODD_KEYS, SECRET_KEY, URL, deleted, done, equal, put, run

os.environ.update({
    "RCLONE_CONFIG": "/dev/null", "RCLONE_CONFIG_G_TYPE": "s3", "RCLONE_CONFIG_G_PROVIDER": "Other", "RCLONE_CONFIG_G_ENDPOINT": URL,
    "RCLONE_CONFIG_G_ACCESS_KEY_ID": ACCESS_KEY, "RCLONE_CONFIG_G_SECRET_ACCESS_KEY": SECRET_KEY, "RCLONE_CONFIG_G_REGION": "us-east-1",
    "RCLONE_S3_CHUNK_SIZE": "5M", "RCLONE_S3_UPLOAD_CUTOFF": "8M", "RCLONE_RETRIES": "1", "RCLONE_LOW_LEVEL_RETRIES": "1",
})
G = f"g:{BUCKET}"


def rclone(*arguments, **options):
    return run("rclone", *arguments, **options)


os.makedirs("tree/sub")
for name, body in [("small", b"0123456789"), ("big", BIG), ("tree/one", b"1"), ("tree/sub/two", b"22")]:
    with open(name, "wb") as file:
        file.write(body)
for key in ODD_KEYS:
    rclone("copyto", "small", f"{G}/{key}")
    put(key)
    equal(rclone("cat", f"{G}/{key}"), b"0123456789", key)
rclone("copyto", "big", f"{G}/big")
put("big")
equal(rclone("cat", f"{G}/big") == BIG, True, "big comes back")
equal(rclone("cat", "--offset", "300", "--count", "5", f"{G}/big"), BIG[300:305])
rclone("sync", "tree", f"{G}/tree")
put("tree/one")
put("tree/sub/two")
rclone("check", "--download", "tree", f"{G}/tree")
rclone("check", "tree", f"{G}/tree")  # by MD5
rclone("sync", "tree", f"{G}/tree")  # nothing to do: no events
equal(sorted(rclone("lsf", f"{G}/tree").decode().split()), ["one", "sub/"])
equal(sorted(rclone("lsf", "-R", "--files-only", f"{G}/tree").decode().split()), ["one", "sub/two"])
rclone("copyto", f"{G}/tree/one", f"{G}/copied")
put("copied")
rclone("moveto", f"{G}/copied", f"{G}/moved")
put("moved")
deleted("copied")
rclone("deletefile", f"{G}/moved")
deleted("moved")
link = rclone("link", f"{G}/a+b.jpg").decode().strip()
equal(run("curl", "-sS", link), b"0123456789")
rclone("lsf", G, env={"RCLONE_CONFIG_G_SECRET_ACCESS_KEY": "wrong"}, fails="SignatureDoesNotMatch")
rclone("purge", f"{G}/tree")
deleted("tree/one")
deleted("tree/sub/two")
done()
