"""Holds the tables of threats in docs/security.md against the tree: each test that they name exists, and each row is counted.

A row's last cell names tests (Rust tests, Python tests, rows of tests/pipeline), or says `AWS alone`, or `open`.

    .venv/bin/python tests/python/threat_model.py
"""

import re
import unittest

from infrastructure import ROOT

PAGE = ROOT / "docs/security.md"
HEAD = "| kind | threat | guard | covered by |"
KINDS = set("STRIDE")
# A #[test] or #[tokio::test], attributes between, and its function.
RUST_TEST = re.compile(r"#\[(?:tokio::)?test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*(?:async )?fn (\w+)")
PYTHON_TEST = re.compile(r"^    def (test_\w+)", re.M)
FAULT_ROW = re.compile(r'"([a-z0-9-]+/[a-z0-9-]+)",')


def tests(*roots):
    """The names of all tests in these trees."""
    names = set()
    for root in roots or (ROOT,):
        for folder in ("crates", "functions", "tests"):
            for file in (root / folder).rglob("*.rs"):
                text = file.read_text(encoding="utf-8")
                names.update(RUST_TEST.findall(text))
                if "tests/pipeline/src/rows" in file.as_posix():
                    names.update(FAULT_ROW.findall(text))
        for file in (root / "tests/python").rglob("*.py"):
            names.update(PYTHON_TEST.findall(file.read_text(encoding="utf-8")))
    return names


def threats():
    """(kind, threat, guard, covered by) of each row in the tables of threats."""
    lines = iter(PAGE.read_text(encoding="utf-8").splitlines())
    for line in lines:
        if line == HEAD:
            next(lines)
            for row in lines:
                if not row.startswith("|"):
                    break
                yield tuple(cell.strip() for cell in row.strip("|").split("|"))


def how(covered):
    return covered if covered in ("AWS alone", "open") else "a test"


class ThreatModel(unittest.TestCase):
    maxDiff = None

    def test_each_named_test_exists(self):
        existing = tests()
        missing = [
            f"{threat}: {name}" for _, threat, _, covered in threats() for name in re.findall(r"`([^`]+)`", covered) if name not in existing
        ]
        self.assertEqual(missing, [], "docs/security.md names tests that are not there")

    def test_each_row_says_what_covers_it(self):
        rows = list(threats())
        self.assertGreater(len(rows), 40)
        for row in rows:
            self.assertEqual(len(row), 4, row)
            kind, threat, guard, covered = row
            self.assertLessEqual(set(kind.split()), KINDS, threat)
            self.assertTrue(guard, threat)
            self.assertRegex(covered, r"^(AWS alone|open|`[^`]+`(, `[^`]+`)*)$", threat)
        self.assertEqual({kind for row in rows for kind in row[0].split()}, KINDS, "a kind without a row")

    def test_the_page_counts_its_rows(self):
        covers = [how(covered) for *_, covered in threats()]
        a_test, aws, nobody = (covers.count(one) for one in ("a test", "AWS alone", "open"))
        counts = f"{len(covers)} threats: {a_test} are covered by a test, {aws} by AWS alone, {nobody} are open."
        self.assertTrue(counts in " ".join(PAGE.read_text(encoding="utf-8").split()), f"docs/security.md must say: {counts}")

    def test_the_page_is_wrapped_outside_of_tables_and_code(self):
        code = False
        for number, line in enumerate(PAGE.read_text(encoding="utf-8").splitlines(), 1):
            code ^= line.startswith("```")
            if not code and not line.startswith("|"):
                self.assertLessEqual(len(line), 100, f"line {number}")


if __name__ == "__main__":
    unittest.main()
