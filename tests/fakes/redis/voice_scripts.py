"""Twins of the scripts of media nodes' leases (`core/redis/scripts/voice/`)."""

from core.redis.interfaces import Answer
from tests.fakes.redis.server import FakeRedisServer

Args = list[bytes]


def node_lease(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    name, life, life_ms, tells, said = args
    key, kept = f"voice:{name.decode()}", server.data.expiring
    held = kept.find(key)
    if isinstance(held, bytes) and held.split(b" ")[0] != life:
        return [b"HELD", kept.left_ms(key)]
    kept.put(key, life + b" " + said, int(life_ms))
    server.data.voices.add(name.decode())
    if held is None or tells == b"1":
        server.publish("voice", name)
    return [b"OK"]


def node_leave(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    name, life = args
    key, kept = f"voice:{name.decode()}", server.data.expiring
    held = kept.find(key)
    if not isinstance(held, bytes) or held.split(b" ")[0] != life:
        return 0
    kept.remove(key)
    server.publish("voice", name)
    return 1


def node_list(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    answer: list[bytes] = []
    for name in sorted(server.data.voices):
        held = server.data.expiring.find(f"voice:{name}")
        if isinstance(held, bytes):
            answer.append(held.partition(b" ")[2])
        else:
            server.data.voices.remove(name)
    return answer
