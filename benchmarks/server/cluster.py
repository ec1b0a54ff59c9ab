"""A cluster under an even load, beside the embedded server: two API processes and one worker on real servers.

Each API is offered half of the messages, in a channel of its own, at a fixed rate whatever the answers do
(native/offer.c); the embedded server is offered both halves. Ten sessions of the guild get every message. The two take
turns in the same run. Where the server or the offering program could not keep up, the row says so. The embedded server
has core 0; the processes of the cluster share all cores with the clients, since they are more than the cores.
"""

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from benchmarks.harness.load.load_client import LoadClient, Waits
from benchmarks.harness.load.offer import Offer, Offered
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.cluster_servers import APIS, ClusterServers
from benchmarks.harness.servers.product import SILENT_CLIENTS, Person, Product, unique_name
from deploy.services.definition import MissingProgram

_SECONDS: Final = {100: 4.0, 1000: 3.0, 3000: 1.5}
"""How long each rate is offered, keyed by messages a second."""
_QUICK_SECONDS: Final = {100: 1.0, 1000: 0.5, 3000: 0.3}
_ROUNDS: Final = 3
_SESSIONS: Final = 10
_WARM_UP_RATE: Final = 200
_WARM_UP: Final = 1000
"""The messages before the first sample: Java compiles what is run often, and has it compiled by then."""
_IDLE_S: Final = 5.0
_READS_A_SECOND: Final = 100
_READS: Final = 500
_QUEUED_SHARE: Final = 0.01
"""The share of messages that may find all connections busy before a server counts as behind."""
_LATE_MS: Final = 5.0
"""The lateness of the offering program above which its core was somebody else's."""
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


class Subject(msgspec.Struct, frozen=True):
    """A system to be measured: the addresses that get a part of the messages each, and each process's time."""

    name: str
    apis: Sequence[str]
    gateway: str
    cpu_s: Callable[[], Mapping[str, float]]


class Sample(msgspec.Struct, frozen=True):
    """One rate that was offered to one system."""

    rate: int
    answered: float
    send: Waits
    delivered: Waits
    queued: float
    """The share of messages that found all connections busy."""
    own_p99_ms: float
    cpu_us: Mapping[str, float]
    """The processor time a message, by process."""
    frames: int


class _Scene:
    """A guild on one system, with sessions that listen and an author who writes."""

    def __init__(self, run: Run, subject: Subject) -> None:
        self.subject = subject
        self._builds = run.builds
        self._author = Person.register(subject.apis[0], unique_name())
        guild = self._author.post("/guilds", {"name": "bench"})
        first = next(found for found in self._author.get(f"/guilds/{guild['id']}/channels") if found["type"] == 0)
        others = [self._author.post(f"/guilds/{guild['id']}/channels", {"name": "more"}) for _ in subject.apis[1:]]
        self._channels = [int(channel["id"]) for channel in (first, *others)]
        code = self._author.post(f"/channels/{first['id']}/invites", {})["code"]
        listeners = [Person.register(subject.apis[0], unique_name()) for _ in range(_SESSIONS)]
        for listener in listeners:
            listener.post(f"/invites/{code}", {})
        self._client = LoadClient(builds=run.builds, folder=run.make_folder(f"cluster-{subject.name}"))
        self._client.connect_gateway(urlsplit(subject.gateway).port or 0, _SESSIONS)
        self._client.login([listener.token for listener in listeners])

    def offer(self, rate: int, count: int) -> Sample:
        """Offer messages at a rate, split among the addresses."""
        parts = len(self.subject.apis)
        self._client.probe(count // parts * parts * _SESSIONS)
        before = self.subject.cpu_s()
        offers = [
            self._begin(place, _messages(channel), rate / parts, count // parts)
            for place, channel in enumerate(self._channels)
        ]
        offered = [offer.wait() for offer in offers]
        counted, delivered = self._client.wait_probed()
        after = self.subject.cpu_s()
        return _sum_up(rate, offered, delivered, counted.frames, _difference(before, after))

    def read(self, count: int, *, is_old: bool) -> Offered:
        """Offer reads of a page of the first channel: the newest one, or one in the middle of what was sent."""
        path = f"{_messages(self._channels[0])}?limit=50"
        if is_old:
            path += f"&before={self._find_middle()}"
        return self._begin(0, path, _READS_A_SECOND, count, method="GET").wait()

    def measure_idle(self, seconds: float) -> Mapping[str, float]:
        """Return the processor time in ms a second while nothing is asked, by process."""
        before = self.subject.cpu_s()
        time.sleep(seconds)
        used = _difference(before, self.subject.cpu_s())
        return {name: used_s / seconds * 1e3 for name, used_s in used.items()}

    def stop(self) -> None:
        """End the sessions."""
        self._client.stop()

    def _begin(self, place: int, path: str, rate: float, count: int, method: str = "POST") -> Offer:
        return Offer(
            builds=self._builds,
            api=self.subject.apis[place],
            path=path,
            token=self._author.token,
            rate=rate,
            count=count,
            method=method,
        )

    def _find_middle(self) -> int:
        """Return the id half way between the creation of the channel and its newest message."""
        newest = self._author.get(f"/channels/{self._channels[0]}/messages?limit=1")[0]
        return (self._channels[0] + int(newest["id"])) // 2


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
    scenes: list[_Scene] = []
    try:
        embedded = Subject("embedded", [product.api] * APIS, product.gateway, lambda: {"all": product.process.cpu_s()})
        for subject in (embedded, Subject("cluster", cluster.apis, cluster.gateway, cluster.cpu_s)):
            scenes.append(_Scene(run, subject))
            scenes[-1].offer(_WARM_UP_RATE, run.pick(_WARM_UP, 100))
        tables, frames = _measure(run, scenes)
    finally:
        for scene in scenes:
            scene.stop()
        product.process.stop()
        cluster.stop()
    tables[0].title += f"; load of the machine {load_before:.1f} before, {os.getloadavg()[0]:.1f} at the end"
    return Result(name="cluster", tables=tables, deliveries=frames)


def _measure(run: Run, scenes: Sequence[_Scene]) -> tuple[list[Table], int]:
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
    title = f"an even load with {_SESSIONS} sessions: medians of {rounds} rounds"
    tables = [
        Table(title=title, columns=_MESSAGE_COLUMNS, rows=_list_messages(samples)),
        _tabulate_cpu(samples, idle),
        Table(title=f"{_READS_A_SECOND} reads of history a second", columns=_HISTORY_COLUMNS, rows=reads),
    ]
    return tables, sum(sample.frames for found in samples.values() for sample in found)


def _messages(channel_id: int) -> str:
    return f"/api/v10/channels/{channel_id}/messages"


def _difference(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: used_s - before.get(name, 0.0) for name, used_s in after.items()}


def _sum_up(
    rate: int, offered: Sequence[Offered], delivered: Waits, frames: int, used_s: Mapping[str, float]
) -> Sample:
    """Sum up what was offered to the addresses. Of the percentiles the worst is kept."""
    count = sum(one.count for one in offered)
    cpu_us = {name: seconds / count * 1e6 for name, seconds in used_s.items()}
    return Sample(
        rate=rate,
        answered=count / max(one.took_s for one in offered),
        send=Waits(*(max(getattr(one.waits, key) for one in offered) for key in Waits.__struct_fields__)),
        delivered=delivered,
        queued=sum(one.queued for one in offered) / count,
        own_p99_ms=max(one.own_p99_ms for one in offered),
        cpu_us=cpu_us,
        frames=frames,
    )


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


def judge(*, queued: float, own_p99_ms: float) -> str:
    """Say who did not keep up, if anybody: the server, or the program that offers."""
    late = [
        name
        for name, is_late in (("server", queued > _QUEUED_SHARE), ("offering program", own_p99_ms > _LATE_MS))
        if is_late
    ]
    return f"no: {', '.join(late)}" if late else "yes"


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
