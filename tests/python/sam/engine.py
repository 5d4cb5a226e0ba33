"""A container engine: the one that runs here, or one of this program's own for as long as it runs."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

import docker

from commands import WORK, end_session, environment, run
from report import Failed, Unusable

READY_SECONDS = 30
INSTALL_SECONDS = 600
SIOCGIFADDR = 0x8915
"""Linux's request for the address of an interface (netdevice(7))."""


@contextlib.contextmanager
def running(report):
    """A client of the engine. An engine of this program's own is stopped, and its data removed, when the context ends."""
    client = _answering()
    daemon = None
    if client is None:
        if os.geteuid() != 0:
            raise Unusable("no container engine answers, and only root can start one (or DOCKER_HOST names another)")
        daemon = _daemon(report)
        # With systemd the package has started one.
        client = _answering()
    if client is not None:
        report.note(f"uses the container engine that runs here, {_version(client)}")
        with contextlib.closing(client):
            yield client
        return
    with _own(daemon) as client:
        report.note(f"started a container engine of its own, {_version(client)}")
        yield client


def bridge_address(client):
    """The address under which this machine is known to containers."""
    # An engine that has just made its bridge does not name the address yet, so the interface is asked.
    name = client.networks.get("bridge").attrs["Options"].get("com.docker.network.bridge.name", "docker0")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            told = fcntl.ioctl(any_socket, SIOCGIFADDR, struct.pack("256s", name.encode()))
    except OSError as error:
        raise Unusable(f"the container engine's bridge {name} is not on this machine: {error}") from None
    return socket.inet_ntoa(told[20:24])


def _answering():
    try:
        client = docker.from_env(timeout=120)
        client.ping()
        return client
    except docker.errors.DockerException:
        return None


def _version(client):
    return f"{client.version()['Version']} ({client.info()['Driver']})"


def _daemon(report):
    """The path of `dockerd`, installed first where it is missing."""
    # A client alone is no engine; /usr/sbin is not on everybody's path.
    path = os.pathsep.join((environment()["PATH"], "/usr/sbin", "/sbin"))
    found = shutil.which("dockerd", path=path)
    if found is None and shutil.which("apt-get"):
        report.step("installs docker.io")
        apt = environment(DEBIAN_FRONTEND="noninteractive")
        try:
            run("apt-get", "update", timeout=INSTALL_SECONDS, env=apt)
            run("apt-get", "install", "--yes", "--no-install-recommends", "docker.io", timeout=INSTALL_SECONDS, env=apt)
        except Failed as failed:
            raise Unusable(f"docker.io cannot be installed: {failed}") from None
        found = shutil.which("dockerd", path=path)
    if found is None:
        raise Unusable("no container engine answers, and dockerd is missing (Debian: apt-get install docker.io)")
    return found


@contextlib.contextmanager
def _own(daemon):
    data = WORK / "engine"
    log = WORK / "dockerd.log"
    bridge_was_there = pathlib.Path("/sys/class/net/docker0").exists()
    # The sockets lie in a directory with a short name: a socket's path has 108 bytes at most.
    with tempfile.TemporaryDirectory(prefix="dockerd-") as run_dir, log.open("wb") as output:
        address = f"unix://{run_dir}/docker.sock"
        process = subprocess.Popen(
            [
                # Ends with this program, also where that is killed.
                "setpriv", "--pdeathsig", "TERM", daemon, "--host", address,
                "--data-root", data, "--exec-root", f"{run_dir}/exec", "--pidfile", f"{run_dir}/docker.pid",
                # Containers reach this machine over the bridge and nothing else, so the machine's network stays as it is.
                "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
            ],
            env=environment(PATH=f"{environment()['PATH']}:/usr/sbin:/sbin"),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        # sam and the base image's import find the engine by it.
        before = os.environ.get("DOCKER_HOST")
        os.environ["DOCKER_HOST"] = address
        try:
            with contextlib.closing(_ready(process, log)) as client:
                yield client
        finally:
            end_session(process)
            if before is None:
                del os.environ["DOCKER_HOST"]
            else:
                os.environ["DOCKER_HOST"] = before
            shutil.rmtree(data, ignore_errors=True)
            if not bridge_was_there and shutil.which("ip"):
                subprocess.run(["ip", "link", "delete", "docker0"], stderr=subprocess.DEVNULL, check=False)


def _ready(process, log):
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if (client := _answering()) is not None:
            return client
        time.sleep(0.2)
    why = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
    print(why, file=sys.stderr)
    raise Unusable("dockerd does not start here (has this container the privileges for it?); its last lines are above")
