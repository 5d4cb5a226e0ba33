"""Runs checkov over the templates and the workflows, offline. It fails in these cases:

- A check fails that is not skipped, or a file cannot be read.
- A skip in a template has no comment, or its check would not fail without it.

    .venv-checkov/bin/python tests/python/checkov/check.py
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
TEMPLATES = ["template.yaml", *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("infra/*.yaml"))]
WORKFLOWS = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(".github/workflows/*.yml"))
CHECKOV = pathlib.Path(sys.executable).parent / "checkov"
# Checkov's own text for a skip without a comment.
NO_COMMENT = "No comment provided"


def checkov(framework, files, folder=ROOT):
    """Checkov's report on these files of a folder."""
    # Without --skip-download, checkov asks its vendor's platform for links to guidelines.
    command = [sys.executable, CHECKOV, "--framework", framework, "--skip-download", "--output", "json"]
    command += [argument for file in files for argument in ("--file", file)]
    # Without the caller's settings of checkov.
    environment = {name: value for name, value in os.environ.items() if not re.match("CKV_|CHECKOV_|BC_|PRISMA_|LOG_LEVEL", name)}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1) or not run.stdout.startswith("{"):
        sys.exit(f"checkov ended with {run.returncode}\n{run.stdout}{run.stderr}")
    return json.loads(run.stdout)


def named(checks):
    return {(check["check_id"], check["resource"]) for check in checks}


def faults_of(framework, report):
    """The faults in a report. Prints its summary."""
    results, summary = report["results"], report["summary"]
    print(f"{framework}: {summary['passed']} checks passed, {summary['failed']} failed, {summary['skipped']} skipped")
    for check in results["failed_checks"]:
        place = f"{check['file_path'].lstrip('/')}:{check['file_line_range'][0]}"
        yield f"{place}: {check['check_id']} {check['check_name']} ({check['resource']})"
    for file in results["parsing_errors"]:
        yield f"{file} cannot be read"
    if summary["passed"] < 30:
        yield f"{framework}: fewer than 30 checks passed, so checkov has not read all files"
    for check in results["skipped_checks"]:
        if check["check_result"]["suppress_comment"] == NO_COMMENT:
            yield f"{check['check_id']} is skipped at {check['resource']} without a comment"


def without_skips():
    """The checks that fail if the templates skip none."""
    with tempfile.TemporaryDirectory() as bare:
        for name in TEMPLATES:
            copy = pathlib.Path(bare) / name
            copy.parent.mkdir(exist_ok=True)
            # Checkov ignores skips under another name.
            text = (ROOT / name).read_text(encoding="utf-8").replace(" checkov:\n", " skipped:\n")
            copy.write_text(text, encoding="utf-8")
        return named(checkov("cloudformation", TEMPLATES, bare)["results"]["failed_checks"])


def main():
    report = checkov("cloudformation", TEMPLATES)
    faults = [*faults_of("cloudformation", report), *faults_of("github_actions", checkov("github_actions", WORKFLOWS))]
    skips = named(report["results"]["skipped_checks"])
    needed = without_skips()
    faults += [f"{check} is skipped at {resource} but would not fail: remove the skip" for check, resource in sorted(skips - needed)]
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)
    if faults:
        sys.exit(1)
    print(f"no check fails in {len(TEMPLATES)} templates and {len(WORKFLOWS)} workflow; all {len(skips)} skips have a reason and are needed")


if __name__ == "__main__":
    main()
