"""Twins of the scripts of workers' leases and of the shard map (`core/redis/scripts/map/`)."""

from core.redis.interfaces import Answer
from tests.fakes.redis.server import FakeRedisServer, ShardMapKeys

Args = list[bytes]

CHANGED = [b"CHANGED"]
FENCED = [b"FENCED"]
_NOBODY = (0, b"", b"")
_VERSIONS_OF_A_TERM = 1 << 32


def is_over(keys: ShardMapKeys, term: int) -> bool:
    """Tell whether a later controller was here. (`include/map.lua`)"""
    if keys.term > term:
        return True
    keys.term = term
    return False


def tell_change(server: FakeRedisServer) -> int:
    """Give the map another version. (`include/map.lua`)"""
    keys = server.data.map
    keys.version = max(keys.version, keys.term * _VERSIONS_OF_A_TERM) + 1
    server.publish("map", str(keys.version).encode())
    return keys.version


def worker_lease(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    name, incarnation, had, life_ms, said = args
    key, kept = f"worker:{name.decode()}", server.data.expiring
    held = kept.find(key)
    if isinstance(held, bytes) and held.split(b" ")[0].rpartition(b".")[0] != incarnation.rpartition(b".")[0]:
        return [b"HELD", kept.left_ms(key)]
    if held is None and had == b"1":
        return [b"GONE"]
    kept.put(key, incarnation + b" " + said, int(life_ms))
    server.data.workers.add(name.decode())
    return [b"OK"]


def worker_leave(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    name, incarnation = args
    key, kept = f"worker:{name.decode()}", server.data.expiring
    held = kept.find(key)
    if not isinstance(held, bytes) or held.split(b" ")[0] != incarnation:
        return 0
    kept.remove(key)
    return 1


def worker_list(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    answer: list[bytes | int] = []
    for name in sorted(server.data.workers):
        key, kept = f"worker:{name}", server.data.expiring
        held = kept.find(key)
        if isinstance(held, bytes):
            incarnation, _, said = held.partition(b" ")
            answer += [name.encode(), incarnation, kept.left_ms(key), said]
        else:
            server.data.workers.remove(name)
    return answer


def map_read(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    keys = server.data.map
    if keys.version == int(args[0]):
        return [keys.version]
    answer: list[bytes | int] = [keys.version, keys.term, keys.controller, keys.wishes]
    for shard, (epoch, owner, target) in keys.places.items():
        answer += [b"%d" % shard, b"%d %s %s" % (epoch, owner, target)]
    return answer


def map_head(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    term, controller, wishes = args
    if is_over(server.data.map, int(term)):
        return FENCED
    server.data.map.controller, server.data.map.wishes = controller, wishes
    return [b"OK", tell_change(server)]


def map_change(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    keys = server.data.map
    if is_over(keys, int(args[0])):
        return FENCED
    left, has_changed = [], False
    for i in range(1, len(args), 5):
        shard, known, following = (int(arg) for arg in args[i : i + 3])
        owner, target = args[i + 3 : i + 5]
        epoch, present, _ = keys.places.get(shard, _NOBODY)
        if epoch == known and (following > epoch or (following == epoch and owner == present)):
            keys.places[shard] = (following, owner, target)
            has_changed = True
        else:
            left.append(shard)
    return [b"OK", tell_change(server) if has_changed else keys.version, left]


def map_moved(server: FakeRedisServer, tag: str, run: str, args: Args) -> Answer:
    shard, keys = int(args[0]), server.data.map
    epoch, owner, target = keys.places.get(shard, _NOBODY)
    if epoch != int(args[1]) or owner != args[2] or not target:
        return CHANGED
    keys.places[shard] = (epoch + 1, target, b"")
    return [b"OK", tell_change(server), epoch + 1]
