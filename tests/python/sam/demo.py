"""The demo with the programs of `sam build`, as they are deployed, for each architecture that this machine can run."""

import subprocess

from build import FUNCTIONS
from commands import environment, run
from local_stack import STACK

DEMO_SECONDS = 1800
"""Includes the compilation of the test servers."""


def check(built, report):
    """`built` is the folder of each architecture's build."""
    for architecture, folder in built.items():
        report.step(f"make demo, with the programs of sam build for {architecture}")
        if not all(_runs(folder / function / "bootstrap") for function in FUNCTIONS):
            report.note(f"SKIPPED: this machine cannot run programs for {architecture} without an emulator (qemu-user with binfmt_misc)")
            continue
        ran = run(*STACK, "demo", timeout=DEMO_SECONDS, tell=report.note, env=environment(BUILT=str(folder)), fails=True)
        said = ran.stdout.strip().splitlines()[-1:] or ran.stderr.strip().splitlines()[-3:]
        if report.check(f"{architecture}: every object has the expected outcome", ran.returncode == 0, ran.stdout + ran.stderr):
            report.note(f"{architecture}: {' '.join(said)}")


def _runs(bootstrap):
    """Whether the program starts. Without settings, it then logs that they are missing."""
    try:
        ran = subprocess.run([bootstrap], env={}, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return b"settings are wrong" in ran.stdout
