#!/usr/bin/env python3
"""Writes what is made of other files: blocks of the templates, and the pictures of the docs.

A template's line such as `DashboardBody: !Sub | # from infra/dashboard.json (infra/render.py)` is followed by that file's
text, since CloudFormation wants it inside the template. The pictures are docs/dashboard.svg, drawn from infra/dashboard.json,
and docs/state_machine.svg, drawn from infra/state_machine.asl.json.

    python3 infra/render.py           writes them
    python3 infra/render.py --check   exits 1 and names the files that are not up to date
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "infra"))

from drawing import dashboard, state_machine  # noqa: E402  (needs the path above)

TEMPLATES = ["infra/monitoring.yaml", "infra/audit_data.yaml"]
MARKER = re.compile(r"^( *)\w+: (?:!Sub )?\| # from (\S+) \(infra/render\.py\)$")
# In the file a number that the stack fills in stands in quotes, so that the file is JSON; CloudWatch wants a number.
QUOTED_NUMBER = re.compile(r'("value": )"(\$\{\w+\})"')


def embedded(source):
    """The text that a template holds of `source`."""
    text = (ROOT / source).read_text(encoding="utf-8")
    if source.endswith(".json"):
        json.loads(text)
        text = QUOTED_NUMBER.sub(r"\1\2", text)
    return text


def with_blocks(template):
    """`template`'s text with every marked block made anew."""
    lines, written, skipped_to = template.splitlines(), [], None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if skipped_to is not None and (not line.strip() or indent > skipped_to):
            continue
        if skipped_to is not None:
            # The blank line that ends a resource is not part of the block.
            if indent < skipped_to:
                written.append("")
            skipped_to = None
        written.append(line)
        marked = MARKER.match(line)
        if marked:
            skipped_to = len(marked[1])
            pad = " " * (skipped_to + 2)
            written.extend((pad + text).rstrip() for text in embedded(marked[2]).splitlines())
    return "\n".join(written) + "\n"


def made():
    """Path → text of everything that this script writes."""
    files = {name: with_blocks((ROOT / name).read_text(encoding="utf-8")) for name in TEMPLATES}
    files["docs/dashboard.svg"] = dashboard.draw(json.loads((ROOT / "infra/dashboard.json").read_text(encoding="utf-8")))
    machine = json.loads((ROOT / "infra/state_machine.asl.json").read_text(encoding="utf-8"))
    files["docs/state_machine.svg"] = state_machine.draw(machine)
    return files


def main(arguments):
    stale = []
    for name, text in made().items():
        path = ROOT / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if arguments != ["--check"]:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    if arguments == ["--check"] and stale:
        sys.exit(f"not up to date, run python3 infra/render.py: {', '.join(stale)}")


if __name__ == "__main__":
    main(sys.argv[1:])
