"""Checks docs/security.md: each test that it names exists, and its numbers of threats are right.

A row of the tables has a number with a STRIDE letter, a threat, a guard, and `tests`, `AWS alone` or `open`. For each row with
`tests`, the list below the tables names Rust tests, Python tests or rows of tests/pipeline.

    .venv/bin/python tests/python/threat_model.py
"""

import re
import unittest

from infrastructure import ROOT

PAGE = ROOT / "docs/security.md"
HEAD = "| no. | threat | guard | covered by |"
KINDS = set("STRIDE")
NUMBER = re.compile(r"^([A-Z]\d+) ([A-Z])$")
# `- P1: `name`, `name``; it may be wrapped.
NAMED = re.compile(r"^- ([A-Z]\d+): ((?:`[^`]+`,?\s+)+)", re.M)
# #[test] or #[tokio::test], other attributes, and the function.
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


def page():
    return PAGE.read_text(encoding="utf-8")


def threats():
    """(number, threat, guard, covered by) of each row in the tables of threats."""
    lines = iter(page().splitlines())
    for line in lines:
        if line == HEAD:
            next(lines)
            for row in lines:
                if not row.startswith("|"):
                    break
                yield tuple(cell.strip() for cell in row.strip("|").split("|"))


def named_tests():
    """(number, names of tests) of each item in the list of tests."""
    for number, names in NAMED.findall(page()):
        yield number, re.findall(r"`([^`]+)`", names)


class ThreatModel(unittest.TestCase):
    maxDiff = None

    def test_each_named_test_exists(self):
        existing = tests()
        missing = [f"{number}: {name}" for number, names in named_tests() for name in names if name not in existing]
        self.assertEqual(missing, [], "docs/security.md names tests that do not exist")

    def test_each_row_says_what_covers_it(self):
        rows = list(threats())
        self.assertGreater(len(rows), 40)
        for row in rows:
            self.assertEqual(len(row), 4, row)
            number, threat, guard, covered = row
            self.assertRegex(number, NUMBER, threat)
            self.assertTrue(guard, threat)
            self.assertIn(covered, ("tests", "AWS alone", "open"), threat)
        kinds = {NUMBER.match(row[0])[2] for row in rows}
        self.assertEqual(kinds, KINDS, "each STRIDE letter needs a row, and no other letter may be used")

    def test_list_has_an_entry_for_exactly_the_rows_with_tests(self):
        with_tests = [row[0].split()[0] for row in threats() if row[3] == "tests"]
        self.assertEqual([number for number, _ in named_tests()], with_tests)

    def test_page_states_the_number_of_rows(self):
        covers = [covered for *_, covered in threats()]
        by_tests, aws, nothing = (covers.count(one) for one in ("tests", "AWS alone", "open"))
        counts = f"{len(covers)} threats: {by_tests} are covered by a test, {aws} by AWS alone, {nothing} are open."
        self.assertTrue(counts in " ".join(page().split()), f"docs/security.md must say: {counts}")

    def test_lines_wrap_at_100_outside_tables_and_code(self):
        code = False
        for number, line in enumerate(page().splitlines(), 1):
            code ^= line.startswith("```")
            if not code and not line.startswith("|"):
                self.assertLessEqual(len(line), 100, f"line {number}")


if __name__ == "__main__":
    unittest.main()
