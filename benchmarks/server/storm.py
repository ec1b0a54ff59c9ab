"""A login storm: thousands of open connections identify in the same moment, against `guildway run` as it is shipped.

The clients are people, members of one guild. A wait is from the frame that was sent to READY, which has the guild, and
to READY_SUPPLEMENTAL. So it contains the time in the queue: the last client waits for all others. On a second server
messages are written meanwhile at an even rate, and connected listeners wait for them, as in `latency`. Pauses of the
garbage collector come from the server's own histogram, during the storm and during messages to everybody after it.
"""

import time
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.harness.load.load_client import LoadClient
from benchmarks.harness.load.offer import Offer
from benchmarks.harness.metrics import Histogram, read_histogram
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.product import Person, Product
from benchmarks.harness.worlds.world import make_data

_SIZES: Final = (1000, 10_000)
_PAUSES: Final = "guildway_gc_pause_seconds"
_LONG_S: Final = 0.01
_MESSAGES: Final = 30
_LISTENERS: Final = 100
_RATE: Final = 100
"""Messages a second during the storm."""
_LEAD_S: Final = 0.5
"""The time for which messages flow before the storm, and at least after it."""
_EXPECTED_PER_SECOND: Final = 5000
"""The rate of logins that decides how long messages flow. The end of a longer storm has no messages."""
_COLUMNS: Final = [
    Column(key="sessions", title="identify at once"),
    Column(key="per_second", title="identifies/s"),
    Column(key="cpu_us", title="CPU µs each"),
    Column(key="ready_p50_ms", title="READY p50 ms"),
    Column(key="ready_p99_ms", title="p99 ms"),
    Column(key="ready_max_ms", title="max ms"),
    Column(key="guild_p50_ms", title="SUPPLEMENTAL p50 ms"),
    Column(key="guild_p99_ms", title="p99 ms"),
    Column(key="rss_kib", title="RSS KiB each", digits=1),
]
_FLOW_COLUMNS: Final = [
    Column(key="sessions", title="identify at once"),
    Column(key="listeners", title="listeners"),
    Column(key="rate", title="messages/s"),
    Column(key="send_p50_ms", title="send p50 ms", digits=1),
    Column(key="send_p99_ms", title="p99 ms", digits=1),
    Column(key="delivered_p50_ms", title="delivered p50 ms", digits=1),
    Column(key="delivered_p99_ms", title="p99 ms", digits=1),
    Column(key="delivered_max_ms", title="max ms", digits=1),
]
_PAUSE_COLUMNS: Final = [
    Column(key="sessions", title="sessions"),
    Column(key="when", title="when"),
    Column(key="count", title="collections"),
    Column(key="over", title="longer than 10 ms"),
    Column(key="below_ms", title="all within ms", digits=1),
]


def run(run: Run) -> Result:
    """Many identifies in the same moment, also beside messages."""
    sizes = run.pick(_SIZES, (20, 40))
    rows: list[dict[str, Any]] = []
    flows: list[dict[str, Any]] = []
    pauses: list[dict[str, Any]] = []
    for sessions in sizes:
        scene = _LoadedServer(run, "storm", sessions)
        try:
            row, found = scene.storm()
        finally:
            scene.stop()
        rows.append(row)
        pauses += found
        scene = _LoadedServer(run, "flow", sessions)
        try:
            flows.append(scene.storm_beside_messages())
        finally:
            scene.stop()
    tables = [
        Table(title="identifies at once", columns=_COLUMNS, rows=rows),
        Table(title="messages during a storm", columns=_FLOW_COLUMNS, rows=flows),
    ]
    skipped = []
    if pauses:
        tables.append(Table(title="pauses of the garbage collector", columns=_PAUSE_COLUMNS, rows=pauses))
    else:
        skipped.append(f"pauses of the garbage collector: this version has no {_PAUSES}")
    return Result(name="storm", tables=tables, skipped=skipped, deliveries=4 * sum(sizes))


class _LoadedServer:
    """A server on which the guild is loaded, and the storm's connections, which have said nothing yet."""

    def __init__(self, run: Run, name: str, sessions: int) -> None:
        self._builds = run.builds
        self._sessions = sessions
        folder = run.make_folder(f"{name}-{sessions}")
        data, self._world = make_data(folder, members=sessions + _LISTENERS)
        self._product = Product(data, {"GUILDWAY_GATEWAY_RESUME_WINDOW_S": "0"})
        self._port = urlsplit(self._product.gateway).port or 0
        self._client = LoadClient(builds=run.builds, folder=folder)
        self._listeners = LoadClient(builds=run.builds, folder=run.make_folder(f"{name}-{sessions}-listeners"))
        self._listeners.connect_gateway(self._port, _LISTENERS)
        self._listeners.login(self._world.tokens[sessions:])
        self._client.connect_gateway(self._port, sessions)

    def stop(self) -> None:
        """End everything."""
        self._client.stop()
        self._listeners.stop()
        self._product.process.stop()

    def storm(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Measure the logins with nothing else to do, and the collector's pauses during them and afterwards."""
        sessions, process = self._sessions, self._product.process
        before, rss_before, cpu_before_s = self._read_pauses(), process.rss_bytes(), process.cpu_s()
        logins = self._client.login(self._world.tokens[:sessions], at_once=sessions)
        cpu_s, rss = process.cpu_s() - cpu_before_s, process.rss_bytes() - rss_before
        during = self._read_pauses()
        self._talk()
        row = {
            "sessions": sessions,
            "per_second": sessions / logins.took_s,
            "cpu_us": cpu_s / sessions * 1e6,
            "ready_p50_ms": logins.ready.p50_ms,
            "ready_p99_ms": logins.ready.p99_ms,
            "ready_max_ms": logins.ready.max_ms,
            "guild_p50_ms": logins.guild.p50_ms,
            "guild_p99_ms": logins.guild.p99_ms,
            "rss_kib": rss / sessions / 1024,
        }
        return row, _describe_pauses(sessions, before, during, self._read_pauses())

    def storm_beside_messages(self) -> dict[str, Any]:
        """Measure the storm's effect on connected listeners."""
        count = round(_RATE * (2 * _LEAD_S + self._sessions / _EXPECTED_PER_SECOND))
        self._listeners.probe(count * _LISTENERS)
        offer = Offer(
            builds=self._builds,
            api=self._product.api,
            path=f"/api/v10/channels/{self._world.channel_ids[0]}/messages",
            token=self._world.tokens[-1],
            rate=_RATE,
            count=count,
        )
        time.sleep(_LEAD_S)
        self._client.login(self._world.tokens[: self._sessions], at_once=self._sessions)
        send = offer.wait().waits
        _, delivered = self._listeners.wait_probed()
        return {
            "sessions": self._sessions,
            "listeners": _LISTENERS,
            "rate": _RATE,
            "send_p50_ms": send.p50_ms,
            "send_p99_ms": send.p99_ms,
            "delivered_p50_ms": delivered.p50_ms,
            "delivered_p99_ms": delivered.p99_ms,
            "delivered_max_ms": delivered.max_ms,
        }

    def _read_pauses(self) -> Histogram | None:
        return read_histogram(self._product.metrics, _PAUSES)

    def _talk(self) -> None:
        """Send messages to everybody, one after the other."""
        person = Person(self._product.api, self._world.tokens[-1])
        for number in range(_MESSAGES):
            self._client.expect(self._sessions)
            person.post(f"/channels/{self._world.channel_ids[0]}/messages", {"content": f"after the storm, {number}"})
            self._client.wait()


def _describe_pauses(
    sessions: int, before: Histogram | None, during: Histogram | None, after: Histogram | None
) -> list[dict[str, Any]]:
    if before is None or during is None or after is None:
        return []
    spans = {"the storm": during.since(before), f"{_MESSAGES} messages to all": after.since(during)}
    return [
        {
            "sessions": sessions,
            "when": when,
            "count": pauses.count,
            "over": pauses.count_over(_LONG_S),
            "below_ms": pauses.longest_bound_s() * 1000 if pauses.count else None,
        }
        for when, pauses in spans.items()
    ]
