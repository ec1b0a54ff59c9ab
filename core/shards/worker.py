"""A worker as its lease describes it to the others.

```json
{"name": "worker-1", "incarnation": "worker-1-5f0c….1", "state": "serving", "weight": 1.0, "shards": "0-255",
 "addresses": {"gateway": "ws://10.0.0.5:8081", "link": "", "metrics": "http://10.0.0.5:8082", "public_url": ""},
 "load": {"cpu": 0.12, "sessions": 250, "events_per_s": 31.5}}
```
"""

from collections.abc import Collection, Iterator
from enum import StrEnum

import msgspec

from core.redis.interfaces import Answer


class WorkerState(StrEnum):
    """What a worker does."""

    SERVING = "serving"
    DRAINING = "draining"
    """It gives its shards away, because an operator wants it so."""


class WorkerAddresses(msgspec.Struct, kw_only=True, frozen=True):
    """The places where a worker is reached; "" for one that it has not."""

    gateway: str = ""
    """The URL of its gateway as other machines of the cluster see it."""
    link: str = ""
    """HOST:PORT for other workers."""
    metrics: str = ""
    public_url: str = ""
    """The URL of its gateway as clients see it."""


class WorkerLoad(msgspec.Struct, kw_only=True, frozen=True):
    """How busy a worker is."""

    cpu: float = 0.0
    """The processors that it uses, 1.0 for one."""
    sessions: int = 0
    events_per_s: float = 0.0
    """The events of its shards' logs."""


class Worker(msgspec.Struct, kw_only=True, frozen=True):
    """A worker that has its lease."""

    name: str
    incarnation: str
    addresses: WorkerAddresses = WorkerAddresses()
    weight: float = 1.0
    """How many shards it takes in comparison with others."""
    load: WorkerLoad = WorkerLoad()
    state: WorkerState = WorkerState.SERVING
    shards: str = ""
    """The shards that it has, in ranges, so that they are given to it again when the map is lost."""


_decoder = msgspec.json.Decoder(Worker)


def encode_worker(worker: Worker) -> bytes:
    """Encode what a lease says."""
    return msgspec.json.encode(worker)


def decode_workers(answer: Answer) -> list[Worker]:
    """Read the answer of `worker_list`. A worker of another version, which says what nobody here understands, is told
    by its names alone.
    """
    return [_decode(*answer[place : place + 4]) for place in range(0, len(answer), 4)]


def _decode(name: bytes, incarnation: bytes, _left_ms: int, said: bytes) -> Worker:
    try:
        return _decoder.decode(said)
    except msgspec.MsgspecError:
        return Worker(name=name.decode(), incarnation=incarnation.decode())


def write_ranges(shards: Collection[int]) -> str:
    """Write shards as `0-3,7`."""
    parts: list[str] = []
    first = last = -2
    for shard in [*sorted(shards), -2]:
        if shard == last + 1 and parts:
            last = shard
            parts[-1] = f"{first}-{last}"
        elif shard >= 0:
            first = last = shard
            parts.append(str(shard))
    return ",".join(parts)


def read_ranges(text: str) -> Iterator[int]:
    """Read what `write_ranges` has written."""
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
