"""A restart: thousands of clients lose their server, come back at once, and try to resume sessions that are gone.

The server is killed (SIGKILL) with all sessions connected, and started again on the same data. Every client connects,
sends RESUME, is told that its session is invalid, and identifies. The first one loads the guild. The server is
`guildway run` as it is shipped.
"""

import os
import signal
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.harness.load.load_client import LoadClient
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.product import Product
from benchmarks.harness.worlds.world import World, make_data

_SIZES: Final = (1000, 10_000)
_COLUMNS: Final = [
    Column(key="sessions", title="sessions"),
    Column(key="start_ms", title="kill to listening ms"),
    Column(key="connects", title="connects/s"),
    Column(key="refusals", title="resumes refused/s"),
    Column(key="refusal_p99_ms", title="p99 ms"),
    Column(key="per_second", title="identifies/s"),
    Column(key="ready_p50_ms", title="READY p50 ms"),
    Column(key="ready_p99_ms", title="p99 ms"),
    Column(key="back_s", title="kill to all back s", digits=1),
]


def run(run: Run) -> Result:
    """Clients that come back after the server was killed."""
    sizes = run.pick(_SIZES, (20, 40))
    rows = [_restart(run, sessions) for sessions in sizes]
    tables = [Table(title="after a restart", columns=_COLUMNS, rows=rows)]
    return Result(name="restart", tables=tables, deliveries=5 * sum(sizes))


def _restart(run: Run, sessions: int) -> dict[str, Any]:
    folder = run.make_folder(f"restart-{sessions}")
    data, world = make_data(folder, members=sessions + 1)
    _run_and_kill(run, folder, data, world, sessions)
    began_s = time.monotonic()
    product = Product(data)
    listening_s = time.monotonic()
    client = LoadClient(builds=run.builds, folder=folder)
    tokens = world.tokens[:sessions]
    try:
        connected_s = client.connect_gateway(urlsplit(product.gateway).port or 0, sessions)
        refused = client.resume(tokens)
        logins = client.login(tokens, at_once=sessions)
        back_s = time.monotonic()
    finally:
        client.stop()
        product.process.stop()
    return {
        "sessions": sessions,
        "start_ms": (listening_s - began_s) * 1e3,
        "connects": sessions / connected_s,
        "refusals": sessions / refused.took_s,
        "refusal_p99_ms": refused.waits.p99_ms,
        "per_second": sessions / logins.took_s,
        "ready_p50_ms": logins.ready.p50_ms,
        "ready_p99_ms": logins.ready.p99_ms,
        "back_s": back_s - began_s,
    }


def _run_and_kill(run: Run, folder: Path, data: Path, world: World, sessions: int) -> None:
    product = Product(data)
    client = LoadClient(builds=run.builds, folder=folder)
    try:
        client.connect_gateway(urlsplit(product.gateway).port or 0, sessions)
        client.login(world.tokens[:sessions])
    finally:
        # The client stops first, since it fails when its server goes.
        client.stop()
        os.kill(product.process.pid, signal.SIGKILL)
        product.process.stop()
