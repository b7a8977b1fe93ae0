# The Python peer: the three clients that our functions hold, then the first GET of the Runtime API.
import os
from urllib.request import urlopen

import boto3

clients = [boto3.client(service) for service in ("s3", "sqs", "dynamodb")]
urlopen(f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/next")
