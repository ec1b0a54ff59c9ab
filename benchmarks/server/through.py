"""Messages a second through everything, with one worker and with two: API, door, Cassandra, log, home, link, sockets.

Two API processes are offered messages in a guild of ten sessions. With two workers half of the sessions are at the one
that is not the guild's home, so each message crosses the link. A low rate tells what a message waits and costs, one far
above what two cores can do tells what comes through. All processes and servers share the cores with the clients.
"""

import os
import statistics
from collections.abc import Callable
from typing import Any, Final

from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.cluster_servers import ClusterServers
from benchmarks.server.even_load import SESSIONS, Sample, Scene, Subject, judge
from deploy.services.definition import MissingProgram

_WORKERS: Final = (1, 2)
_SECONDS: Final = {100: 4.0, 3000: 1.5}
"""How long each rate is offered, keyed by messages a second."""
_QUICK_SECONDS: Final = {100: 1.0, 3000: 0.3}
_ROUNDS: Final = 5
_WARM_UP_RATE: Final = 200
_WARM_UP: Final = 1000
"""The messages before the first sample: Java compiles what is run often, and has it compiled by then."""
_COLUMNS: Final = [
    Column(key="workers", title="workers"),
    Column(key="rate", title="messages/s offered"),
    Column(key="answered", title="answered/s"),
    Column(key="spread", title="(rounds)"),
    Column(key="delivered_p50_ms", title="delivered p50 ms", digits=1),
    Column(key="delivered_p99_ms", title="p99 ms", digits=1),
    Column(key="workers_us", title="workers' CPU µs a message"),
    Column(key="all_us", title="all CPU µs a message"),
    Column(key="verdict", title="kept up"),
]


def run(run: Run) -> Result:
    """Messages a second through a whole cluster, with one worker and with two."""
    load_before = os.getloadavg()[0]
    run.folder.chmod(0o755)  # PostgreSQL runs under an account of its own
    rows, frames = [], 0
    for workers in _WORKERS:
        try:
            found = _measure(run, workers)
        except MissingProgram as missing:
            return Result(name="through", tables=[], skipped=[str(missing)])
        rows += [_describe(workers, rate, samples) for rate, samples in found.items()]
        frames += sum(sample.frames for samples in found.values() for sample in samples)
    title = f"through everything to {SESSIONS} sessions: medians of {run.pick(_ROUNDS, 1)} rounds"
    title += f"; load of the machine {load_before:.1f} before, {os.getloadavg()[0]:.1f} at the end"
    return Result(name="through", tables=[Table(title=title, columns=_COLUMNS, rows=rows)], deliveries=frames)


def _measure(run: Run, workers: int) -> dict[int, list[Sample]]:
    """Offer both rates to a new cluster, in turns. Return the samples by rate."""
    name = f"workers-{workers}"
    folder = run.make_folder(name)
    folder.chmod(0o755)
    cluster = ClusterServers(folder, workers=workers)
    try:
        scene = Scene(run, Subject(name, cluster.apis, cluster.gateways, cluster.cpu_s))
        try:
            scene.offer(_WARM_UP_RATE, run.pick(_WARM_UP, 100))
            seconds = run.pick(_SECONDS, _QUICK_SECONDS)
            found: dict[int, list[Sample]] = {rate: [] for rate in seconds}
            for _ in range(run.pick(_ROUNDS, 1)):
                for rate, offered_s in seconds.items():
                    found[rate].append(scene.offer(rate, int(rate * offered_s)))
            return found
        finally:
            scene.stop()
    finally:
        cluster.stop()


def _describe(workers: int, rate: int, samples: list[Sample]) -> dict[str, Any]:
    def middle(value: Callable[[Sample], float]) -> float:
        return statistics.median(map(value, samples))

    answered = sorted(sample.answered for sample in samples)
    return {
        "workers": workers,
        "rate": rate,
        "answered": statistics.median(answered),
        "spread": f"{answered[0]:,.0f}–{answered[-1]:,.0f}",
        "delivered_p50_ms": middle(lambda sample: sample.delivered.p50_ms),
        "delivered_p99_ms": middle(lambda sample: sample.delivered.p99_ms),
        "workers_us": middle(lambda sample: sum(us for name, us in sample.cpu_us.items() if name.startswith("worker"))),
        "all_us": middle(lambda sample: sum(sample.cpu_us.values())),
        "verdict": judge(
            queued=middle(lambda sample: sample.queued), own_p99_ms=middle(lambda sample: sample.own_p99_ms)
        ),
    }
