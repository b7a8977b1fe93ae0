// The Node peer: the three clients that our functions hold, then the first GET of the Runtime API.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";

globalThis.clients = [new S3Client({}), new SQSClient({}), new DynamoDBClient({})];
await fetch(`http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/next`);
