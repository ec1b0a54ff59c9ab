"""The rows of messages as Cassandra keeps them: cells with timestamps, tombstones, conditional writes, and lost answers.

A write has a fate, which a test or a simulation decides when it is made: it is done, it is refused, or its answer is
lost, and then it was done, was not done, or is done later, when `land_late_writes` is called. A late write arrives with
its old timestamp and with the condition that it was made with.

Reads are taken from the rows as they are at that moment. The fake knows no partitions: a page is a page.
"""

import enum
from collections.abc import Awaitable, Callable, Collection, Iterator
from functools import partial
from typing import Any, TypeVar

import msgspec

from core.domain.errors import Invalid, OutcomeUnknown, Unavailable, UnknownMessage
from core.domain.ids import MAX_SNOWFLAKE, created_ms, snowflake_at
from core.domain.messages.message import Message
from core.runtime.clock import Clock
from core.store.aggregates.changes import Changes

_INSERT_AGE_MS = 10 * 60 * 1000
_ResultT = TypeVar("_ResultT")


class Fate(enum.Enum):
    """What becomes of a write."""

    DONE = enum.auto()
    REFUSED = enum.auto()
    UNKNOWN_DONE = enum.auto()
    UNKNOWN_LOST = enum.auto()
    UNKNOWN_LATE = enum.auto()


async def always_done(_: str) -> Fate:
    """Let every write succeed."""
    return Fate.DONE


class _Row:
    """Cells by column, each with its timestamp, and the newest deletion of the whole row."""

    __slots__ = ("cells", "deleted_us")

    def __init__(self) -> None:
        self.cells: dict[str, tuple[int, Any]] = {}
        self.deleted_us = -(2**63)

    def write(self, timestamp_us: int, values: dict[str, Any]) -> None:
        """Write cells: the newer wins, and among equals the larger value."""
        for name, value in values.items():
            old = self.cells.get(name)
            if old is None or (timestamp_us, repr(value)) > (old[0], repr(old[1])):
                self.cells[name] = (timestamp_us, value)

    def delete(self, timestamp_us: int) -> None:
        """Hide all cells that are as old or older."""
        self.deleted_us = max(self.deleted_us, timestamp_us)

    def read(self) -> Message | None:
        """Return the message that is left of the cells; None without its author."""
        values = {name: value for name, (timestamp, value) in self.cells.items() if timestamp > self.deleted_us}
        return Message(**values) if "author_id" in values else None


class FakeMessageRows:
    """A `MessageRows` in memory. `decide` is awaited before each write with the method's name, and may take its time."""

    def __init__(self, *, clock: Clock, decide: Callable[[str], Awaitable[Fate]] = always_done) -> None:
        self._clock = clock
        self._decide = decide
        self._rows: dict[int, dict[int, _Row]] = {}
        self._last_ids: dict[int, int] = {}
        self._late: list[Callable[[], Any]] = []
        self._newest_us = 0

    async def insert(self, message: Message) -> None:
        if not -(2**63) <= message.flags < 2**63 or _has_half_pair(message.content):
            raise Invalid(message="Value out of range")

        def apply() -> None:
            self._row(message.channel_id, message.id).write(_insert_us(message.id), msgspec.structs.asdict(message))
            self._last_ids[message.channel_id] = max(message.id, self._last_ids.get(message.channel_id, 0))

        await self._write("insert", apply)

    async def withdraw(self, message: Message) -> None:
        await self._write("withdraw", lambda: self._row(message.channel_id, message.id).delete(_insert_us(message.id)))

    async def find(self, channel_id: int, message_id: int) -> Message | None:
        return self._row(channel_id, message_id).read()

    async def list_page(
        self,
        channel_id: int,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> list[Message]:
        stored = [message for message in self._stored() if message.channel_id == channel_id]
        bound = around + 1 if around is not None else MAX_SNOWFLAKE if before is None else before
        older = [message for message in stored if message.id < bound][::-1]
        newer = [message for message in stored if message.id > (after or around or 0)]
        if around is not None:
            return newer[: limit // 2][::-1] + older[: limit - limit // 2]
        return newer[:limit][::-1] if after is not None else older[:limit]

    async def update(
        self, channel_id: int, message_id: int, changes: Changes, *, expected_version: int
    ) -> Message | None:
        def apply() -> Message | None:
            row = self._row(channel_id, message_id)
            message = row.read()
            if message is None:
                raise UnknownMessage
            if message.version != expected_version:
                return None
            row.write(self._next_us(), {**changes, "version": expected_version + 1})
            return row.read()

        return await self._write("update", apply)

    async def raise_version(self, channel_id: int, message_id: int, *, expected_version: int) -> Message | None:
        def apply() -> Message | None:
            row = self._row(channel_id, message_id)
            message = row.read()
            if message is not None and message.version == expected_version:
                row.write(self._next_us(), {"version": expected_version + 1})
            return row.read()

        return await self._write("raise_version", apply)

    async def delete(self, channel_id: int, message_ids: Collection[int]) -> list[int]:
        rows = {each: self._row(channel_id, each) for each in sorted(set(message_ids))}
        gone: list[int] = []
        # What was edited between reading and writing is tried again.
        while versions := {each: found.version for each, row in rows.items() if (found := row.read()) is not None}:
            gone += await self._write("delete", partial(self._delete_versions, rows, versions))
        return sorted(gone)

    def _delete_versions(self, rows: dict[int, _Row], versions: dict[int, int]) -> list[int]:
        gone = []
        for each, version in versions.items():
            found = rows[each].read()
            if found is not None and found.version == version:
                rows[each].delete(self._next_us())
                gone.append(each)
        return gone

    async def list_ids_by_author(self, guild_id: int, author_id: int, *, since_ms: int) -> list[tuple[int, int]]:
        return [
            (message.channel_id, message.id)
            for message in self._stored()
            if (message.guild_id, message.author_id) == (guild_id, author_id) and message.id >= snowflake_at(since_ms)
        ]

    async def last_ids(self, channel_ids: Collection[int]) -> dict[int, int]:
        return {each: self._last_ids[each] for each in channel_ids if each in self._last_ids}

    async def list_channels(self, *, after: int | None, limit: int) -> list[int]:
        return sorted(each for each in self._last_ids if after is None or each > after)[:limit]

    async def ping(self) -> None:
        """Do nothing: a fake is always there."""

    def land_late_writes(self) -> None:
        """Do the writes whose fate was to be late, with the conditions that they were made with."""
        late, self._late = self._late, []
        for apply in late:
            try:
                apply()
            except UnknownMessage:
                continue

    async def _write(self, name: str, apply: Callable[[], _ResultT]) -> _ResultT:
        fate = await self._decide(name)
        if fate is Fate.DONE:
            return apply()
        if fate is Fate.REFUSED:
            raise Unavailable
        if fate is Fate.UNKNOWN_DONE:
            apply()
        if fate is Fate.UNKNOWN_LATE:
            self._late.append(apply)
        raise OutcomeUnknown

    def _row(self, channel_id: int, message_id: int) -> _Row:
        return self._rows.setdefault(channel_id, {}).setdefault(message_id, _Row())

    def _stored(self) -> Iterator[Message]:
        """Yield all messages, each channel's in the order of ids."""
        for rows in self._rows.values():
            for message_id in sorted(rows):
                message = rows[message_id].read()
                if message is not None:
                    yield message

    def _next_us(self) -> int:
        self._newest_us = max(self._newest_us + 1, self._clock.now_ms() * 1000)
        return self._newest_us


def _insert_us(message_id: int) -> int:
    return (created_ms(message_id) - _INSERT_AGE_MS) * 1000


def _has_half_pair(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
