"""Checks that every tool of a build has a pinned version, and that no package runs code while it is installed.

    .venv/bin/python tests/python/supply_chain.py
"""

import json
import re
import tomllib
import unittest

import yaml

from infrastructure import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
WORKFLOWS = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / ".github/workflows").glob("*.yml")}


class Installing(unittest.TestCase):
    def test_python_packages_are_wheels_with_hashes(self):
        installs = re.findall(r"^.*\bpip install\b.*$", MAKEFILE, re.M)
        self.assertGreater(len(installs), 3)
        for line in installs:
            # A source distribution runs its setup.py.
            self.assertIn("--only-binary :all:", line)
            self.assertIn("--require-hashes", line)

    def test_node_packages_run_no_scripts_and_have_hashes(self):
        installs = re.findall(r"^.*\bnpm (?:ci|install|i|add)\b.*$", MAKEFILE, re.M)
        self.assertEqual(len(installs), 1)
        self.assertRegex(installs[0], r"\bnpm ci --ignore-scripts\b")
        lock = json.loads((ROOT / "tests/lint/package-lock.json").read_text(encoding="utf-8"))
        for name, package in lock["packages"].items():
            self.assertTrue(name == "" or package.get("integrity"), f"{name} has no hash")

    def test_cargo_tools_are_built_from_their_lock_files_at_one_version(self):
        installs = re.findall(r"^.*\$\(CARGO\) install\b.*$", MAKEFILE, re.M)
        self.assertEqual(len(installs), 3)
        for line in installs:
            self.assertIn("--locked", line)
            self.assertRegex(line, r"--version \$\(CARGO_\w+_VERSION\)")

    def test_no_script_uses_curl_or_wget(self):
        for name, text in {"Makefile": MAKEFILE, ".ci/run": (ROOT / ".ci/run").read_text(encoding="utf-8"), **WORKFLOWS}.items():
            self.assertNotRegex(text, r"\b(curl|wget)\b", name)


class Workflows(unittest.TestCase):
    def test_toolchain_is_one_release_and_new_enough(self):
        least = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]["rust-version"]
        for name, text in WORKFLOWS.items():
            release = yaml.safe_load(text)["env"]["RUST"]
            self.assertRegex(release, r"^\d+\.\d+\.\d+$", name)
            numbers = [tuple(map(int, one.split("."))) for one in (least, release)]
            self.assertLessEqual(*numbers, f"{name}: Cargo.toml requires at least {least}")
            for line in re.findall(r"^.*\brustup\b.*$", text, re.M):
                if "#" not in line:
                    self.assertNotRegex(line, r"\b(stable|beta|nightly)\b", name)
                    self.assertIn('"$RUST"', line, name)

    def test_actions_are_pinned_by_commit_and_the_token_may_only_read(self):
        for name, text in WORKFLOWS.items():
            uses = re.findall(r"uses: (\S+)", text)
            self.assertTrue(uses, name)
            for action in uses:
                self.assertRegex(action, r"@[0-9a-f]{40}$", name)
            self.assertEqual(yaml.safe_load(text)["permissions"], {"contents": "read"}, name)
            self.assertEqual(text.count("persist-credentials: false"), text.count("actions/checkout@"), name)


if __name__ == "__main__":
    unittest.main()
