"""Running other programs: with a cleared environment, bounded time, and a sign of life where they take long."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

from report import Failed

ROOT = pathlib.Path(__file__).resolve().parents[3]
"""The working tree."""
WORK = ROOT / "target/sam"
"""Everything that is written goes here."""
PROGRAMS = pathlib.Path(sys.executable).parent
"""Where sam and cargo-lambda are: in the virtual environment that runs this."""
REGION = "us-east-1"
HEARTBEAT_SECONDS = 30

# What compilers, package caches and the container engine need of the caller's environment. No AWS setting is among them.
_PASSED_ON = (
    "HOME", "USER", "LANG", "TMPDIR", "PATH", "CC", "RUSTFLAGS", "DOCKER_HOST", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
_PASSED_ON_BEGINNINGS = ("CARGO", "RUSTUP_")


def environment(**more):
    """The environment of every program here: credentials that are good for nothing, no telemetry."""
    passed_on = {
        name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith(_PASSED_ON_BEGINNINGS)
    }
    passed_on["PATH"] = f"{PROGRAMS}:{passed_on.get('PATH', '/usr/bin:/bin')}"
    return passed_on | {
        "SAM_CLI_TELEMETRY": "0",
        "PYTHONUNBUFFERED": "1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    } | more  # fmt: skip


def run(*command, timeout, tell=None, env=None, fails=False):
    """Runs a program in the working tree; its end, with `stdout` and `stderr` as text.

    `tell` gets a line every half minute. A failure of the program is `Failed`, with the end of what it said, unless `fails`
    is true. However this ends, what it started ends with it.
    """
    name = " ".join(str(part) for part in command[:3])
    began = time.monotonic()
    ended = threading.Event()
    # Files and not pipes: a server that the program leaves behind would hold a pipe open.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                [str(part) for part in command], cwd=ROOT, env=env or environment(), stdin=subprocess.DEVNULL,
                stdout=out, stderr=err, start_new_session=True,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise Failed(f"{name}: {error}") from None
        if tell is not None:

            def beat():
                while not ended.wait(HEARTBEAT_SECONDS):
                    tell(f"… has been running for {time.monotonic() - began:.0f} s")

            threading.Thread(target=beat, daemon=True).start()
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failed(f"{name} did not end within {timeout} s:\n{_end(out, err)}") from None
        finally:
            ended.set()
            end_session(process)
        if code and not fails:
            raise Failed(f"{name} ended with {code}:\n{_end(out, err)}")
        return subprocess.CompletedProcess(command, code, _text(out), _text(err))


def end_session(process, patience=20):
    """Ends a program that leads a session of its own, and what it started: politely first. Nothing, if it has ended."""
    for wish, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5)):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, wish)
            process.wait(seconds)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def _text(file):
    file.seek(0)
    return file.read().decode(errors="replace")


def _end(*files):
    return "\n".join("\n".join(_text(file).splitlines()[-25:]) for file in files).strip()
