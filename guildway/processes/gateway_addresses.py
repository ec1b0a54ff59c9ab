"""The gateway's address for a client, where several workers have one: each client is sent to the next worker in turn.

Workers tell their addresses by their leases. One that is drained, or does not listen yet, gets no clients as long as
another one does.
"""

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from core.shards.worker import Worker, WorkerState
from gateway.transport.public_address import PublicAddress, compute_gateway_url
from guildway.processes.own_address import find_reachable_host

_EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound


class GatewayAddresses:
    """The addresses of the workers that live."""

    __slots__ = ("_fallback", "_host", "_list_workers", "_own_host", "_turn")

    def __init__(self, *, list_workers: Callable[[], Sequence[Worker]], host: str, fallback: PublicAddress) -> None:
        """`host` is where workers of this machine listen. `fallback` is told while nobody is known to live."""
        self._list_workers = list_workers
        self._host = host
        self._own_host = find_reachable_host(host)
        self._fallback = fallback
        self._turn = 0

    def url_for(self, asked_host: str) -> str:
        """Return the address for a client whose request had this Host header."""
        listening = [worker for worker in self._list_workers() if worker.addresses.gateway]
        serving = [worker for worker in listening if worker.state is WorkerState.SERVING] or listening
        if not serving:
            return self._fallback.url_for(asked_host)
        self._turn += 1
        return self._describe(serving[self._turn % len(serving)], asked_host)

    def _describe(self, worker: Worker, asked_host: str) -> str:
        addresses = worker.addresses
        told = urlsplit(addresses.gateway)
        if addresses.public_url or self._host not in _EVERY_ADDRESS or told.hostname != self._own_host:
            return addresses.public_url or addresses.gateway
        # A worker of this machine is reached by the name by which the client reached the machine.
        return compute_gateway_url(
            public_url="", host=self._host, port=told.port or 0, asked_host=asked_host, is_tls=told.scheme == "wss"
        )
