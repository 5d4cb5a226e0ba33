"""The container engine: the one of this machine, or one that this program starts and stops."""

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
"""The ioctl for the address of a network interface (netdevice(7))."""


@contextlib.contextmanager
def running(report):
    """A client of the engine. If this started the engine, it stops the engine and removes its data when the context ends."""
    client = _answering()
    daemon = None
    if client is None:
        if os.geteuid() != 0:
            raise Unusable("no container engine answers, and only root can start one; set DOCKER_HOST to use another engine")
        daemon = _daemon(report)
        # With systemd, the installation has started one.
        client = _answering()
    if client is not None:
        report.note(f"uses this machine's container engine, {_version(client)}")
        with contextlib.closing(client):
            yield client
        return
    with _own(daemon) as client:
        report.note(f"has started a container engine, {_version(client)}")
        yield client


def bridge_address(client):
    """The address at which containers reach this machine."""
    # Read from the interface, because an engine that has just created its bridge does not know the address yet.
    name = client.networks.get("bridge").attrs["Options"].get("com.docker.network.bridge.name", "docker0")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            interface = fcntl.ioctl(any_socket, SIOCGIFADDR, struct.pack("256s", name.encode()))
    except OSError as error:
        raise Unusable(f"this machine has no interface {name}, which is the container engine's bridge: {error}") from None
    return socket.inet_ntoa(interface[20:24])


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
    """The path of `dockerd`. Installs it if it is missing."""
    # `dockerd` and not `docker`, which is only the client. The caller's PATH may lack /usr/sbin.
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
        raise Unusable("no container engine answers, and dockerd is missing; install it (Debian: apt-get install docker.io)")
    return found


@contextlib.contextmanager
def _own(daemon):
    data = WORK / "engine"
    log = WORK / "dockerd.log"
    bridge_was_there = pathlib.Path("/sys/class/net/docker0").exists()
    # The sockets are in a directory with a short name, because a socket's path has at most 108 bytes.
    with tempfile.TemporaryDirectory(prefix="dockerd-") as run_dir, log.open("wb") as output:
        address = f"unix://{run_dir}/docker.sock"
        process = subprocess.Popen(
            [
                # The engine ends with this program, even if this program is killed.
                "setpriv", "--pdeathsig", "TERM", daemon, "--host", address,
                "--data-root", data, "--exec-root", f"{run_dir}/exec", "--pidfile", f"{run_dir}/docker.pid",
                # Containers reach only this machine, over the bridge. The machine's network settings do not change.
                "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false",
            ],
            env=environment(PATH=f"{environment()['PATH']}:/usr/sbin:/sbin"),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        # sam and the import of the base image use this engine.
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
    raise Unusable("dockerd does not start; its last lines are above. In a container, it needs privileges")
