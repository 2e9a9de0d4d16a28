"""HTTP/1.1 with keep-alive: bytes of a connection to requests, deliveries to bytes."""

import contextlib
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from support.hub.protocol import Delivery, Request, Response

__all__ = ["HttpServer"]

_CHUNK_SECONDS = 0.05
_POLL_SECONDS = 0.01


class _Handler(BaseHTTPRequestHandler):
    """One connection, in its own thread, until the client or the server closes it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "HttpServer"

    def handle(self) -> None:
        """Answer requests until one side closes the connection, also in the middle of one."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        """Answer one request."""
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, parts.path, query, headers, self._body())
        self.server.stopping.wait(self.server.latency())
        self._send(self.server.deliver(request))

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names are the base class's

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self._exactly(int(self.headers.get("Content-Length", "0")))
        chunks = []
        while size := int(self._line().split(b";")[0], 16):
            chunks.append(self._exactly(size))
            self._line()
        self._line()
        return b"".join(chunks)

    def _exactly(self, size: int) -> bytes:
        """The next bytes; a request that ends before it is whole was never made."""
        body = self.rfile.read(size)
        if len(body) < size:
            raise ConnectionResetError
        return body

    def _line(self) -> bytes:
        if not (line := self.rfile.readline()):
            raise ConnectionResetError
        return line

    def _send(self, delivery: Delivery) -> None:
        response = delivery.response
        if response is None:
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(response, delivery)

    def _send_body(self, response: Response, delivery: Delivery) -> None:
        body = response.body[: delivery.cut]
        step = max(int(delivery.rate * _CHUNK_SECONDS), 1) if delivery.rate else max(len(body), 1)
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            if delivery.rate and self.server.stopping.wait(step / delivery.rate):
                self.close_connection = True
                return
        if len(body) < len(response.body):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: requests are recorded, not printed."""


class HttpServer(ThreadingHTTPServer):
    """Listens from its construction until `close`; each connection has a thread."""

    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], deliver: Callable[[Request], Delivery], latency: Callable[[], float]
    ) -> None:
        """Listen.

        Args:
            address: Host and port.
            deliver: Gives what goes out for what came in; called in the thread of the connection.
            latency: Seconds to wait before the next request is looked at.
        """
        self.deliver = deliver
        self.latency = latency
        self.stopping = threading.Event()
        self._live: dict[socket.socket, threading.Thread] = {}
        super().__init__(address, _Handler)
        self._listener = threading.Thread(target=self.serve_forever, args=(_POLL_SECONDS,), name="hub", daemon=True)
        self._listener.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start the thread of a new connection."""
        arguments = (request, client_address)
        thread = self._live[request] = threading.Thread(target=self.process_request_thread, args=arguments, daemon=True)
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self._live.pop(request, None)
        super().shutdown_request(request)

    def close(self) -> None:
        """Stop listening, end every connection, also in the middle of an answer, and wait for the threads."""
        self.stopping.set()
        self.shutdown()
        self._listener.join()
        self.server_close()
        for connection, thread in list(self._live.items()):
            with contextlib.suppress(OSError):  # it ended meanwhile
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()
