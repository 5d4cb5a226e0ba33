"""`sam validate` and `sam build`, and checks that the built functions run on Amazon Linux 2023."""

import pathlib
import re
import stat
import subprocess
import tempfile
import tomllib
import zipfile

from commands import PROGRAMS, ROOT, WORK, run

FUNCTIONS = ("IntakeFunction", "PollFunction", "FinalizeFunction")
STAGES = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))
"""The stages of samconfig.toml; without its `version`."""
STAGES.pop("version")
GLIBC = (2, 34)
"""The C library of the runtime provided.al2023."""
COLD_BUILD_SECONDS = 3600
_RUST_TARGETS = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}
_MACHINES = {"x86_64": "Advanced Micro Devices X86-64", "arm64": "AArch64"}


def sam(*arguments, **more):
    return run(PROGRAMS / "sam", *arguments, **more)


def validate(report):
    report.step("sam validate --lint")
    for stage in STAGES:
        # samconfig.toml sets `lint`.
        validated = sam("validate", "--config-env", stage, timeout=120, fails=True)
        report.check(f"{stage}: the template is valid", validated.returncode == 0, validated.stdout + validated.stderr)
    # SAM's cache sees changes in functions/* only, so after a change in crates/ it would deploy old code.
    caching = [stage for stage, sections in STAGES.items() if sections["build"]["parameters"].get("cached")]
    report.equal("stages with SAM's build cache", caching, [])


def build(architecture, report):
    """Builds all functions. Returns the directory of the built template."""
    report.step(f"sam build, {architecture} (compiles everything with --release if nothing is cached)")
    directory = WORK / architecture
    sam(
        "build", "--config-env", "default", "--parameter-overrides", f"Architecture={architecture}",
        "--build-dir", directory, timeout=COLD_BUILD_SECONDS, tell=report.note,
    )  # fmt: skip
    for function in FUNCTIONS:
        _check_binary(directory / function / "bootstrap", architecture, report)
    return directory


def can_be_built(architecture, report):
    """Whether the compiler has the target of the architecture. Prints a line if not."""
    target = _RUST_TARGETS[architecture]
    # Ask the compiler and not rustup, because a distribution's compiler has no rustup.
    libraries = pathlib.Path(run("rustc", "--print", "target-libdir", "--target", target, timeout=60).stdout.strip())
    if any(libraries.glob("libstd-*")):
        return True
    report.step(f"sam build, {architecture}: SKIPPED, because the compiler lacks the target; run: rustup target add {target}")
    return False


def _check_binary(bootstrap, architecture, report):
    name = f"{bootstrap.parent.name}, {architecture}"
    if not report.check(f"{name}: there is an executable bootstrap", _is_executable(bootstrap)):
        return
    header = _readelf("--file-header", bootstrap)
    report.equal(f"{name}: its machine", re.search(r"Machine:\s+(.+)", header)[1], _MACHINES[architecture])
    needed = needed_glibc(_readelf("--version-info", bootstrap))
    if report.check(f"{name}: it says which C library it needs", needed is not None):
        text = ".".join(map(str, needed))
        report.check(f"{name}: a C library of {'.'.join(map(str, GLIBC))} is enough", needed <= GLIBC, f"it needs {text}")
    report.note(f"{name}: {bootstrap.stat().st_size:,} bytes, {_zipped(bootstrap):,} in a zip, glibc {text}")


def needed_glibc(version_info):
    """The newest version of the C library that a symbol needs."""
    # `GLIBC_PRIVATE` and others have no version.
    found = re.findall(r"Name: GLIBC_(\d+)\.(\d+)", version_info)
    return max(((int(major), int(minor)) for major, minor in found), default=None)


def _is_executable(path):
    return path.is_file() and bool(path.stat().st_mode & stat.S_IXUSR)


def _readelf(what, path):
    return subprocess.run(["readelf", "--wide", what, path], capture_output=True, text=True, check=True).stdout


def _zipped(path):
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, pathlib.Path(path).name)
        return file.tell()
