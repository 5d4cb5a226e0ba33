"""Compares the form of the pages with STYLE.md: the first paragraph, tables, line lengths, and words that are not used here.

    .venv/bin/python tests/python/pages.py
"""

import os
import pathlib
import re
import unittest

from infrastructure import ROOT

README_WORDS = 1000
LINE, ROW, COLUMNS = 100, 120, 4
# Its readers expect another form.
WITHOUT_QUESTION = {"README.md"}
TITLE = re.compile(r"# (?!(?:How|What|Where|When|Which|Who|Why|Can|Do|Is)\b)[^?]+")
QUESTION = re.compile(r"\*\*[A-Z][^*?]*\?\*\* For [a-z]")

# The files whose words are checked, by suffix. To check more of the project, add suffixes: ".rs", ".py", ".yaml", ".yml", ".json",
# ".toml", ".sql", ".sh". "" stands for files without one, such as the Makefile.
SUFFIXES = {".md", ".rs", ".py", ".yaml", ".yml", ".toml", ".json", ".sh", ""}
# Word → what to write instead.
FORMER_WORDS = {
    r"giv(?:e|es|en|ing) back|gave back|give_back": "release, refund, return (the alarm given-back and the metric GivenBack keep their names)",
    r"(?:is|are|be|was|were|as) wanted": "must, needs, expected",
    r"for good": "permanently",
    r"in vain": "without success",
    r"nobody": "no one, or the person who may",
    r"would-be": "leave it out",
    r"lies? (?:at|in|under|behind|before|ahead|there|between|beside|outside|elsewhere)": "is",
    r"stands? (?:at|in|under|behind|before|ahead|there|between|beside|here)": "is",
    r"(?:is|are|was|were) none of": "is not",
    r"none of (?:its|their) own": "no",
    r"(?:is|was|were) not through": "did not finish",
    r"comes? again": "returns, is retried",
    r"anew": "again",
    r"mend(?:s|ed|ing)?": "fix, correct",
    r"who(?:m|so)?ever": "the person who, anyone who",
    r"(?:go|goes|went) on": "continue",
    r"take-overs?": "claim",
    r"twice over": "twice",
    r"whatever": "every, any, all",
    r"no one can": "cannot be",
    r"bereft|hitherto|henceforth|whence|thereby|wherein|lest|heed": "a common word",
}
# (file, a word above) → why it may stay.
ALLOWED = {
    ("tests/python/pages.py", "*"): "the list itself",
}
NOT_OURS = {"target", "node_modules", "__pycache__", "corpus", "artifacts"}


def pages():
    for pattern in ("*.md", "docs/*.md", "tests/README.md"):
        yield from sorted(ROOT.glob(pattern))


def files():
    """The project's own files whose words are checked, and their names below the root."""
    for folder, inner, names in os.walk(ROOT):
        inner[:] = sorted(name for name in inner if name not in NOT_OURS and (name[0] != "." or name in (".github", ".ci")))
        for path in sorted(pathlib.Path(folder) / name for name in names):
            if path.suffix in SUFFIXES:
                yield path, path.relative_to(ROOT).as_posix()


def lines(page):
    """(number, line) of each line outside of code blocks."""
    code = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = line.lstrip().startswith("```")
        code ^= fence
        if not code and not fence:
            yield number, line


def columns(row):
    """The cells of a table's row. A `\\|` is text."""
    return len(re.findall(r"(?<!\\)\|", row.strip().strip("|"))) + 1


def too_long(line):
    """Whether a line is longer than it may be. A line of one word, such as a link, cannot be wrapped."""
    words = re.sub(r"^ *(?:[-*>]|\d+\.)? *", "", line).split()
    return len(line) > (ROW if line.startswith("|") else LINE) and len(words) > 1


def former_words(text):
    """(line's number, word as it is in the text, pattern) of each word that is not used here, also across a line's end."""
    for pattern in FORMER_WORDS:
        flexible = pattern.replace(" ", r"[\s/#*>]+")
        for found in re.finditer(rf"(?<![\w-])(?:{flexible})(?![\w-])", text, re.I):
            yield text.count("\n", 0, found.start()) + 1, " ".join(found[0].split()), pattern


class Check(unittest.TestCase):
    def check(self, faults):
        if faults:
            self.fail(f"{len(faults)} faults\n" + "\n".join(faults))


class Pages(Check):
    def test_first_paragraph_is_a_question_of_named_readers(self):
        faults = []
        for page in pages():
            name = page.relative_to(ROOT).as_posix()
            if name in WITHOUT_QUESTION:
                continue
            title, blank, first = (page.read_text(encoding="utf-8").splitlines() + [""] * 3)[:3]
            if not TITLE.fullmatch(title):
                faults.append(f"{name}: the title must be a noun, but is {title!r}")
            paragraph = page.read_text(encoding="utf-8").split("\n\n")[1:2]
            if blank or not QUESTION.match(" ".join("".join(paragraph).split())):
                faults.append(f"{name}: the first paragraph must begin `**Question?** For readers`, but is {first!r}")
        self.check(faults)

    def test_tables_have_at_most_four_columns(self):
        rows, faults = 0, []
        for page in pages():
            for number, line in lines(page):
                if line.startswith("|"):
                    rows += 1
                    if columns(line) > COLUMNS:
                        faults.append(f"{page.relative_to(ROOT)}:{number}: {columns(line)} columns")
        self.assertGreater(rows, 100)
        self.check(faults)

    def test_lines_are_wrapped(self):
        self.check(
            [
                f"{page.relative_to(ROOT)}:{number}: {len(line)} characters: {line[:60]}…"
                for page in pages()
                for number, line in lines(page)
                if too_long(line)
            ]
        )

    def test_readme_is_short(self):
        words = len((ROOT / "README.md").read_text(encoding="utf-8").split())
        self.assertLessEqual(words, README_WORDS)


class Words(Check):
    def test_no_file_has_a_word_that_is_not_used_here(self):
        faults, seen, allowed = [], 0, set()
        for path, name in files():
            seen += 1
            for number, word, pattern in former_words(path.read_text(encoding="utf-8", errors="ignore")):
                exempt = [key for key in ((name, pattern), (name, "*")) if key in ALLOWED]
                allowed.update(exempt)
                if not exempt:
                    faults.append(f"{name}:{number}: {word!r}: {FORMER_WORDS[pattern]}")
        self.assertGreater(seen, 15)
        self.check(faults)
        unneeded = [name for name, word in ALLOWED if pathlib.Path(name).suffix in SUFFIXES and (name, word) not in allowed]
        self.assertEqual(unneeded, [], "allowed, but not there")

    def test_words_are_found_in_any_case_and_across_lines(self):
        for text in ("Nobody reads it", "it is gone for\n/// good", "it lies\n    at the end", "`give_back`", "the object is given back"):
            self.assertEqual(len(list(former_words(text))), 1, text)
        for text in ("the alarm given-back", "a pattern of anewer", "believes in", "for goods"):
            self.assertEqual(list(former_words(text)), [], text)


if __name__ == "__main__":
    unittest.main()
