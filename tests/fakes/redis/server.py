"""A Redis in plain Python: its data, as the twins of the scripts see it, its restarts and its topics.

Only what scripts answer and publish is the same as at the real one, not the keys. `restart` and `flush` do what kill −9
and FLUSHALL do; `keep` and `lose_since` lose what came after a moment, as a log file that was cut short does.
"""

import asyncio
import copy
from collections import defaultdict
from typing import NamedTuple

import msgspec

from core.redis.interfaces import TopicListener
from core.runtime.clock import Clock


class Expiring(dict[str, bytes | int]):
    """Values that are gone at their time, in milliseconds on the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._ends_ms: dict[str, float] = {}

    def __deepcopy__(self, memo: dict[int, object]) -> "Expiring":
        twin = Expiring(self._clock)
        twin.update(self)
        twin._ends_ms = dict(self._ends_ms)
        return twin

    def find(self, key: str) -> bytes | int | None:
        """Return the value, None when there is none or its time is over."""
        if key in self and self.left_ms(key) <= 0:
            self.remove(key)
        return self.get(key)

    def put(self, key: str, value: bytes | int, life_ms: float) -> None:
        """Set a value for a time."""
        self[key] = value
        self._ends_ms[key] = self._clock.monotonic_s() * 1000 + life_ms

    def left_ms(self, key: str) -> int:
        """Return the rest of a key's time, -2 without such a key."""
        if key not in self:
            return -2
        return max(0, round(self._ends_ms[key] - self._clock.monotonic_s() * 1000))

    def remove(self, key: str) -> None:
        """Remove a key, if it is there."""
        self.pop(key, None)
        self._ends_ms.pop(key, None)


class Entry(NamedTuple):
    """An entry of a log."""

    n: int
    revision: int
    envelope: bytes


class Opened(msgspec.Struct):
    """An opening of a channel's door."""

    incarnation: str
    channel: str
    what: bytes
    nonce: str
    disowned_by: str = ""

    def is_of(self, incarnation: str) -> bool:
        """Tell whether a process has opened this, though it may not know it any more."""
        return incarnation in (self.incarnation, self.disowned_by)

    def is_taken_from(self, incarnation: str) -> bool:
        """Tell whether a sweeper alone ends this, and not a process ('' for a sweeper)."""
        return bool(incarnation) and not self.incarnation and not self.disowned_by


class Shard(msgspec.Struct):
    """One shard's keys."""

    run: str = ""
    gen: int = 0
    n: int = 0
    rev: int = 0
    life: int = 0
    before: int = 0
    start: int = 0
    floor: int = 0
    epoch: int = 0
    has_log: bool = False
    entries: list[Entry] = []
    doors: defaultdict[str, list[int]] = msgspec.field(default_factory=lambda: defaultdict(list))
    open: dict[int, Opened] = {}
    held: dict[int, list[tuple[str, str, bytes]]] = {}
    perm: dict[str, int] = {}


class ShardMapKeys(msgspec.Struct):
    """The keys of the shard map, as the scripts keep them."""

    version: int = 0
    term: int = 0
    controller: bytes = b""
    wishes: bytes = b""
    places: dict[int, tuple[int, bytes, bytes]] = {}
    """Shard → epoch, owner, the worker that it moves to."""


class Data:
    """All keys."""

    def __init__(self, clock: Clock) -> None:
        self.shards: defaultdict[str, Shard] = defaultdict(Shard)
        self.all = 0
        self.rel = 0
        self.life = 0
        self.expiring = Expiring(clock)
        """Nonces, limits, slow mode, newest ids, API processes that live, leases."""
        self.workers: set[str] = set()
        self.voices: set[str] = set()
        self.map = ShardMapKeys()
        self.apis: set[str] = set()
        self.epochs: dict[str, int] = {}


class FakeRedisServer:
    """The server. Clients and readers reach it while `is_up`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.data = Data(clock)
        self.up = asyncio.Event()
        self.up.set()
        self._runs = 1
        self._kept: Data | None = None
        self._listeners: list[tuple[frozenset[bytes], TopicListener]] = []

    @property
    def is_up(self) -> bool:
        """Whether it can be reached."""
        return self.up.is_set()

    @property
    def run_id(self) -> str:
        """The run id of the present life."""
        return f"run{self._runs}"

    def attach(self, topics: frozenset[bytes], listener: TopicListener) -> None:
        """Let a listener hear topics."""
        self._listeners.append((topics, listener))
        listener.on_subscribed()

    def detach(self, listener: TopicListener) -> None:
        """Let a listener hear no more, without telling it."""
        self._listeners = [entry for entry in self._listeners if entry[1] is not listener]

    def publish(self, topic: str, data: bytes) -> None:
        """Tell everybody who listens to the topic, in the order of their coming."""
        name = topic.encode()
        for topics, listener in list(self._listeners):
            if name in topics:
                listener.on_message(name, data)

    def stop(self) -> None:
        """Be away: connections are lost."""
        self.up.clear()
        listeners, self._listeners = self._listeners, []
        for _, listener in listeners:
            listener.on_lost()

    def start(self) -> None:
        """Come back as another run, with the data that is there."""
        self._runs += 1
        self.up.set()

    def restart(self) -> None:
        """Go and come back, with all data."""
        self.stop()
        self.start()

    def flush(self) -> None:
        """Forget all data, without going away."""
        self.data = Data(self.clock)

    def keep(self) -> None:
        """Remember the data as it is now, for `lose_since`."""
        self._kept = copy.deepcopy(self.data)

    def lose_since(self) -> None:
        """Have the data of the last `keep`."""
        assert self._kept is not None
        self.data = copy.deepcopy(self._kept)
