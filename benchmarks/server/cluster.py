"""A cluster under an even load, beside the embedded server: two API processes and one worker on real servers.

Each API is offered half of the messages, in a channel of its own, at a fixed rate whatever the answers do
(native/offer.c); the embedded server is offered both halves. Ten sessions of the guild get every message. The two take
turns in the same run. Where the server or the offering program could not keep up, the row says so. The embedded server
has core 0; the processes of the cluster share all cores with the clients, since they are more than the cores.
"""

import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from benchmarks.harness.load.offer import Offered
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.cluster_servers import APIS, ClusterServers
from benchmarks.harness.servers.product import SILENT_CLIENTS, Product
from benchmarks.server.even_load import READS_A_SECOND, SESSIONS, Sample, Scene, Subject, judge
from deploy.services.definition import MissingProgram

_SECONDS: Final = {100: 4.0, 1000: 3.0, 3000: 1.5}
"""How long each rate is offered, keyed by messages a second."""
_QUICK_SECONDS: Final = {100: 1.0, 1000: 0.5, 3000: 0.3}
_ROUNDS: Final = 3
_WARM_UP_RATE: Final = 200
_WARM_UP: Final = 1000
"""The messages before the first sample: Java compiles what is run often, and has it compiled by then."""
_IDLE_S: Final = 5.0
_READS: Final = 500
_MESSAGE_COLUMNS: Final = [
    Column(key="server", title="server"),
    Column(key="rate", title="messages/s offered"),
    Column(key="answered", title="answered/s"),
    Column(key="ratio", title="ratio", digits=2),
    Column(key="send_p50_ms", title="send p50 ms", digits=1),
    Column(key="send_p99_ms", title="p99 ms", digits=1),
    Column(key="delivered_p50_ms", title="delivered p50 ms", digits=1),
    Column(key="delivered_p99_ms", title="p99 ms", digits=1),
    Column(key="queued", title="queued %", digits=1),
    Column(key="own_p99_ms", title="offered late p99 ms", digits=1),
    Column(key="verdict", title="kept up"),
]
_HISTORY_COLUMNS: Final = [
    Column(key="server", title="server"),
    Column(key="page", title="page of 50"),
    Column(key="p50_ms", title="p50 ms", digits=1),
    Column(key="p99_ms", title="p99 ms", digits=1),
    Column(key="own_p99_ms", title="offered late p99 ms", digits=1),
]


def run(run: Run) -> Result:
    """Two API processes and a worker on real servers, beside the embedded server."""
    load_before = os.getloadavg()[0]
    folder = run.make_folder("cluster")
    folder.chmod(0o755)  # PostgreSQL runs under an account of its own
    run.folder.chmod(0o755)
    try:
        cluster = ClusterServers(folder)
    except MissingProgram as missing:
        return Result(name="cluster", tables=[], skipped=[str(missing)])
    product = Product(run.make_folder("cluster-beside") / "data", SILENT_CLIENTS)
    scenes: list[Scene] = []
    try:
        embedded = Subject(
            "embedded", [product.api] * APIS, [product.gateway], lambda: {"all": product.process.cpu_s()}
        )
        for subject in (embedded, Subject("cluster", cluster.apis, cluster.gateways, cluster.cpu_s)):
            scenes.append(Scene(run, subject))
            scenes[-1].offer(_WARM_UP_RATE, run.pick(_WARM_UP, 100))
        tables, frames = _measure(run, scenes)
    finally:
        for scene in scenes:
            scene.stop()
        product.process.stop()
        cluster.stop()
    tables[0].title += f"; load of the machine {load_before:.1f} before, {os.getloadavg()[0]:.1f} at the end"
    return Result(name="cluster", tables=tables, deliveries=frames)


def _measure(run: Run, scenes: Sequence[Scene]) -> tuple[list[Table], int]:
    seconds = run.pick(_SECONDS, _QUICK_SECONDS)
    rounds = run.pick(_ROUNDS, 1)
    samples: dict[str, list[Sample]] = {scene.subject.name: [] for scene in scenes}
    idle = {scene.subject.name: scene.measure_idle(run.pick(_IDLE_S, 1.0)) for scene in scenes}
    for _ in range(rounds):
        for rate, offered_s in seconds.items():
            for scene in scenes:
                samples[scene.subject.name].append(scene.offer(rate, int(rate * offered_s)))
    reads = [
        {"server": scene.subject.name, "page": name, **_describe_reads(scene.read(run.pick(_READS, 50), is_old=is_old))}
        for scene in scenes
        for name, is_old in (("newest", False), ("older", True))
    ]
    title = f"an even load with {SESSIONS} sessions: medians of {rounds} rounds"
    tables = [
        Table(title=title, columns=_MESSAGE_COLUMNS, rows=_list_messages(samples)),
        _tabulate_cpu(samples, idle),
        Table(title=f"{READS_A_SECOND} reads of history a second", columns=_HISTORY_COLUMNS, rows=reads),
    ]
    return tables, sum(sample.frames for found in samples.values() for sample in found)


def _list_messages(samples: Mapping[str, Sequence[Sample]]) -> list[dict[str, Any]]:
    rates = sorted({sample.rate for found in samples.values() for sample in found})
    rows: list[dict[str, Any]] = []
    for rate in rates:
        by_name = {name: [sample for sample in found if sample.rate == rate] for name, found in samples.items()}
        reference = by_name["embedded"]
        for name, found in by_name.items():
            row = {"server": name, "rate": rate, **_describe(found)}
            if name != "embedded":
                pairs = zip(found, reference, strict=True)
                row["ratio"] = statistics.median(one.answered / other.answered for one, other in pairs)
            rows.append(row)
    return rows


def _describe(found: Sequence[Sample]) -> dict[str, Any]:
    def middle(value: Callable[[Sample], float]) -> float:
        return statistics.median(map(value, found))

    queued, own_p99_ms = middle(lambda sample: sample.queued), middle(lambda sample: sample.own_p99_ms)
    return {
        "answered": middle(lambda sample: sample.answered),
        "send_p50_ms": middle(lambda sample: sample.send.p50_ms),
        "send_p99_ms": middle(lambda sample: sample.send.p99_ms),
        "delivered_p50_ms": middle(lambda sample: sample.delivered.p50_ms),
        "delivered_p99_ms": middle(lambda sample: sample.delivered.p99_ms),
        "queued": queued * 100,
        "own_p99_ms": own_p99_ms,
        "verdict": judge(queued=queued, own_p99_ms=own_p99_ms),
    }


def _describe_reads(offered: Offered) -> dict[str, float]:
    return {"p50_ms": offered.waits.p50_ms, "p99_ms": offered.waits.p99_ms, "own_p99_ms": offered.own_p99_ms}


def _tabulate_cpu(samples: Mapping[str, Sequence[Sample]], idle: Mapping[str, Mapping[str, float]]) -> Table:
    """Make a row for each process, and one for all of a system."""
    rates = sorted({sample.rate for found in samples.values() for sample in found})
    rows = []
    for server, found in samples.items():
        names = list(idle[server])
        for name in names if len(names) == 1 else [*names, "all"]:
            whose = names if name == "all" and len(names) > 1 else [name]
            row: dict[str, Any] = {"server": server, "process": name, "idle": sum(idle[server][one] for one in whose)}
            for rate in rates:
                each = [sum(sample.cpu_us[one] for one in whose) for sample in found if sample.rate == rate]
                row[str(rate)] = statistics.median(each)
            rows.append(row)
    columns = [
        Column(key="server", title="server"),
        Column(key="process", title="process"),
        Column(key="idle", title="idle, CPU ms/s", digits=1),
        *(Column(key=str(rate), title=f"CPU µs a send at {rate:,}/s") for rate in rates),
    ]
    return Table(title="processor time of each process", columns=columns, rows=rows)
