"""Lets containers reach servers that listen on loopback: the same ports, on the container bridge's address alone."""

import contextlib
import socket
import socketserver
import threading

from report import Unusable


@contextlib.contextmanager
def to_loopback(address, ports):
    """Forwards TCP connections to `address` to 127.0.0.1, each port to the same one, until the context ends."""
    with contextlib.ExitStack() as servers:
        for port in sorted(ports):
            try:
                server = servers.enter_context(_Server((address, port), _Connection))
            except OSError as error:
                raise Unusable(f"port {port} of the bridge's address {address} cannot be listened on: {error}") from None
            servers.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        yield


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    # Connections that are still open when the context ends are nobody's any more.
    daemon_threads = True
    block_on_close = False


class _Connection(socketserver.BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.server.server_address[1])) as there:
            back = threading.Thread(target=_copy, args=(there, self.request), daemon=True)
            back.start()
            _copy(self.request, there)
            back.join()


def _copy(source, sink):
    """Copies one direction to its end, and says so to the other side; a broken connection ends like a closed one."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
