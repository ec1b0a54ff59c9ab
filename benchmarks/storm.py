"""A storm: thousands of connections that are open identify in the same moment, against `guildway run` as it is shipped.

They are members of one guild. A wait is from the frame that was sent to READY and to GUILD_CREATE, so it holds the time in the
queue: the last of a storm waits for all of it. Pauses of the garbage collector are what the server's own histogram counts, during
the storm and in the time after, in which messages go to everybody.
"""

import asyncio
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.load_client import LoadClient
from benchmarks.metrics import Histogram, read_histogram
from benchmarks.product import Person, Product
from benchmarks.run import Run
from benchmarks.tables import Column, Result, Table
from benchmarks.world import World, make_world
from guildway.embedded import DATABASE_NAME

_SIZES: Final = (1000, 10_000)
_PAUSES: Final = "guildway_gc_pause_seconds"
_LONG_S: Final = 0.01
_MESSAGES: Final = 30
_COLUMNS: Final = [
    Column(key="sessions", title="identify at once"),
    Column(key="per_second", title="identifies/s"),
    Column(key="cpu_us", title="CPU µs each"),
    Column(key="ready_p50_ms", title="READY p50 ms"),
    Column(key="ready_p99_ms", title="p99 ms"),
    Column(key="ready_max_ms", title="max ms"),
    Column(key="guild_p50_ms", title="GUILD_CREATE p50 ms"),
    Column(key="guild_p99_ms", title="p99 ms"),
    Column(key="rss_kib", title="RSS KiB each", digits=1),
]
_PAUSE_COLUMNS: Final = [
    Column(key="sessions", title="sessions"),
    Column(key="when", title="when"),
    Column(key="count", title="collections"),
    Column(key="over", title="longer than 10 ms"),
    Column(key="below_ms", title="all within ms", digits=1),
]


def run(run: Run) -> Result:
    """Each size on a server of its own."""
    sizes = run.pick(_SIZES, (20, 40))
    rows: list[dict[str, Any]] = []
    pauses: list[dict[str, Any]] = []
    for sessions in sizes:
        row, found = _storm(run, sessions)
        rows.append(row)
        pauses += found
    tables = [Table(title="identifies at once", columns=_COLUMNS, rows=rows)]
    skipped = []
    if pauses:
        tables.append(Table(title="pauses of the garbage collector", columns=_PAUSE_COLUMNS, rows=pauses))
    else:
        skipped.append(f"pauses of the garbage collector: this version has no {_PAUSES}")
    return Result(name="storm", tables=tables, skipped=skipped, deliveries=2 * sum(sizes))


def _storm(run: Run, sessions: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    folder = run.make_folder(f"storm-{sessions}")
    data = folder / "data"
    data.mkdir()
    world = asyncio.run(make_world(data / DATABASE_NAME, members=sessions + 1))
    product = Product(data, {"GUILDWAY_GATEWAY_RESUME_WINDOW_S": "0"})
    client = LoadClient(builds=run.builds, folder=folder)
    try:
        port = urlsplit(product.gateway).port or 0
        client.connect_gateway(port, 1)
        client.login(world.tokens[-1:])  # loads the guild
        client.leave()
        client.connect_gateway(port, sessions)
        before, rss_before, cpu_before_s = _read_pauses(product), product.process.rss_bytes(), product.process.cpu_s()
        logins = client.login(world.tokens[:sessions], at_once=sessions)
        cpu_s, rss = product.process.cpu_s() - cpu_before_s, product.process.rss_bytes() - rss_before
        during = _read_pauses(product)
        _talk(product, client, world, sessions)
        after = _read_pauses(product)
    finally:
        client.stop()
        product.process.stop()
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
    return row, _describe_pauses(sessions, before, during, after)


def _read_pauses(product: Product) -> Histogram | None:
    return read_histogram(product.metrics, _PAUSES)


def _talk(product: Product, client: LoadClient, world: World, sessions: int) -> None:
    """Messages to everybody, one after the other."""
    person = Person(product.api, world.tokens[-1])
    for number in range(_MESSAGES):
        client.expect(sessions)
        person.post(f"/channels/{world.channel_ids[0]}/messages", {"content": f"after the storm, {number}"})
        client.wait()


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
