"""Limits by address behind a proxy, over the API processes of a cluster: they count by the client's own address, and a
client's claims about itself change nothing.
"""

import asyncio
from typing import Any

from api.http.scope import address_of
from api.services.limits import Limits
from core.domain.errors import RateLimited
from core.http.bounds import DEFAULT_BOUNDS
from core.live.limits import MemoryGate, MemoryRateLimiter
from core.live.refusals import Refusals
from core.runtime.settings.current_limits import CurrentLimits
from core.runtime.settings.settings import LimitSettings, Settings
from tests.fakes.clock import FakeClock
from tests.fakes.http_transport import FakeHttpConnection

LOGINS = 4
PROXY, ANOTHER_PROXY, CLIENT, ANOTHER_CLIENT = "10.0.0.1", "10.0.0.2", "203.0.113.9", "203.0.113.10"


class _Process:
    """An API process, whose counts are those of all."""

    def __init__(self, limiter: MemoryRateLimiter) -> None:
        self._limits = Limits(
            limiter=limiter,
            gate=MemoryGate(limiter=limiter),
            current=CurrentLimits(Settings(limits=LimitSettings(logins_per_minute=LOGINS))),
            refusals=Refusals(),
        )

    async def log_in(self, address: str, *forwarded: str) -> bool:
        """Try it over a new connection from this address; return whether the limit lets it pass."""
        passed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        async def app(scope: Any, _receive: Any, send: Any) -> None:
            try:
                await self._limits.take_login(address_of(scope))
                passed.set_result(True)
            except RateLimited:
                passed.set_result(False)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        connection = FakeHttpConnection(app, bounds=DEFAULT_BOUNDS, address=address, trusted_proxies=["10.0.0.0/8"])
        lines = "".join(f"x-forwarded-for: {value}\r\n" for value in forwarded)
        connection.protocol.data_received(f"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n{lines}\r\n".encode())
        return await passed


def _make_cluster() -> tuple[_Process, _Process]:
    limiter = MemoryRateLimiter(clock=FakeClock())
    return _Process(limiter), _Process(limiter)


async def test_client_has_one_count_over_all_proxies_and_processes_and_neighbours_have_their_own() -> None:
    first, second = _make_cluster()
    ways = [(PROXY, CLIENT), (ANOTHER_PROXY, f"{CLIENT}:443"), (PROXY, f"{CLIENT}, {ANOTHER_PROXY}"),
            (PROXY, f"::ffff:{CLIENT}, ::ffff:{ANOTHER_PROXY}")]  # fmt: skip
    assert all([await process.log_in(*way) for process, way in zip((first, second) * 2, ways, strict=True)])
    assert not any([await process.log_in(*way) for process in (first, second) for way in ways])
    assert await first.log_in(PROXY, ANOTHER_CLIENT)


async def test_claims_of_a_client_are_not_believed() -> None:
    first, second = _make_cluster()
    claims = [f"198.51.100.{number}" for number in range(LOGINS)]
    through = [await second.log_in(PROXY, claim, CLIENT) for claim in claims]
    directly = [await first.log_in(ANOTHER_CLIENT, claim) for claim in claims]
    assert all(through)
    assert all(directly)
    assert not await first.log_in(PROXY, f"192.0.2.1, {CLIENT}")
    assert not await second.log_in(ANOTHER_CLIENT, "192.0.2.1")
    assert all([await first.log_in(PROXY, claim) for claim in claims]), "nobody was counted in whose name they spoke"
