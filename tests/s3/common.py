"""What the drivers share: the endpoint's address, odd keys, and the events that were caused."""

import json
import os
import subprocess

URL = os.environ["S3_URL"]
ACCESS_KEY = os.environ["S3_ACCESS_KEY"]
SECRET_KEY = os.environ["S3_SECRET_KEY"]
TOOLS = os.environ["TOOLS"]
BUCKET = "inbox"

LONG_KEY = "/".join(["a" * 255, "b" * 255, "c" * 255, "d" * 254, "e"])  # 1024 bytes, at most 255 between slashes
ODD_KEYS = ["a b  c.jpg", "a+b.jpg", "a%2Bb.jpg", "über/straße é.jpg", "crab 🦀.gif", "q?x=1&y#z.png", "quote'\"<&>.txt", LONG_KEY]
assert len(LONG_KEY.encode()) == 1024 and LONG_KEY.startswith("a" * 255 + "/")

BIG = bytes(range(256)) * 4096 * 9  # 9 MiB: two parts

events = []


def put(key):
    events.append("+" + key)


def deleted(key):
    events.append("-" + key)


def done():
    print(json.dumps(events))


def run(*command, fails=None, env=None, stdin=None):
    """Runs a tool; with `fails` it has to fail and say that."""
    result = subprocess.run(command, capture_output=True, input=stdin, env={**os.environ, **(env or {})}, timeout=120)
    said = result.stdout.decode(errors="replace") + result.stderr.decode(errors="replace")
    if fails is None:
        assert result.returncode == 0, f"{command}: {said}"
    else:
        assert result.returncode != 0 and fails in said, f"{command} should fail with {fails}: {result.returncode} {said}"
    return result.stdout


def equal(found, expected, what=""):
    assert found == expected, f"{what}: found {found!r:.300}, expected {expected!r:.300}"
