"""Twins of the scripts of logs (`core/redis/scripts/log/`)."""

import struct

from core.redis.interfaces import Answer
from tests.fakes.redis.server import Entry, FakeRedisServer, Shard

Args = list[bytes]

_HEADER = struct.Struct(">IQQQQ")
CLOSED = [b"CLOSED"]
FENCED = [b"FENCED"]
CHANGED = [b"CHANGED"]


def append(server: FakeRedisServer, tag: str, revision: int, envelope: bytes) -> int:
    """Append to a shard's log and publish; return n. (`include/append.lua`)"""
    data, shard = server.data, server.data.shards[tag]
    shard.n += 1
    data.all += 1
    data.rel += revision > 0
    shard.entries.append(Entry(shard.n, revision, envelope))
    header = _HEADER.pack(shard.gen, shard.n, revision, data.all, data.rel)
    server.publish(f"s{tag}", header + envelope)
    return shard.n


def is_fenced(shard: Shard, epoch: int) -> bool:
    """Tell whether a younger keeper was here. (`include/fence.lua`)"""
    if shard.epoch > epoch:
        return True
    shard.epoch = epoch
    return False


def log_relay(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    shard, first = server.data.shards[tag], int(args[0])
    if shard.run != run:
        return CLOSED
    if first > shard.rev + 1:
        return [b"GAP", shard.rev]
    events = list(zip(args[1::2], args[2::2], strict=True))
    for revision, (guild, envelope) in enumerate(events, first):
        if revision > shard.rev:
            append(server, tag, revision, envelope)
            shard.rev = revision
            if guild:
                shard.perm[guild.decode()] = server.data.rel
    return [b"OK", shard.gen, shard.n]


def log_append(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    shard = server.data.shards[tag]
    if shard.run != run:
        return CLOSED
    for envelope in args:
        append(server, tag, 0, envelope)
    return [b"OK", shard.gen, shard.n]


def log_tell_again(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    shard = server.data.shards[tag]
    if shard.run != run:
        return CLOSED
    after = int(args[1]) if shard.gen == int(args[0]) else 0
    known = {entry.envelope[:11]: entry.n for entry in shard.entries if entry.n > after}
    places = [known.get(envelope[:11]) or append(server, tag, 0, envelope) for envelope in args[2:]]
    return [b"OK", shard.gen, *places]


def log_read(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    shard = server.data.shards[tag]
    found = [entry for entry in shard.entries if entry.n > int(args[0])][: int(args[1])]
    answer: list[int | bytes] = [shard.gen, shard.n, found[0].n if found else 0]
    for entry in found:
        answer += [entry.revision, entry.envelope]
    return answer


def log_heads(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    answer = [server.data.all, server.data.rel, server.data.life]
    for number in range(int(args[0])):
        shard = server.data.shards[f"{{{number}}}"]
        answer += [int(shard.run == run), shard.gen, shard.n, shard.rev, shard.life, shard.before, shard.start]
    return answer


def log_counters(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    return [server.data.all, server.data.rel, server.data.life]


def log_open(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    data, shard = server.data, server.data.shards[tag]
    epoch, gen, n, next_gen, revision, now_ms = (int(arg) for arg in args)
    if shard.run == run or (shard.gen, shard.n) != (gen, n):
        return CHANGED
    if is_fenced(shard, epoch):
        return FENCED
    if next_gen != gen:
        shard.entries, shard.n = [], 0
    data.all = max(data.all, now_ms * 1000)
    data.rel = max(data.rel, now_ms * 1000)
    shard.before, shard.life = shard.life, max(shard.life + 1, now_ms)
    data.life = max(data.life + 1, shard.life)
    shard.perm = {}
    shard.run, shard.gen, shard.start, shard.floor = run, next_gen, shard.n, data.rel
    shard.rev = max(shard.rev, revision)
    server.publish(f"s{tag}", _HEADER.pack(next_gen, 0, 0, data.all, data.rel))
    return [b"OK", shard.life]


def log_repair(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    shard = server.data.shards[tag]
    epoch, gen, n, replaces, life = (int(arg) for arg in args[:5])
    if shard.run == run or (not replaces and (shard.gen, shard.n) != (gen, n)):
        return CHANGED
    if is_fenced(shard, epoch):
        return FENCED
    if replaces:
        shard.entries = []
    for revision, envelope in zip(args[5::2], args[6::2], strict=True):
        n += 1
        shard.entries.append(Entry(n, int(revision), envelope))
    shard.gen, shard.n, shard.life = gen, n, max(shard.life, life)
    return [b"OK", n]


def log_trim(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    shard = server.data.shards[tag]
    epoch, gen, until, rel = (int(arg) for arg in args)
    if shard.run != run or shard.gen != gen:
        return CLOSED
    if is_fenced(shard, epoch):
        return FENCED
    if rel > shard.floor:
        shard.perm = {guild: changed for guild, changed in shard.perm.items() if changed > rel}
        shard.floor = rel
    kept = [entry for entry in shard.entries if entry.n > until]
    forgotten = len(shard.entries) - len(kept)
    shard.entries = kept
    return [b"OK", forgotten]
