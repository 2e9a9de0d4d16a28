"""A Hub in this process, for tests and for trying things by hand."""

import logging
import socket
import threading
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote

from support.hub.content import HubContent
from support.hub.endpoints import answer
from support.hub.faults import Fault, PlannedFault
from support.hub.protocol import Delivery, Record, Request, Response
from support.hub.wire import HttpServer

__all__ = ["HubServer"]

_HOST = "127.0.0.1"
_LOGGER = logging.getLogger("support.hub")


class HubServer(HubContent):
    """Speaks the Hub's protocol on a port of this machine; everything it holds is in memory.

    Attributes:
        latency: Seconds that pass before every answer.
        errors: Exceptions of the server itself, which clients saw as status 500.
    """

    def __init__(self, port: int = 0, *, xet: Path | None = None) -> None:
        """Start listening.

        Args:
            port: Where to listen; 0 takes a free port, which stays the same over `stop` and `start`.
            xet: As for `HubContent`.
        """
        super().__init__(xet)
        self.latency = 0.0
        self.errors: list[Exception] = []
        self._records: list[Record] = []
        self._faults: list[PlannedFault] = []
        self._lock = threading.Lock()
        self._http: HttpServer | None = None
        # Bound and never listening: while the network is down, connections are refused and nobody takes the port.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind((_HOST, port))
        self.endpoint = self.store.endpoint = f"http://{_HOST}:{self._reserved.getsockname()[1]}"
        self.start()

    def __enter__(self) -> "HubServer":  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._reserved.close()

    # The network

    def start(self) -> None:
        """The network is up, on the same port as before."""
        if self._http is None:
            self._http = HttpServer(self._reserved.getsockname(), self._deliver, lambda: self.latency)

    def stop(self) -> None:
        """The network is down: connections end and new ones are refused; what the Hub holds stays."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def env(self, home: Path, *, token: str = "", xet: bool = False, offline: bool = False) -> dict[str, str]:
        """Variables that make a new process talk to this Hub.

        Args:
            home: Stands for `HF_HOME`; the cache is `hub/` below it.
            token: What `user` gave, or nothing for a stranger.
            xet: Whether files may come by Xet.
            offline: Whether the client is told not to use the network.
        """
        return {
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(home),
            "HF_HUB_CACHE": str(home / "hub"),
            "HF_HUB_DISABLE_XET": "0" if xet else "1",
            "HF_HUB_OFFLINE": "1" if offline else "0",
            "HF_TOKEN": token,
            "NO_PROXY": _HOST,
        }

    # What was asked

    @property
    def requests(self) -> list[Record]:
        """What was asked so far, in the order of the answers."""
        with self._lock:
            return list(self._records)

    def requests_for(self, pattern: str) -> list[Record]:
        """Those of `requests` whose method and unquoted path match, for example `"GET */refs"`."""
        return [seen for seen in self.requests if fnmatchcase(f"{seen.method} {seen.path}", pattern)]

    def clear_requests(self) -> None:
        """Forget what was asked."""
        with self._lock:
            self._records.clear()

    # What goes wrong

    def fail(self, pattern: str, fault: Fault, *, times: int = 1) -> None:
        """Let the next requests of a pattern go wrong, a number of times; earlier faults come first.

        Args:
            pattern: Method and unquoted path, with `*` and `?`, for example `"GET */resolve/*.so"`.
            fault: One of `support.hub.faults`.
            times: For how many requests.
        """
        with self._lock:
            self._faults.append(PlannedFault(pattern, fault, times))

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._faults.clear()

    # One request

    def _deliver(self, request: Request) -> Delivery:
        def carry_out() -> Response:
            return answer(self.store, request)

        fault = self._next_fault(request)
        try:
            delivery = fault.deliver(carry_out) if fault else Delivery(carry_out())
        except Exception as error:  # noqa: BLE001 - whoever looks at `errors` hears of it
            self.errors.append(error)
            delivery = Delivery(Response(500, {}, repr(error).encode()))
        self._record(request, delivery)
        return delivery

    def _next_fault(self, request: Request) -> Fault | None:
        with self._lock:
            planned = next((planned for planned in self._faults if planned.matches(request)), None)
            if planned is None:
                return None
            planned.times -= 1
            return planned.fault

    def _record(self, request: Request, delivery: Delivery) -> None:
        """Remember before anything is sent, so that a client that has its answer finds its request."""
        response = delivery.response
        body = b"" if response is None or request.method == "HEAD" else response.body[: delivery.cut]
        record = Record(
            method=request.method,
            path=unquote(request.path),
            query=request.query,
            headers=request.headers,
            status=int(response.status) if response else 0,
            received=len(request.body),
            sent=len(body),
        )
        _LOGGER.info("%s %s %s %s", record.method, record.path, record.status, record.sent)
        with self._lock:
            self._records.append(record)
