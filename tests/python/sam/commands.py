"""Runs other programs with a cleared environment and a time limit, and reports that long ones are still running."""

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
"""All files are written here."""
PROGRAMS = pathlib.Path(sys.executable).parent
"""The folder of sam and cargo-lambda: the virtual environment that runs this program."""
REGION = "us-east-1"
HEARTBEAT_SECONDS = 30

# The caller's variables that compilers, package caches and the container engine need. No AWS setting is among them.
_PASSED_ON = (
    "HOME", "USER", "LANG", "TMPDIR", "PATH", "CC", "RUSTFLAGS", "DOCKER_HOST", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
)  # fmt: skip
_PASSED_ON_BEGINNINGS = ("CARGO", "RUSTUP_")


def environment(**more):
    """The environment of every program here: credentials that work nowhere, and no telemetry."""
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
    """Runs a program in the working tree. Returns its exit code, and `stdout` and `stderr` as text.

    `tell` gets a line every half minute. If the program fails, this raises `Failed` with the end of its output, unless `fails`
    is true. This stops the program, and what the program has started, in any case.
    """
    name = " ".join(str(part) for part in command[:3])
    began = time.monotonic()
    ended = threading.Event()
    # Files and not pipes, because a server that the program leaves running would keep a pipe open.
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
    """Ends the session that the program leads: by SIGTERM, and after `patience` seconds by SIGKILL."""
    for stop_signal, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5)):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, stop_signal)
            process.wait(seconds)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def _text(file):
    file.seek(0)
    return file.read().decode(errors="replace")


def _end(*files):
    return "\n".join("\n".join(_text(file).splitlines()[-25:]) for file in files).strip()
