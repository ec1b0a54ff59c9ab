"""Twins of the scripts of limits, of the gate, of living processes and of jobs."""

from core.redis.interfaces import Answer
from tests.fakes.redis.server import FakeRedisServer

Args = list[bytes]


def take(server: FakeRedisServer, key: str, limit: int, window_ms: int) -> list[int]:
    """Count one take. (`include/limit.lua`)"""
    name, kept = f"limit:{key}", server.data.expiring
    taken = kept.find(name)
    if taken is None:
        kept.put(name, 0, window_ms)
        taken = 0
    if int(taken) >= limit:
        return [0, 0, kept.left_ms(name)]
    kept[name] = int(taken) + 1
    return [1, limit - int(taken) - 1, kept.left_ms(name)]


def look(server: FakeRedisServer, key: str, limit: int, window_ms: int) -> list[int]:
    """Tell what a take would find. (`include/limit.lua`)"""
    name, kept = f"limit:{key}", server.data.expiring
    taken = kept.find(name)
    if taken is None:
        return [1, limit, window_ms]
    return [0, 0, kept.left_ms(name)] if int(taken) >= limit else [1, limit - int(taken), kept.left_ms(name)]


def gate(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    limit = int(args[1])
    standing = take(server, args[0].decode(), limit, int(args[2])) if limit else [1, 0, 0]
    return [*standing, server.data.all, server.data.rel]


def limit_take(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    return take(server, args[0].decode(), int(args[1]), int(args[2]))


def limit_look(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    return look(server, args[0].decode(), int(args[1]), int(args[2]))


def limit_give_back(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    name = f"limit:{args[0].decode()}"
    taken = int(server.data.expiring.find(name) or 0)
    if taken <= 0:
        return 0
    server.data.expiring[name] = taken - 1
    return 1


def live(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    server.data.expiring.put(f"api:{args[0].decode()}", b"", int(args[1]))
    return b"OK"


def job_take(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    name, holder, life_ms, now_ms = args[0].decode(), args[1], int(args[2]), int(args[3])
    kept, epochs = server.data.expiring, server.data.epochs
    held = kept.find(f"job:{name}")
    if held is not None and held != holder:
        return [b"HELD", kept.left_ms(f"job:{name}")]
    if held is None:
        epochs[name] = max(epochs.get(name, 0) + 1, now_ms)
    kept.put(f"job:{name}", holder, life_ms)
    return [b"OK", epochs[name]]


def job_look(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    return server.data.expiring.find(f"job:{args[0].decode()}") or b""


def job_release(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    key = f"job:{args[0].decode()}"
    if server.data.expiring.find(key) != args[1]:
        return 0
    server.data.expiring.remove(key)
    return 1
