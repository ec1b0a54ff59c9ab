"""Twins of the scripts of the door (`core/redis/scripts/door/`)."""

from collections.abc import Callable

import msgspec

from core.domain.ids import EPOCH_MS
from core.door.pending import Pending, PendingKind, decode_pending
from core.door.tickets import WINDOW_MS
from core.redis.interfaces import Answer
from tests.fakes.redis.limit_scripts import look, take
from tests.fakes.redis.log_scripts import CLOSED, append
from tests.fakes.redis.server import FakeRedisServer, Opened, Shard

Args = list[bytes]
Events = list[tuple[str, str, bytes]]

_LOW = (1 << 22) - 1
_HOUR_MS = 3_600_000
_ID_BYTES = 8
TAKEN: Answer = [b"TAKEN"]


def id_of(data: bytes) -> int:
    """Read an id of 8 bytes."""
    return int.from_bytes(data, "big")


def bytes_of(message_id: int) -> bytes:
    """Write an id as 8 bytes."""
    return message_id.to_bytes(8, "big")


def are_open(server: FakeRedisServer, run: str, events: Events, *, ignores_life: bool = False) -> bool:
    """Tell whether all logs of these events are open, in the lives that the caller knows."""
    shards = [(server.data.shards[tag], life) for tag, life, _ in events]
    return all(shard.run == run and (ignores_life or life in ("", str(shard.life))) for shard, life in shards)


def append_all(server: FakeRedisServer, events: Events) -> list[int]:
    """Append all; return generation and n of each."""
    positions = []
    for tag, _, envelope in events:
        positions += [server.data.shards[tag].gen, append(server, tag, 0, envelope)]
    return positions


def pass_held(server: FakeRedisServer, run: str, shard: Shard, channel: str) -> None:
    """Append what is held, and remove what is lost, until one is met that is still open. (`include/pass.lua`)"""
    door = shard.doors[channel]
    while door and door[0] not in shard.open:
        events = shard.held.get(door[0], [])
        if not are_open(server, run, events, ignores_life=True):
            return
        append_all(server, events)
        shard.held.pop(door.pop(0), None)


def door_open(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    shard, kept = server.data.shards[tag], server.data.expiring
    life, channel, ticket_ms, low = args[0].decode(), args[1].decode(), int(args[2]), int(args[3])
    if shard.run != run or str(shard.life) != life:
        return CLOSED
    author = args[9].decode()
    nonce = f"nonce{tag}{channel}:{author}:{args[10].decode()}" if args[10] else ""
    if nonce and (known := kept.find(nonce)) is not None:
        first = id_of(known) if isinstance(known, bytes) else 0
        is_open = int(first in shard.open or first in shard.held)
        return [b"KNOWN", known, is_open, *_standings(server, look, args[14:])]
    changed = _find_change(server, run, shard, args[7], args[9], args[13])
    if changed is None:
        return CLOSED
    if changed > int(args[8]):
        return [b"STALE", changed]
    door = shard.doors[channel]
    pass_held(server, run, shard, channel)
    if door and ticket_ms - (door[0] >> 22) > int(args[6]):
        return [b"BUSY", ticket_ms - (door[0] >> 22)]
    last = kept.find(f"last{tag}{channel}")
    ms = max(ticket_ms, shard.life - EPOCH_MS + WINDOW_MS)
    if isinstance(last, bytes):
        ms = max(ms, (id_of(last) >> 22) + (id_of(last) & _LOW >= low))
    if ms >= ticket_ms + WINDOW_MS:
        return [b"LATE", ms]
    word, *standings = _count(server, f"slow{tag}{channel}:{author}", int(args[12]), args[14:])
    if word != b"OK":
        return [word, *standings]
    opened = ms << 22 | low
    kept.put(f"last{tag}{channel}", bytes_of(opened), _HOUR_MS)
    door.append(opened)
    shard.open[opened] = Opened(args[4].decode(), channel, args[5], nonce)
    server.data.apis.add(args[4].decode())
    if nonce:
        kept.put(nonce, bytes_of(opened), int(args[11]))
    return [b"OK", ms, *standings]


def door_confirm(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    shard = server.data.shards[tag]
    changed = _find_change(server, run, shard, args[0], args[2], args[3]) if shard.run == run else None
    if changed is None:
        return CLOSED
    return [b"STALE", changed] if changed > int(args[1]) else [b"OK"]


def _find_change(
    server: FakeRedisServer, run: str, shard: Shard, guild_id: bytes, author_id: bytes, private: bytes
) -> int | None:
    """Return when the rights that count were changed last, 0 if none do; None when a recipient's log is closed."""
    guild, author = guild_id.decode(), author_id.decode()
    changed = 0
    if guild != "0":
        changed = max(shard.perm.get(guild, 0), shard.perm.get(f"{guild}:{author}", 0), shard.floor)
    needed = msgspec.msgpack.decode(private) if private else []
    for tag, field in zip(*[iter(needed)] * 2, strict=True):
        own = server.data.shards[tag]
        if own.run != run:
            return None
        changed = max(changed, own.perm.get(field, 0), own.floor)
    return changed


def _standings(server: FakeRedisServer, ask: Callable[..., list[int]], rules: Args) -> list[int]:
    """Ask for each limit by `take` or `look`; return the standings in one list."""
    asked = zip(*[iter(rules)] * 3, strict=True)
    return [part for key, limit, ms in asked for part in ask(server, key.decode(), int(limit), int(ms))]


def _count(server: FakeRedisServer, slow: str, slow_ms: int, rules: Args) -> list[Answer]:
    """Count a message, and return the standings; or what refuses it."""
    kept = server.data.expiring
    if slow_ms and (before_ms := kept.find(slow)) is not None:
        left_ms = slow_ms - (int(before_ms) - kept.left_ms(slow))
        if left_ms > 0:
            return [b"SLOW", left_ms]
    limits = [(key.decode(), int(limit), int(ms)) for key, limit, ms in zip(*[iter(rules)] * 3, strict=True)]
    for number, (key, limit, _) in enumerate(limits):
        if int(kept.find(f"limit:{key}") or 0) >= limit:
            return [b"LIMITED", number, max(0, kept.left_ms(f"limit:{key}"))]
    standings = _standings(server, take, rules)
    if slow_ms:
        kept.put(slow, slow_ms, slow_ms)
    return [b"OK", *standings]


def door_close(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    shard, opened, channel = server.data.shards[tag], id_of(args[0]), args[1].decode()
    events = [
        (key.decode(), life.decode(), envelope) for key, life, envelope in zip(*[iter(args[3:])] * 3, strict=True)
    ]
    if shard.run != run or not are_open(server, run, events):
        return CLOSED
    if opened not in shard.open:
        return [b"HELD"] if opened in shard.held else [b"GONE", server.data.all]
    if shard.open[opened].is_taken_from(args[2].decode()):
        return TAKEN
    del shard.open[opened]
    if shard.doors[channel][0] != opened:
        shard.held[opened] = events
        pass_held(server, run, shard, channel)
        return [b"HELD"]
    positions = append_all(server, events)
    shard.doors[channel].pop(0)
    pass_held(server, run, shard, channel)
    return [b"OK", *positions]


def door_abort(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    shard, opened, channel = server.data.shards[tag], id_of(args[0]), args[1].decode()
    incarnation = args[2].decode()
    if shard.run != run:
        return CLOSED
    if len(args[0]) < _ID_BYTES:
        low = int(args[0])
        own = [one for one in shard.doors[channel] if one in shard.open and shard.open[one].is_of(incarnation)]
        opened = max([one for one in own if one & _LOW == low], default=0)
    if opened not in shard.open:
        return [b"HELD"] if opened in shard.held else [b"GONE", server.data.all]
    if shard.open[opened].is_taken_from(incarnation):
        return TAKEN
    record = shard.open.pop(opened)
    if server.data.expiring.find(record.nonce) == bytes_of(opened):
        server.data.expiring.remove(record.nonce)
    shard.doors[channel].remove(opened)
    pass_held(server, run, shard, channel)
    return [b"OK"]


def door_turn(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    shard, opened = server.data.shards[tag], id_of(args[0])
    if opened not in shard.open:
        return [b"GONE"]
    mine = decode_pending(shard.open[opened].what)
    for known in shard.doors[args[1].decode()]:
        if known == opened:
            return [b"OK"]
        if known in shard.open and _may_meet(mine, decode_pending(shard.open[known].what)):
            return [b"WAIT"]
    return [b"GONE"]


def _may_meet(mine: Pending, other: Pending) -> bool:
    if other.kind < PendingKind.REACTION or mine.message_ids[:1] != other.message_ids[:1]:
        return False
    return PendingKind.REACTIONS_REMOVAL in (mine.kind, other.kind) or mine.user_id == other.user_id


def door_leave(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    record = server.data.shards[tag].open.get(id_of(args[0]))
    if record is None:
        return [b"GONE"]
    record.incarnation = ""
    server.data.apis.add("")
    return [b"OK"]


def door_disown(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    shard, incarnation, kept = server.data.shards[tag], args[0].decode(), int(args[1])
    if shard.run != run:
        return CLOSED
    known, told = set(map(id_of, args[2 : 2 + kept])), set(map(id_of, args[2 + kept :]))
    left = 0
    for opened, record in list(shard.open.items()):
        if record.incarnation != incarnation or opened in known:
            continue
        if opened in told:
            del shard.open[opened]
            shard.doors[record.channel].remove(opened)
            pass_held(server, run, shard, record.channel)
        else:
            left += 1
            record.incarnation, record.disowned_by = "", incarnation
            server.data.apis.add("")
    return [b"OK", left]


def door_orphans(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    data, most = server.data, int(args[1])
    oldest = id_of(args[2]) if args[2] != b"0" else 0
    dead = {name for name in data.apis if data.expiring.find(f"api:{name}") is None}
    found: list[Answer] = []
    busy: set[str] = set()
    for number in range(int(args[0])):
        for opened, record in data.shards[f"{{{number}}}"].open.items():
            busy.add(record.incarnation)
            if (record.incarnation in dead or opened < oldest) and len(found) < most:
                found.append([number, bytes_of(opened), record.channel.encode(), record.what])
    data.apis -= dead - busy
    return found


def nonces_restore(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    missing, kept = 0, server.data.expiring
    for channel, nonce, known in zip(*[iter(args[1:])] * 3, strict=True):
        name = f"nonce{tag}{channel.decode()}:{nonce.decode()}"
        if kept.find(name) is None:
            kept.put(name, known, int(args[0]))
            missing += 1
    return missing
