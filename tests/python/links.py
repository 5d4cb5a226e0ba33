"""Checks every link between the project's pages: the file exists, and so does the heading that the anchor names.

    .venv/bin/python tests/python/links.py
"""

import re
import unittest

from infrastructure import ROOT

FENCE = re.compile(r"^ *```.*?^ *```", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.M)


def pages():
    yield from sorted(ROOT.glob("*.md"))
    for folder in ("docs", "tests", "crates", ".github"):
        yield from sorted(path for path in (ROOT / folder).rglob("*.md") if "target" not in path.parts)


def text(page):
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page):
    """The anchors that GitHub gives to headings: lower case, without punctuation, numbered if they repeat."""
    found = set()
    for heading in HEADING.findall(text(page)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number, name = 0, anchor
        while name in found:
            number += 1
            name = f"{anchor}-{number}"
        found.add(name)
    return found


class Links(unittest.TestCase):
    def test_each_link_has_a_target(self):
        broken, followed = [], 0
        for page in pages():
            for link in LINK.findall(text(page)):
                if re.match(r"[a-z]+:", link):
                    continue
                followed += 1
                path, _, anchor = link.partition("#")
                target = (page.parent / path).resolve() if path else page
                where = f"{page.relative_to(ROOT)}: {link}"
                if not target.exists():
                    broken.append(f"{where}: no such file")
                elif anchor and target.suffix == ".md" and anchor not in anchors(target):
                    broken.append(f"{where}: no such heading")
        self.assertEqual(broken, [])
        self.assertGreater(followed, 50)


if __name__ == "__main__":
    unittest.main()
