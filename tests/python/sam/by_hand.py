"""The files with which a person tries a function: functions/env.json and functions/*/events, filled in for a running stack."""

import datetime
import json
import pathlib
import string
import time

from commands import ROOT, WORK

ENVIRONMENT = pathlib.Path("functions/env.json")
KEPT_DAYS = 120


def events():
    """The paths of the events, relative to the root of the working tree."""
    return sorted(path.relative_to(ROOT) for path in ROOT.glob("functions/*/events/*.json"))


def fill(stack, address, **instead):
    """Writes the files with their placeholders replaced, and the ledger rows that they need. Returns their directory.

    A placeholder is a field of `make -s status`, with the servers' addresses for containers, or `host`, which is `address`.
    """
    values = stack.seen_from(address) | {"host": address} | instead
    directory = WORK / "filled"
    for path in (ENVIRONMENT, *events()):
        text = string.Template((ROOT / path).read_text(encoding="utf-8")).substitute(values)
        json.loads(text)
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text, encoding="utf-8")
        if "finalize" in path.parts:
            decide(stack, json.loads(text))
    return directory


def decide(stack, request):
    """Writes the row of a decided object, because finalize settles only objects that are in the ledger."""
    attachment = request["attachment"]
    seen = datetime.datetime.fromisoformat(attachment["object"]["event_time"])
    row = {
        "pk": {"S": f"object#{attachment['identity']}"},
        "state": {"S": "decided"},
        "attempts": {"N": "1"},
        "lease_until": {"N": "0"},
        "first_seen": {"N": str(int(seen.timestamp()))},
        "expires_at": {"N": str(int(time.time()) + KEPT_DAYS * 86_400)},
        "execution_name": {"S": request["execution_arn"].rsplit(":", 1)[1]},
        "execution_input": {"S": json.dumps(attachment)},
    }
    ledger, table = stack.client("dynamodb"), stack.description["ledger_table"]
    try:
        ledger.put_item(TableName=table, Item=row, ConditionExpression="attribute_not_exists(pk)")
    except ledger.exceptions.ConditionalCheckFailedException:
        # The row is from an earlier call. If finalize has settled the object, it repeats its answer and the webhook.
        pass
