"""The local stack that the functions in the containers talk to: the one of `make up`, or one for as long as this runs."""

import contextlib
import json
import os
import urllib.parse
import urllib.request

import boto3
import botocore.config

from commands import REGION, ROOT, environment, run
from report import Failed

START_SECONDS = 1800
# `make programs` compiles it.
STACK = (str(ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug/stack"),)


class LocalStack:
    """Where everything is, and clients for it."""

    def __init__(self, description):
        self.description = description
        self.endpoint = description["endpoint"]

    def client(self, service):
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test",
            config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}),
        )  # fmt: skip

    def ports(self):
        return {urllib.parse.urlsplit(url).port for url in (self.endpoint, *self._servers())}

    def seen_from(self, address):
        """The description with `address` in place of loopback."""
        return {
            name: value.replace("127.0.0.1", address) if isinstance(value, str) and value.startswith("http") else value
            for name, value in self.description.items()
        }

    def attachments(self, interaction):
        """What the CXone stand-in stores for the interaction."""
        return _get(self.description["cxone_base_url"], f"/_control/attachments?interaction_id={interaction}")

    def deliveries(self, identity):
        """What the webhook receiver was sent about the object version."""
        return _get(self.description["webhook_url"], f"/_control/deliveries?webhook_id={identity}")

    def _servers(self):
        return self.description["cxone_base_url"], self.description["webhook_url"]

    def check_servers(self):
        for url in self._servers():
            if urllib.parse.urlsplit(url).hostname != "127.0.0.1":
                raise Failed(f"the stack that runs here uses {url}, which is not the stack's own: make down, then again")


@contextlib.contextmanager
def running(built, report):
    """The stack that runs here, left as it is; else one of the functions in `built`, which is stopped when the context ends."""
    if (found := find()) is not None:
        report.note(f"uses the stack that runs here, {found.endpoint}")
        found.check_servers()
        yield found
        return
    report.step("starts a local stack")
    _stack("up", timeout=START_SECONDS, tell=report.note, env=environment(BUILT=str(built)))
    try:
        stack = find()
        if stack is None:
            raise Failed("the local stack ended as soon as it was up")
        yield stack
    finally:
        _stack("down", timeout=60)


def find():
    """The stack that runs here, if one does."""
    told = _stack("status", timeout=START_SECONDS, fails=True)
    return None if told.returncode else LocalStack(json.loads(told.stdout))


def _stack(command, **more):
    return run(*STACK, command, **more)


def _get(base, path):
    parts = urllib.parse.urlsplit(base)
    with urllib.request.urlopen(f"{parts.scheme}://{parts.netloc}{path}", timeout=10) as answer:
        return json.load(answer)
