"""READY of a person in many guilds with many unread channels, against `guildway run` as it is shipped.

The wait is from Identify's frame to the last byte of READY (and of READY_SUPPLEMENTAL for who awaits it), on a socket
that is open already; parsing is not in it. The first login after the server's start loads all guilds from the store.
The second is of a person whose guilds are in memory, after a message in every guild, so that the parts with channels
are made anew. The later ones find all parts made; the median of them is shown. Everybody is invisible, so that a login
changes nothing for the next one. Processor time is the server's.
"""

import json
import statistics
import time
from typing import Any, Final, NamedTuple

from websockets.sync.client import ClientConnection, connect

from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.product import Person, Product
from benchmarks.harness.worlds.many_guilds import ManyGuilds, Shape, make_many_guilds
from core.wire.capabilities import Capability
from guildway.data.data_files import DATABASE_NAME

_SHAPE: Final = Shape(guilds=200, channels=20, unread=5, members=40, people=8)
_QUICK: Final = Shape(guilds=3, channels=4, unread=2, members=12, people=8)
_PLAIN: Final = 0
_NEWER: Final = int(
    Capability.VERSIONED_READ_STATES
    | Capability.VERSIONED_GUILD_SETTINGS
    | Capability.DEDUPED_USERS
    | Capability.PRIORITISED_READY
    | Capability.GUILD_PROPERTIES
)
_FORMS: Final = (("plain", _PLAIN), ("newer clients'", _NEWER))
_COMPRESSIONS: Final = ("", "zlib-stream", "zstd-stream")
_AGAIN: Final = 5
_TIMEOUT_S: Final = 60.0
_COLUMNS: Final = [
    Column(key="form", title="form"),
    Column(key="compression", title="compression"),
    Column(key="kib", title="KiB", digits=1),
    Column(key="first_ms", title="first login ms", digits=1),
    Column(key="first_cpu_ms", title="CPU ms", digits=1),
    Column(key="anew_ms", title="parts made anew ms", digits=1),
    Column(key="anew_cpu_ms", title="CPU ms", digits=1),
    Column(key="again_ms", title="again ms", digits=1),
    Column(key="again_cpu_ms", title="CPU ms", digits=1),
]


class _Login(NamedTuple):
    """The bytes that came, the wait, and the server's processor time."""

    size: int
    took_s: float
    cpu_s: float


def run(run: Run) -> Result:
    """READY of a person in many guilds."""
    shape = _QUICK if run.is_quick else _SHAPE
    folder = run.make_folder("ready")
    rows = []
    for number, (form, capabilities) in enumerate(_FORMS):
        for compression in _COMPRESSIONS:
            data = folder / f"{number}-{compression or 'none'}"
            data.mkdir()
            world = make_many_guilds(data / DATABASE_NAME, shape)
            product = Product(data, {"GUILDWAY_GATEWAY_RESUME_WINDOW_S": "0"})
            try:
                measured = _measure(product, world, capabilities, compression)
            finally:
                product.process.stop()
            rows.append({"form": form, "compression": compression or "none", **measured})
    title = f"a person in {shape.guilds} guilds with {shape.guilds * shape.unread} unread channels"
    return Result(
        name="ready",
        tables=[Table(title=title, columns=_COLUMNS, rows=rows)],
        deliveries=len(rows) * (_AGAIN + 2),
    )


def _measure(product: Product, world: ManyGuilds, capabilities: int, compression: str) -> dict[str, Any]:
    def log_in(number: int) -> _Login:
        return _log_in(product, world.tokens[number], capabilities, compression)

    first = log_in(0)
    speaker = Person(product.api, world.tokens[-1])
    for channel_id in world.unread_ids[:: len(world.unread_ids) // len(world.guild_ids)]:
        speaker.post(f"/channels/{channel_id}/messages", {"content": "new"})
    anew = log_in(1)
    again = [log_in(2 + number) for number in range(_AGAIN)]
    return {
        "kib": first.size / 1024,
        "first_ms": first.took_s * 1000,
        "first_cpu_ms": first.cpu_s * 1000,
        "anew_ms": anew.took_s * 1000,
        "anew_cpu_ms": anew.cpu_s * 1000,
        "again_ms": statistics.median(login.took_s for login in again) * 1000,
        "again_cpu_ms": statistics.median(login.cpu_s for login in again) * 1000,
    }


def _log_in(product: Product, token: str, capabilities: int, compression: str) -> _Login:
    """Log in on a new connection."""
    url = f"{product.gateway}?v=10&encoding=json&compress={compression}"
    with connect(url, max_size=None, compression=None, open_timeout=_TIMEOUT_S) as socket:
        socket.recv(_TIMEOUT_S)
        identify = {
            "token": token,
            "properties": {"os": "", "browser": "", "device": ""},
            "capabilities": capabilities,
            "presence": {"status": "invisible", "since": 0, "activities": [], "afk": False},
        }
        began_s, cpu_before_s = time.perf_counter(), product.process.cpu_s()
        socket.send(json.dumps({"op": 2, "d": identify}))
        frames = 2 if capabilities else 1
        size = sum(_receive(socket) for _ in range(frames))
        took_s = time.perf_counter() - began_s
        return _Login(size, took_s, product.process.cpu_s() - cpu_before_s)


def _receive(socket: ClientConnection) -> int:
    """Return the size of the next message."""
    return len(socket.recv(_TIMEOUT_S))
