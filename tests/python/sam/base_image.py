"""The image in which SAM runs functions: Amazon's, or one made of this machine's files if Amazon's cannot be pulled.

The second image tests packaging and protocol, but not Amazon Linux.
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
"""SAM needs these to add its runtime emulator to the image."""
_PLACES = ("tmp", "opt", "var/task", "var/runtime", "var/rapid", "etc")


@contextlib.contextmanager
def provided(client, architecture, bootstraps, report):
    """Provides the image under the name that SAM uses, and prints which one it is.

    It removes an image of this machine's files when the context ends, so that it is not mistaken for Amazon's later.
    """
    tag = f"al2023-{architecture}"
    name = f"{REPOSITORY}:{tag}"
    if _is_there(client, name):
        report.note(f"base image {name}: it exists already")
        yield
        return
    try:
        client.images.pull(REPOSITORY, tag=tag)
        report.note(f"base image {name}: pulled")
        yield
        return
    except (docker.errors.DockerException, requests.RequestException):
        report.note(f"base image {name}: it cannot be pulled, so it is made of this machine's files")
    client.api.import_image_from_data(
        _root(bootstraps), repository=REPOSITORY, tag=tag,
        changes=["WORKDIR /var/task", "ENV LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime"],
    )  # fmt: skip
    try:
        yield
    finally:
        # SAM's image with the emulator first, which is based on it.
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
    """A tar file with a shell's tools, the libraries of the tools and of the functions, and a function's directories."""
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
        # Each under the path that programs use, and not as a link, because the image has no /usr.
        for path in sorted({*tools, *libraries}):
            _add(tar, path)
    return out.getvalue()


def _add(tar, path):
    content = path.read_bytes()
    file = tarfile.TarInfo(str(path).lstrip("/"))
    file.size, file.mode = len(content), 0o755
    tar.addfile(file, io.BytesIO(content))


def _libraries(program):
    ldd = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    found = {pathlib.Path(path) for path in re.findall(r"(/\S+) \(0x", ldd.stdout)}
    if not found or "not found" in ldd.stdout:
        raise Failed(f"ldd cannot list the libraries of {program}: {ldd.stdout}{ldd.stderr}")
    return found
