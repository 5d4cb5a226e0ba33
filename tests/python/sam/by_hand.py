"""The files to try functions with by hand: functions/env.json and functions/*/events, filled in for a running stack."""

import json
import pathlib
import string

from commands import ROOT, WORK

ENVIRONMENT = pathlib.Path("functions/env.json")


def events():
    """The events' paths, from the working tree's root."""
    return sorted(path.relative_to(ROOT) for path in ROOT.glob("functions/*/events/*.json"))


def fill(stack, address, **instead):
    """Writes them below target/sam with what the placeholders stand for; the directory.

    A placeholder is a field of `make -s status`, with servers as containers see them, or `host`, which is `address`.
    """
    values = stack.seen_from(address) | {"host": address} | instead
    directory = WORK / "filled"
    for path in (ENVIRONMENT, *events()):
        text = string.Template((ROOT / path).read_text(encoding="utf-8")).substitute(values)
        json.loads(text)
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text, encoding="utf-8")
    return directory
