"""The image that SAM runs functions in: Amazon's where it can be pulled, else the few files of this machine that they need.

The second one proves packaging and protocol, not Amazon Linux itself.
"""

import contextlib
import io
import pathlib
import re
import subprocess
import tarfile

import docker
import requests

from report import Failed

REPOSITORY = "public.ecr.aws/lambda/provided"
_TOOLS = ("sh", "mv", "chmod", "cp", "rm")
"""SAM's own layer on the image, its runtime emulator, is made with these."""
_PLACES = ("tmp", "opt", "var/task", "var/runtime", "var/rapid", "etc")


@contextlib.contextmanager
def provided(client, architecture, bootstraps, report):
    """Makes sure that the image is there, under the name by which SAM looks for it; a line says which one it is.

    One of this machine's files is removed when the context ends, so that nobody takes it for Amazon's.
    """
    tag = f"al2023-{architecture}"
    name = f"{REPOSITORY}:{tag}"
    if _is_there(client, name):
        report.note(f"base image {name}: it was there")
        yield
        return
    try:
        client.images.pull(REPOSITORY, tag=tag)
        report.note(f"base image {name}: pulled")
        yield
        return
    except (docker.errors.DockerException, requests.RequestException):
        report.note(f"base image {name}: cannot be pulled, so it is made of this machine's files")
    client.api.import_image_from_data(
        _root(bootstraps), repository=REPOSITORY, tag=tag,
        changes=["WORKDIR /var/task", "ENV LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime"],
    )  # fmt: skip
    try:
        yield
    finally:
        # With it SAM's own layer on it.
        for made in (f"{REPOSITORY}:al2023-rapid-{architecture}", name):
            with contextlib.suppress(docker.errors.ImageNotFound):
                client.images.remove(made, force=True)


def _is_there(client, name):
    try:
        client.images.get(name)
        return True
    except docker.errors.ImageNotFound:
        return False


def _root(bootstraps):
    """A tar file: a shell's tools, every library that these and the functions load, the directories of a function."""
    tools = [pathlib.Path("/bin") / tool for tool in _TOOLS]
    libraries = {library for program in (*tools, *bootstraps) for library in _libraries(program)}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for place in _PLACES:
            directory = tarfile.TarInfo(place)
            directory.type, directory.mode = tarfile.DIRTYPE, 0o777 if place == "tmp" else 0o755
            tar.addfile(directory)
        users = b"root:x:0:0:root:/root:/bin/sh\n"
        passwd = tarfile.TarInfo("etc/passwd")
        passwd.size = len(users)
        tar.addfile(passwd, io.BytesIO(users))
        # Under the paths by which they are asked for, and without links: the image has no /usr.
        for path in sorted({*tools, *libraries}):
            _add(tar, path)
    return out.getvalue()


def _add(tar, path):
    content = path.read_bytes()
    file = tarfile.TarInfo(str(path).lstrip("/"))
    file.size, file.mode = len(content), 0o755
    tar.addfile(file, io.BytesIO(content))


def _libraries(program):
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    found = {pathlib.Path(path) for path in re.findall(r"(/\S+) \(0x", told.stdout)}
    if not found or "not found" in told.stdout:
        raise Failed(f"the libraries of {program} cannot be told: {told.stdout}{told.stderr}")
    return found
