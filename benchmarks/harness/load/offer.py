"""Requests offered over HTTP at an even rate, whatever the answers do. It drives native/offer.c."""

from urllib.parse import urlsplit

import msgspec

from benchmarks.harness.builds import Builds
from benchmarks.harness.load.load_client import Waits
from benchmarks.harness.processes import CLIENT_CORE, PinnedProcess

_CONNECTIONS = 64
"""The most requests of one offer that are under way at once."""


class Offered(msgspec.Struct, frozen=True):
    """An offer of which every request is answered."""

    count: int
    took_s: float
    waits: Waits
    """From the intended time to the end of the answer."""
    queued: int
    """The requests that found all connections busy, because the server was behind."""
    own_p99_ms: float
    """How late others were sent, because the offering program did not get its core."""


class Offer:
    """An offer of `count` requests, `rate` a second, which begins at once. POST sends messages to the path."""

    __slots__ = ("_process",)

    def __init__(
        self, *, builds: Builds, api: str, path: str, token: str, rate: float, count: int, method: str = "POST"
    ) -> None:
        """`api` is the server's address, `path` begins with `/api`."""
        port = str(urlsplit(api).port)
        self._process = PinnedProcess(
            [builds.program("offer"), method, port, path, token, str(_CONNECTIONS), str(rate), str(count)],
            on_core=CLIENT_CORE,
        )

    def wait(self) -> Offered:
        """Wait until all are answered."""
        try:
            _, count, took_ns, *waits_ns, queued, own_ns = self._process.read().split()
        finally:
            self._process.stop()
        waits = Waits(*(int(number) / 1e6 for number in waits_ns))
        return Offered(int(count), int(took_ns) / 1e9, waits, int(queued), int(own_ns) / 1e6)
