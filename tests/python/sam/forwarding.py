"""Lets containers reach servers that listen on loopback, by the same ports of the container bridge's address only."""

import contextlib
import socket
import socketserver
import threading

from report import Unusable


@contextlib.contextmanager
def to_loopback(address, ports):
    """Forwards TCP connections from `address` to the same port of 127.0.0.1, until the context ends."""
    with contextlib.ExitStack() as servers:
        for port in sorted(ports):
            try:
                server = servers.enter_context(_Server((address, port), _Connection))
            except OSError as error:
                raise Unusable(f"this program cannot listen on port {port} of the bridge's address {address}: {error}") from None
            servers.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        yield


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    # Do not wait for connections that are still open when the context ends.
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
    """Copies one direction until it ends, then closes it for the other side. A broken connection counts as ended."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
