"""Runs ministack and writes the output of the functions to files, line by line, as soon as they print it.

ministack keeps the output of a function's process in memory, and passes it to its CloudWatch Logs when the invocation ends.
To find out why an invocation hangs or was killed, a person needs it earlier, and in a file.

The files are in the folder STACK_LOG_DIR. `IntakeFunction` writes to intake.log, and so on.
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
    """A process's output. Each line that is read from it is also written to a file, in one write, so that lines stay whole."""

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
    """ministack has no setting for this, so this replaces a private method. It exits if ministack no longer has the method."""
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
