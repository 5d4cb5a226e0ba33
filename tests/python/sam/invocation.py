"""Functions in containers: `sam local invoke` and `sam local start-lambda`."""

import contextlib
import json
import socket
import subprocess
import time

import boto3
import botocore.config

from build import sam
from commands import PROGRAMS, REGION, ROOT, WORK, end_session, environment
from report import Failed

INVOCATION_SECONDS = 180
READY_SECONDS = 60


class Functions:
    """The functions of a built template, with the settings of the file `settings`."""

    def __init__(self, built, architecture, settings):
        self._options = [
            "--template-file", built / "template.yaml", "--env-vars", settings, "--region", REGION,
            # It decides which image is used.
            "--parameter-overrides", f"Architecture={architecture}",
            # The image exists already, and there may be no connection to its registry.
            "--skip-pull-image",
        ]  # fmt: skip

    def invoke(self, function, event):
        """Runs `sam local invoke`. Returns the function's answer, or its error in Lambda's form.

        It ignores the exit code, which is 0 even if the function failed.
        """
        path = WORK / "event.json"
        path.write_text(json.dumps(event), encoding="utf-8")
        ran = sam("local", "invoke", function, "--event", path, *self._options, timeout=INVOCATION_SECONDS)
        return _answer(function, ran.stdout, ran.stderr)

    @contextlib.contextmanager
    def served(self):
        """Runs `sam local start-lambda`. Yields a function that takes a Lambda function's name and an event."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        log = WORK / "start-lambda.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [PROGRAMS / "sam", "local", "start-lambda", "--host", "127.0.0.1", "--port", str(port), *self._options],
                cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
            try:
                _wait(process, port, log)
                client = boto3.client(
                    "lambda", endpoint_url=f"http://127.0.0.1:{port}", region_name=REGION, aws_access_key_id="test",
                    aws_secret_access_key="test",
                    config=botocore.config.Config(read_timeout=INVOCATION_SECONDS, retries={"total_max_attempts": 1}),
                )  # fmt: skip

                def invoke(function, event):
                    answer = client.invoke(FunctionName=function, Payload=json.dumps(event))
                    return _answer(function, answer["Payload"].read().decode(), f"see {log}")

                yield invoke
            finally:
                end_session(process)


def _answer(function, text, logs):
    try:
        return json.loads(text.strip().splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        raise Failed(f"{function} did not answer with JSON, but with {text!r}; its logs:\n{logs}") from None


def _wait(process, port, log):
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    raise Failed(f"sam local start-lambda does not answer:\n{log.read_text(errors='replace')}")
