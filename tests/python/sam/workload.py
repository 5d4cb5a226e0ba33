"""Objects and events for the functions, and what the functions have made of them on the local stack."""

import contextlib
import hashlib
import json
import secrets
import time

from build import sam
from commands import REGION, ROOT
from report import Failed

LETTER = (ROOT / "tests/fixtures/letter.pdf").read_bytes()
ENDED_SECONDS = 120


class Workload:
    """A bucket without notifications, so that only the functions under test process its objects."""

    def __init__(self, stack):
        self.stack = stack
        self.run = secrets.token_hex(4)
        self.bucket = f"sam-local-{self.run}"
        self._s3 = stack.client("s3")
        self._machines = stack.client("stepfunctions")
        self._s3.create_bucket(Bucket=self.bucket)
        self._s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    @contextlib.contextmanager
    def idle_machine(self):
        """The ARN of a state machine that ends at once, so that only the test calls poll and finalize."""
        definition = {"StartAt": "Ended", "States": {"Ended": {"Type": "Pass", "End": True}}}
        arn = self._machines.create_state_machine(
            name=self.bucket, definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/idle"
        )["stateMachineArn"]
        try:
            yield arn
        finally:
            self._machines.delete_state_machine(stateMachineArn=arn)

    def put(self, interaction):
        """Writes a letter for the interaction. Returns its key and its `head-object`."""
        key = f"interactions/{interaction}/letter.pdf"
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=LETTER, ContentType="application/pdf")
        return key, self._s3.head_object(Bucket=self.bucket, Key=key)

    def s3_event(self, key, head=None):
        """SAM's sample event for the key, if `head` is given with its ETag and version id instead of SAM's fixed ETag."""
        options = ("--region", REGION, "--bucket", self.bucket, "--key", key)
        event = json.loads(sam("local", "generate-event", "s3", "put", *options, timeout=60).stdout)
        if head is not None:
            event["Records"][0]["s3"]["object"] |= {"eTag": head["ETag"].strip('"'), "versionId": head["VersionId"]}
        return event

    @staticmethod
    def sqs_event(body=None):
        """SAM's sample event of a queue, if `body` is given with that event as its message."""
        event = json.loads(sam("local", "generate-event", "sqs", "receive-message", "--region", REGION, timeout=60).stdout)
        if body is not None:
            event["Records"][0]["body"] = json.dumps(body)
        return event

    def execution(self, machine, name):
        """The execution, after it has ended."""
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        deadline = time.monotonic() + ENDED_SECONDS
        while (found := self._machines.describe_execution(executionArn=arn))["status"] == "RUNNING":
            if time.monotonic() > deadline:
                raise Failed(f"the execution {arn} has not ended within {ENDED_SECONDS} s")
            time.sleep(0.2)
        return found

    def executions_for(self, machine, interaction):
        """The names of the interaction's executions."""
        listed = self._machines.list_executions(stateMachineArn=machine)["executions"]
        return [execution["name"] for execution in listed if execution["name"].startswith(f"{interaction}-")]

    def row(self, identity):
        """The object's row in the ledger, its values as text."""
        key = {"pk": {"S": f"object#{identity}"}}
        found = self.stack.client("dynamodb").get_item(TableName=self.stack.description["ledger_table"], Key=key)
        return {name: next(iter(value.values())) for name, value in found.get("Item", {}).items()}

    def record(self, key):
        """The audit record's bytes."""
        return self._s3.get_object(Bucket=self.stack.description["audit_bucket"], Key=key)["Body"].read()

    def versions_of_record(self, key):
        listed = self._s3.list_object_versions(Bucket=self.stack.description["audit_bucket"], Prefix=key)
        return len(listed.get("Versions", []))

    def buried(self):
        """The messages in the dead-letter queue, each with its reason. This does not remove them."""
        received = self.stack.client("sqs").receive_message(
            QueueUrl=self.stack.description["dlq_url"], MessageAttributeNames=["All"],
            MaxNumberOfMessages=10, VisibilityTimeout=0,
        )  # fmt: skip
        return [
            (message["Body"], message.get("MessageAttributes", {}).get("reason", {}).get("StringValue"))
            for message in received.get("Messages", [])
        ]


def sha256(content):
    return hashlib.sha256(content).hexdigest()
