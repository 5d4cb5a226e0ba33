"""Runs ministack so that what the functions print is also written to files, line by line, as it comes.

ministack keeps the output of a function process in memory and hands it to its CloudWatch Logs when the invocation ends.
A person who looks for the cause of a hanging or killed invocation needs it earlier, and in a file.

The directory is taken from STACK_LOG_DIR. `IntakeFunction` writes to intake.log, and so on.
"""

import os
import pathlib
import re
import sys

from ministack import app
from ministack.core import lambda_runtime

import ministack_repairs

LOG_DIR = pathlib.Path(os.environ["STACK_LOG_DIR"])


class Teed:
    """A process's output that writes every line which is read from it to a file, in one write, so that lines stay whole."""

    def __init__(self, stream, path):
        self._stream = stream
        self._file = open(path, "ab", buffering=0)

    def readline(self):
        line = self._stream.readline()
        if line:
            self._file.write(line)
        return line

    def close(self):
        self._file.close()
        self._stream.close()


def log_path(function_name):
    """`{stack}-IntakeFunction-{suffix}` becomes intake.log."""
    logical = re.search(r"-(\w+)Function-\w+$", function_name)
    return LOG_DIR / f"{logical[1].lower() if logical else function_name}.log"


def install():
    """ministack has no setting for this. The method is private, so a version without it must not pass unnoticed."""
    worker = getattr(lambda_runtime, "ProvidedWorker", None)
    pump = getattr(worker, "_pump_output", None)
    if pump is None:
        sys.exit("ministack has changed: ProvidedWorker._pump_output is gone, so function logs cannot be written to files")

    def pump_and_write(self, stream, log_queue):
        pump(self, Teed(stream, log_path(self.func_name)), log_queue)

    worker._pump_output = pump_and_write


if __name__ == "__main__":
    install()
    ministack_repairs.install()
    app.main()
