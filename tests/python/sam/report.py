"""The program's output: steps and checks, one line each, on standard output."""

import sys
import time


class Unusable(Exception):
    """This machine cannot provide a container engine. This is not a fault of the project."""


class Failed(Exception):
    """A step failed, so the following ones cannot run."""


class Report:
    """Counts checks and prints each as it is made."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self._began = time.monotonic()

    def step(self, text):
        self._print(f"[{time.monotonic() - self._began:6.1f} s] {text}")

    def note(self, text):
        self._print(f"             {text}")

    def check(self, what, holds, seen=None):
        """Prints and counts a check. If it fails, prints `seen`, the value that was found."""
        if holds:
            self.passed += 1
            self._print(f"       ok    {what}")
        else:
            self.failed += 1
            self._print(f"       FAIL  {what}" + ("" if seen is None else f"; seen: {seen}"))
        return bool(holds)

    def equal(self, what, seen, expected):
        return self.check(f"{what}: {short(expected)}", seen == expected, short(seen))

    def close(self):
        self._print(f"{self.passed} checks passed, {self.failed} failed, in {time.monotonic() - self._began:.0f} s")

    @staticmethod
    def _print(line):
        print(line, flush=True)


def short(value):
    """The value as text of at most 200 characters."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else f"{text[:197]}..."


def complain(text):
    print(f"test-sam: {text}", file=sys.stderr, flush=True)
