#!/usr/bin/env python3
"""Generates parts of files from other files: blocks of the templates, and two pictures of the docs.

After a template's line such as `DashboardBody: !Sub | # from infra/dashboard.json (infra/render.py)`, it writes the text of that
file, because CloudFormation needs it inside the template. It draws docs/dashboard.svg from infra/dashboard.json, and
docs/state_machine.svg from infra/state_machine.asl.json.

    python3 infra/render.py           writes the files
    python3 infra/render.py --check   exits with 1 and names the files that are not up to date
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "infra"))

from drawing import dashboard, state_machine  # noqa: E402  (it needs the path above)

TEMPLATES = ["infra/monitoring.yaml", "infra/audit_data.yaml"]
MARKER = re.compile(r"^( *)\w+: (?:!Sub )?\| # from (\S+) \(infra/render\.py\)$")
# In the file, a number that the stack fills in has quotes, because the file is JSON. CloudWatch needs it without quotes.
QUOTED_NUMBER = re.compile(r'("value": )"(\$\{\w+\})"')


def embedded(source):
    """The text of `source` as it is in a template."""
    text = (ROOT / source).read_text(encoding="utf-8")
    if source.endswith(".json"):
        json.loads(text)
        text = QUOTED_NUMBER.sub(r"\1\2", text)
    return text


def with_blocks(template):
    """The text of `template` with all marked blocks generated again."""
    lines, written, skipped_to = template.splitlines(), [], None
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if skipped_to is not None and (not line.strip() or indent > skipped_to):
            continue
        if skipped_to is not None:
            # The blank line after a resource is not part of the block.
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


def generated():
    """Path → text of each file that this script writes."""
    files = {name: with_blocks((ROOT / name).read_text(encoding="utf-8")) for name in TEMPLATES}
    files["docs/dashboard.svg"] = dashboard.draw(json.loads((ROOT / "infra/dashboard.json").read_text(encoding="utf-8")))
    machine = json.loads((ROOT / "infra/state_machine.asl.json").read_text(encoding="utf-8"))
    files["docs/state_machine.svg"] = state_machine.draw(machine)
    return files


def main(arguments):
    stale = []
    for name, text in generated().items():
        path = ROOT / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if arguments != ["--check"]:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    if arguments == ["--check"] and stale:
        sys.exit(f"these files are not up to date; run python3 infra/render.py: {', '.join(stale)}")


if __name__ == "__main__":
    main(sys.argv[1:])
