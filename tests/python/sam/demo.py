"""The demo with what `sam build` has made: the very programs of a deployment, of each architecture that this machine can run."""

import subprocess

from build import FUNCTIONS
from commands import environment, run
from local_stack import STACK

DEMO_SECONDS = 1800
"""With the compiling of the test servers."""


def check(built, report):
    """`built` is the folder of each architecture's build."""
    for architecture, folder in built.items():
        report.step(f"make demo, with what sam build has made for {architecture}")
        if not all(_runs(folder / function / "bootstrap") for function in FUNCTIONS):
            report.note(f"SKIPPED: this machine runs no program for {architecture}; an emulator would (qemu-user with binfmt_misc)")
            continue
        told = run(*STACK, "demo", timeout=DEMO_SECONDS, tell=report.note, env=environment(BUILT=str(folder)), fails=True)
        said = told.stdout.strip().splitlines()[-1:] or told.stderr.strip().splitlines()[-3:]
        if report.check(f"{architecture}: every object ended as it must", told.returncode == 0, told.stdout + told.stderr):
            report.note(f"{architecture}: {' '.join(said)}")


def _runs(bootstrap):
    """Whether it gets as far as to say that it has no settings."""
    try:
        told = subprocess.run([bootstrap], env={}, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return b"settings are wrong" in told.stdout
