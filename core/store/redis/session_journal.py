"""The journal of sessions in Redis, for a cluster.

    sess:<session id>     hash: the record's holder, the record as it was written, and the last cut that counts for it
    held:<incarnation>    sorted set: the sessions of a holder, by id
    taken:<incarnation>   set: the sessions that others have claimed of it, until it has heard of them
    ck:<incarnation>      stream: the cuts, each under its number
    incarnations          set: those that have written or claimed, and have not been dropped
    writers               set: those of them that have written
    charges               hash: who tells of the end of an incarnation

An incarnation is a life of a worker's process, and lives as long as its lease does (`core.shards.lease`).

Each change is a script, because it compares the holder before it writes. Calls are seldom, one a second and one a
resume, so they go through the `redis` package.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from core.redis.address import RedisAddress
from core.redis.pooled import answer_of, make_pool
from core.shards.incarnations import name_of, process_of
from core.store.aggregates.session_journal import ANY_CUT, Cut, JournalLost, SessionRecord

_WRITE: Final = """
local incarnation, number, keep_from, cut = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local function key(session) return 'sess:' .. session end
redis.call('SADD', 'incarnations', incarnation)
if redis.call('SADD', 'writers', incarnation) == 1 and number > 1 then return 0 end
redis.call('XADD', 'ck:' .. incarnation, ARGV[2] .. '-0', 'cut', cut)
if keep_from ~= '0' then redis.call('XTRIM', 'ck:' .. incarnation, 'MINID', keep_from .. '-0') end
local at, records = 6, tonumber(ARGV[5])
for _ = 1, records do
  local holder = redis.call('HGET', key(ARGV[at]), 'holder')
  if not holder or holder == incarnation then
    redis.call('HSET', key(ARGV[at]), 'holder', incarnation, 'record', ARGV[at + 1])
    redis.call('HDEL', key(ARGV[at]), 'last_cut')
    redis.call('ZADD', 'held:' .. incarnation, 0, ARGV[at])
  end
  at = at + 2
end
while ARGV[at] do
  if redis.call('HGET', key(ARGV[at]), 'holder') == incarnation then
    redis.call('DEL', key(ARGV[at]))
    redis.call('ZREM', 'held:' .. incarnation, ARGV[at])
  end
  at = at + 1
end
return 1
"""
"""Returns 0, and keeps nothing, when the incarnation is no writer though this is not its first cut."""

_CLAIM: Final = """
local session, holder, by, last_cut = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('HGET', 'sess:' .. session, 'holder') ~= holder then return 0 end
redis.call('HSET', 'sess:' .. session, 'holder', by, 'last_cut', last_cut)
redis.call('ZREM', 'held:' .. holder, session)
redis.call('ZADD', 'held:' .. by, 0, session)
redis.call('SREM', 'taken:' .. by, session)
if holder ~= by then
  redis.call('SADD', 'taken:' .. holder, session)
end
redis.call('SADD', 'incarnations', by)
return 1
"""

_DROP: Final = """
local ended, limit = ARGV[1], tonumber(ARGV[2])
local held = 'held:' .. ended
local sessions = redis.call('ZRANGE', held, 0, limit - 1)
for _, session in ipairs(sessions) do
  redis.call('DEL', 'sess:' .. session)
  redis.call('ZREM', held, session)
end
if #sessions == limit then return 1 end
redis.call('DEL', 'ck:' .. ended, 'taken:' .. ended)
redis.call('SREM', 'incarnations', ended)
redis.call('SREM', 'writers', ended)
redis.call('HDEL', 'charges', ended)
return 0
"""

_encode = msgspec.msgpack.encode
_decode_cut = msgspec.msgpack.Decoder(Cut).decode
_decode_record = msgspec.msgpack.Decoder(SessionRecord).decode


class RedisSessionJournal:
    """The `SessionJournal` on one Redis server, by a pool of connections. All workers of a cluster write to it."""

    is_shared: Final = True

    __slots__ = ("_claim", "_drop", "_redis", "_write")

    def __init__(self, *, address: RedisAddress, timeout_s: float = 2.0) -> None:
        """A call that takes longer than `timeout_s` has failed, and may have had its effect."""
        self._redis = make_pool(address, timeout_s=timeout_s)
        self._write = self._redis.register_script(_WRITE)
        self._claim = self._redis.register_script(_CLAIM)
        self._drop = self._redis.register_script(_DROP)

    async def write(
        self, cut: Cut, *, records: Sequence[SessionRecord] = (), ended: Sequence[str] = (), keep_from: int = 0
    ) -> None:
        arguments: list[str | int | bytes] = [cut.incarnation, cut.number, keep_from, _encode(cut), len(records)]
        for record in records:
            arguments += (record.session_id, _encode(record))
        if not await answer_of(self._write(args=[*arguments, *ended])):
            raise JournalLost

    async def find(self, session_id: str) -> SessionRecord | None:
        (found,) = await self._read_records([session_id])
        return found

    async def claim(self, session_id: str, *, holder: str, by: str, last_cut: int) -> bool:
        return bool(await answer_of(self._claim(args=[session_id, holder, by, last_cut])))

    async def list_taken(self, incarnation: str, *, seen: Sequence[str]) -> list[str]:
        key = f"taken:{incarnation}"
        if seen:
            await answer_of(self._redis.srem(key, *seen))
        taken = await answer_of(self._redis.smembers(key))
        return sorted(session_id.decode() for session_id in taken)

    async def list_cuts(self, incarnation: str, *, before: int | None = None, limit: int = 32) -> list[Cut]:
        newest = "+" if before is None else f"({before}-0"
        entries = await answer_of(self._redis.xrevrange(f"ck:{incarnation}", newest, "-", count=limit))
        return [_decode_cut(fields[b"cut"]) for _, fields in entries]

    async def list_ended(self, incarnation: str) -> list[str]:
        known = await answer_of(self._redis.smembers("incarnations"))
        others = sorted(each.decode() for each in known if each != incarnation.encode())
        if not others:
            return []
        leases = await answer_of(self._redis.mget([f"worker:{name_of(each)}" for each in others]))
        return [each for each, lease in zip(others, leases, strict=True) if not _is_of(lease, each)]

    async def take_charge(self, ended: str, *, by: str) -> bool:
        if await answer_of(self._redis.hsetnx("charges", ended, by)):
            return True
        return bool(await answer_of(self._redis.hget("charges", ended)) == by.encode())

    async def list_left(self, ended: str, *, after: str = "", limit: int = 500) -> list[SessionRecord]:
        first = f"({after}" if after else "-"
        held = await answer_of(self._redis.zrangebylex(f"held:{ended}", first, "+", start=0, num=limit))
        # A session may be claimed between the two reads.
        found = await self._read_records([session_id.decode() for session_id in held])
        return [record for record in found if record is not None and record.holder == ended]

    async def drop_left(self, ended: str, *, limit: int = 2000) -> bool:
        return bool(await answer_of(self._drop(args=[ended, limit])))

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _read_records(self, session_ids: Sequence[str]) -> list[SessionRecord | None]:
        pipeline = self._redis.pipeline(transaction=False)
        for session_id in session_ids:
            pipeline.hmget(f"sess:{session_id}", "holder", "record", "last_cut")
        return [_record(*fields) for fields in await answer_of(pipeline.execute())]


def _record(holder: bytes | None, data: bytes | None, last_cut: bytes | None) -> SessionRecord | None:
    """Return the record as it was written, with its present holder."""
    if holder is None or data is None:
        return None
    last = ANY_CUT if last_cut is None else int(last_cut)
    return msgspec.structs.replace(_decode_record(data), holder=holder.decode(), last_cut=last)


def _is_of(lease: bytes | None, incarnation: str) -> bool:
    """Return whether a lease is that of this life of a process (`core/redis/scripts/map/worker_lease.lua`)."""
    return lease is not None and process_of(lease.partition(b" ")[0].decode()) == incarnation
