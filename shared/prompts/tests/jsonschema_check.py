"""What an independent validator says. Reads [[schema, value], ...] as JSON; writes [is_valid, ...]."""

import json
import sys

from jsonschema import Draft202012Validator

pairs = json.load(sys.stdin)
json.dump([Draft202012Validator(schema).is_valid(value) for schema, value in pairs], sys.stdout)
