"""The latency of a message at an even load: from its intended time to its answer, and to each session.

The load is offered at a fixed rate, whatever the answers do (native/offer.c). A message that waits for a free
connection is late, and its wait counts. Messages are durable when answered. Each session gets each message; its wait
begins at the time in the message's content. The server is `guildway run` as it is shipped, with high limits.
"""

from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.harness.load.load_client import LoadClient, Waits
from benchmarks.harness.load.offer import Offer
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.product import Product
from benchmarks.harness.worlds.world import make_data

_SESSIONS: Final = 1000
_RATES: Final = (100, 500)
_SECONDS: Final = 10
_WARM_UP: Final = 50
_COLUMNS: Final = [
    Column(key="rate", title="messages/s offered"),
    Column(key="answered", title="answered/s", digits=1),
    Column(key="send_p50_ms", title="send p50 ms", digits=1),
    Column(key="send_p99_ms", title="p99 ms", digits=1),
    Column(key="send_max_ms", title="max ms", digits=1),
    Column(key="delivered_p50_ms", title="delivered p50 ms", digits=1),
    Column(key="delivered_p99_ms", title="p99 ms", digits=1),
    Column(key="delivered_max_ms", title="max ms", digits=1),
    Column(key="deliveries", title="deliveries/s"),
    Column(key="busy", title="server's core busy %"),
]


class _Offering:
    """A server with sessions that listen, and an author who writes."""

    def __init__(self, run: Run, sessions: int) -> None:
        self._run = run
        self._sessions = sessions
        folder = run.make_folder("latency")
        data, self._world = make_data(folder, members=sessions + 1)
        self._product = Product(data)
        self._client = LoadClient(builds=run.builds, folder=folder)
        self._client.connect_gateway(urlsplit(self._product.gateway).port or 0, sessions)
        self._client.login(self._world.tokens[:sessions])

    def offer(self, rate: int, count: int) -> dict[str, Any]:
        """Offer messages at a rate and return the row."""
        self._client.probe(count * self._sessions)
        cpu_before_s = self._product.process.cpu_s()
        offer = Offer(
            builds=self._run.builds,
            api=self._product.api,
            path=f"/api/v10/channels/{self._world.channel_ids[0]}/messages",
            token=self._world.tokens[-1],
            rate=rate,
            count=count,
        )
        offered = offer.wait()
        took_s = offered.took_s
        counted, delivered = self._client.wait_probed()
        cpu_s = self._product.process.cpu_s() - cpu_before_s
        return {
            "rate": rate,
            "answered": count / took_s,
            **_describe("send", offered.waits),
            **_describe("delivered", delivered),
            "deliveries": counted.frames / took_s,
            "busy": cpu_s / took_s * 100,
            "frames": counted.frames,
        }

    def stop(self) -> None:
        """End everything."""
        self._client.stop()
        self._product.process.stop()


def run(run: Run) -> Result:
    """Latency of messages that are offered at a fixed rate."""
    sessions, seconds = run.pick((_SESSIONS, _SECONDS), (20, 1))
    offering = _Offering(run, sessions)
    try:
        offering.offer(_RATES[0], _WARM_UP)
        rows = [offering.offer(rate, rate * seconds) for rate in _RATES]
    finally:
        offering.stop()
    title = f"an even load with {sessions:,} sessions, {seconds} s each"
    table = Table(title=title, columns=_COLUMNS, rows=rows)
    return Result(name="latency", tables=[table], deliveries=sum(row["frames"] for row in rows))


def _describe(what: str, waits: Waits) -> dict[str, float]:
    return {
        f"{what}_p50_ms": waits.p50_ms,
        f"{what}_p99_ms": waits.p99_ms,
        f"{what}_max_ms": waits.max_ms,
    }
