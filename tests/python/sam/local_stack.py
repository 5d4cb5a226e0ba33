"""The local stack for the functions in the containers: the one of `make up`, or one that this program starts and stops."""

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
    """The addresses of a local stack, and clients for it."""

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
        """The attachments of the interaction that the CXone stand-in has."""
        return _get(self.description["cxone_base_url"], f"/_control/attachments?interaction_id={interaction}")

    def deliveries(self, identity):
        """The webhooks about the object version that the receiver got."""
        return _get(self.description["webhook_url"], f"/_control/deliveries?webhook_id={identity}")

    def _servers(self):
        return self.description["cxone_base_url"], self.description["webhook_url"]

    def check_servers(self):
        for url in self._servers():
            if urllib.parse.urlsplit(url).hostname != "127.0.0.1":
                raise Failed(f"the running stack uses {url}, which is not one of its own servers; run make down, then try again")


@contextlib.contextmanager
def running(built, report):
    """The running stack. If there is none, starts one with the functions in `built`, and stops it when the context ends."""
    if (found := find()) is not None:
        report.note(f"uses the running local stack, {found.endpoint}")
        found.check_servers()
        yield found
        return
    report.step("starts a local stack")
    _stack("up", timeout=START_SECONDS, tell=report.note, env=environment(BUILT=str(built)))
    try:
        stack = find()
        if stack is None:
            raise Failed("the local stack ended right after its start")
        yield stack
    finally:
        _stack("down", timeout=60)


def find():
    """The running stack, or None."""
    status = _stack("status", timeout=START_SECONDS, fails=True)
    return None if status.returncode else LocalStack(json.loads(status.stdout))


def _stack(command, **more):
    return run(*STACK, command, **more)


def _get(base, path):
    parts = urllib.parse.urlsplit(base)
    with urllib.request.urlopen(f"{parts.scheme}://{parts.netloc}{path}", timeout=10) as answer:
        return json.load(answer)
