"""The part that the Python intakes here share: the claim and the decision in the ledger, the token, the execution."""

import base64
import hashlib
import json
import os
import time

import boto3
from botocore.config import Config

BASE = os.environ["CXONE_BASE_URL"]
TOKEN_URL = BASE.rsplit("/api/", 1)[0] + "/oauth/token"
CA = os.environ.get("TLS_CA_FILE", True)

config = Config(retries={"mode": "standard", "max_attempts": 4})
s3 = boto3.client("s3", config=config)
dynamodb = boto3.client("dynamodb", config=config)
states = boto3.client("stepfunctions", config=config)
secrets = boto3.client("secretsmanager", config=config)

_token = {"value": None, "until": 0.0}


def token(post):
    """The bearer token, fetched when there is none or it expires. `post(url, headers, form)` returns the response's text."""
    if time.time() >= _token["until"]:
        secret = json.loads(secrets.get_secret_value(SecretId=os.environ["CXONE_SECRET_ID"])["SecretString"])
        basic = base64.b64encode(f"{secret['client_id']}:{secret['client_secret']}".encode()).decode()
        scope = "interaction:write attachment:write job:read"
        form = {"grant_type": "client_credentials", "scope": scope}
        granted = json.loads(post(TOKEN_URL, {"Authorization": f"Basic {basic}"}, form))
        _token.update(value=granted["access_token"], until=time.time() + granted["expires_in"] - 60)
    return _token["value"]


def objects(event):
    for message in event["Records"]:
        for record in json.loads(message["body"])["Records"]:
            described = record["s3"]
            yield described["bucket"]["name"], described["object"]["key"], described["object"]["versionId"]


def work(event, send):
    """For each object: claims it, opens it, calls `send(interaction, identity, name, mime, length, body)`, decides and starts."""
    for bucket, key, version in objects(event):
        identity = hashlib.sha256(f"{bucket}\0{key}\0{version}".encode()).hexdigest()
        row = {"pk": {"S": f"object#{identity}"}}
        now = int(time.time())
        claimed = dynamodb.update_item(
            TableName=os.environ["LEDGER_TABLE"],
            Key=row,
            UpdateExpression="SET #state = :claimed, lease_until = :until ADD attempts :one",
            ConditionExpression="attribute_not_exists(pk) OR (#state = :claimed AND lease_until < :now)",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={
                ":claimed": {"S": "claimed"},
                ":until": {"N": str(now + 300)},
                ":now": {"N": str(now)},
                ":one": {"N": "1"},
            },
            ReturnValues="ALL_NEW",
        )
        found = s3.get_object(Bucket=bucket, Key=key, VersionId=version, ChecksumMode="ENABLED")
        interaction, name = key.split("/")[-2:]
        job, digest = send(interaction, identity, name, "application/pdf", found["ContentLength"], found["Body"])
        payload = json.dumps({"identity": identity, "interaction_id": interaction, "job_id": job, "sha256": digest})
        execution = f"{interaction}-{identity[:32]}"
        dynamodb.update_item(
            TableName=os.environ["LEDGER_TABLE"],
            Key=row,
            UpdateExpression="SET #state = :decided, execution_name = :name, execution_input = :input",
            ConditionExpression="attempts = :mine AND #state = :claimed",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={
                ":decided": {"S": "decided"},
                ":claimed": {"S": "claimed"},
                ":name": {"S": execution},
                ":input": {"S": payload},
                ":mine": claimed["Attributes"]["attempts"],
            },
        )
        states.start_execution(stateMachineArn=os.environ["STATE_MACHINE_ARN"], name=execution, input=payload)
    return {"batchItemFailures": []}


def upload_url(interaction):
    return f"{BASE}/interactions/{interaction}/attachments"


class Hashing:
    """A readable stream that computes the SHA-256 of the bytes read."""

    def __init__(self, body, length):
        self.body = body
        self.len = length
        self.hash = hashlib.sha256()

    def read(self, size=-1):
        piece = self.body.read(size if size >= 0 else None)
        self.hash.update(piece)
        self.len -= len(piece)
        return piece
