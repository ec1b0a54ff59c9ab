"""An even load on a whole server: messages at a fixed rate whatever the answers do, and sessions that hear them.

Each API is offered a part of the messages, in a channel of its own (native/offer.c). Ten sessions of the guild, which
are connected to the workers in turn, get every message. Where the server or the offering program could not keep up, the
verdict says so.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec

from benchmarks.harness.load.load_client import LoadClient, Waits
from benchmarks.harness.load.offer import Offer, Offered
from benchmarks.harness.run import Run
from benchmarks.harness.servers.product import Person, unique_name

SESSIONS: Final = 10
READS_A_SECOND: Final = 100
_QUEUED_SHARE: Final = 0.01
"""The share of messages that may find all connections busy before a server counts as behind."""
_LATE_MS: Final = 5.0
"""The lateness of the offering program above which its core was somebody else's."""


class Subject(msgspec.Struct, frozen=True):
    """A system to be measured: the addresses that get a part of the messages each, and each process's time."""

    name: str
    apis: Sequence[str]
    gateways: Sequence[str]
    """The addresses of workers, which get a part of the sessions each."""
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


class Scene:
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
        listeners = [Person.register(subject.apis[0], unique_name()) for _ in range(SESSIONS)]
        for listener in listeners:
            listener.post(f"/invites/{code}", {})
        self._client = LoadClient(builds=run.builds, folder=run.make_folder(f"cluster-{subject.name}"))
        for place, gateway in enumerate(subject.gateways):
            tokens = [listener.token for listener in listeners[place :: len(subject.gateways)]]
            self._client.connect_gateway(urlsplit(gateway).port or 0, len(tokens))
            self._client.login(tokens)

    def offer(self, rate: int, count: int) -> Sample:
        """Offer messages at a rate, split among the addresses."""
        parts = len(self.subject.apis)
        self._client.probe(count // parts * parts * SESSIONS)
        before = self.subject.cpu_s()
        offers = [
            self._begin(place, _messages(channel), rate / parts, count // parts)
            for place, channel in enumerate(self._channels)
        ]
        offered = [offer.wait() for offer in offers]
        counted, delivered = self._client.wait_probed()
        after = self.subject.cpu_s()
        return sum_up(rate, offered, delivered, counted.frames, _difference(before, after))

    def read(self, count: int, *, is_old: bool) -> Offered:
        """Offer reads of a page of the first channel: the newest one, or one in the middle of what was sent."""
        path = f"{_messages(self._channels[0])}?limit=50"
        if is_old:
            path += f"&before={self._find_middle()}"
        return self._begin(0, path, READS_A_SECOND, count, method="GET").wait()

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


def sum_up(rate: int, offered: Sequence[Offered], delivered: Waits, frames: int, used_s: Mapping[str, float]) -> Sample:
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


def judge(*, queued: float, own_p99_ms: float) -> str:
    """Say who did not keep up, if anybody: the server, or the program that offers."""
    late = [
        name
        for name, is_late in (("server", queued > _QUEUED_SHARE), ("offering program", own_p99_ms > _LATE_MS))
        if is_late
    ]
    return f"no: {', '.join(late)}" if late else "yes"


def _messages(channel_id: int) -> str:
    return f"/api/v10/channels/{channel_id}/messages"


def _difference(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: used_s - before.get(name, 0.0) for name, used_s in after.items()}
