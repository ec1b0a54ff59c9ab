"""Read states on SQL. A login reads all of a person's with two statements that see one instant.

A row says up to which message was read, and up to which one a count was given by the client; what came later is counted
when it is read. So a mention of everybody writes nothing for anybody, and what is deleted does not count any more.
A row that was forgotten stays as a blank one, because it says when.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Table, and_, bindparam, delete, select

from core.domain.ids import snowflake_at
from core.domain.messages.read_state import Ack, Mention, MentionPage, ReadReceipt, ReadState
from core.store.sql.engine.connection import Asked, Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.query import Query, Rows
from core.store.sql.schema.tables.channels import channels
from core.store.sql.schema.tables.read_states import dismissed_mentions, followed_logs, mentions, read_states
from core.store.sql.schema.tables.users import users
from core.store.sql.unread.listed_mentions import LISTED
from core.store.sql.unread.read_receipts import PEERS, RECEIPTS
from core.store.sql.unread.waiting_mentions import WAITING, WAITING_IN, WaitingIn


class _Row(msgspec.Struct, kw_only=True, frozen=True):
    """A row of the table."""

    channel_id: int
    last_read_id: int = 0
    counted_id: int = 0
    given_count: int = 0
    last_pin_ms: int = 0
    flags: int = 0
    last_viewed: int | None = None
    version: int = 0
    marked_id: int = 0

    @property
    def is_blank(self) -> bool:
        """Whether the row says no more than that nothing was read."""
        said = (self.last_read_id, self.given_count, self.last_pin_ms, self.flags, self.last_viewed or 0)
        return not any(said)

    def shown(self, waiting: int) -> ReadState:
        """Return the read state, of which so many mentions wait after `counted_id`."""
        return ReadState(
            channel_id=self.channel_id,
            last_read_id=self.last_read_id,
            mention_count=self.given_count + waiting,
            last_pin_ms=self.last_pin_ms,
            flags=self.flags,
            last_viewed=self.last_viewed,
            version=self.version,
        )


_COLUMNS: Final = [read_states.c[name] for name in _Row.__struct_fields__]
_ONE: Final = Query(
    select(*_COLUMNS).where(
        read_states.c.user_id == bindparam("user_id"), read_states.c.channel_id == bindparam("channel_id")
    )
)
"""The row of one channel, which each ack reads."""
_OF_USER: Final = Query(
    # A read state outlives its channel.
    select(*_COLUMNS)
    .join(channels, channels.c.id == read_states.c.channel_id)
    .where(read_states.c.user_id == bindparam("user_id"))
)
_ROWS_IN: Final = {
    asked.places.size: Query(
        select(*_COLUMNS).where(
            read_states.c.user_id == bindparam("user_id"), read_states.c.channel_id.in_(asked.places.parameters)
        )
    )
    for asked in WAITING_IN
}
"""The rows of the channels of `WAITING_IN`, by their number."""
_FOLLOWED: Final = Query(select(followed_logs.c.shard, followed_logs.c.position))


class SqlReadStates:
    """The `ReadStateWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db", "_dialect")

    def __init__(self, db: Executor, dialect: Dialect) -> None:
        self._db = db
        self._dialect = dialect

    async def list_of_user(self, user_id: int) -> list[ReadState]:
        return (await self.list_of_users([user_id]))[user_id]

    async def list_of_users(self, user_ids: Collection[int]) -> dict[int, list[ReadState]]:
        asked: list[Asked] = []
        for user_id in user_ids:
            asked += ((_OF_USER, {"user_id": user_id}), (WAITING, {"user_id": user_id}))
        answers = iter(await self._db.query_together(*asked))
        return {user_id: _merge(next(answers), next(answers)) for user_id in user_ids}

    async def list_in(self, user_id: int, channel_ids: Collection[int]) -> list[ReadState]:
        asked: list[Asked] = []
        for waiting, bound in _ask_in(user_id, list(channel_ids)):
            asked += ((_ROWS_IN[waiting.places.size], bound), (waiting.query, bound))
        answers = iter(await self._db.query_together(*asked)) if asked else iter(())
        found = [state for rows in answers for state in _merge(rows, next(answers))]
        return sorted(found, key=lambda state: state.channel_id)

    async def fetch_followed(self) -> dict[int, int]:
        return {row[0]: row[1] for row in await self._db.query(_FOLLOWED)}

    async def list_mentions(
        self, user_id: int, *, before: int, limit: int, guild_id: int = 0, roles: bool = True, everyone: bool = True
    ) -> MentionPage:
        rows = await self._db.query(
            LISTED[roles, everyone], user_id=user_id, before_id=before, limit=limit, guild_id=guild_id
        )
        found = {row[1]: row[0] for row in rows if row[0]}
        (reached,) = (row[1] for row in rows if not row[0])
        mentions_ = [Mention(found[message_id], message_id) for message_id in sorted(found, reverse=True)]
        if len(mentions_) == limit:
            return MentionPage(mentions_, mentions_[-1].message_id)
        return MentionPage(mentions_, reached)

    async def find_receipt_peers(self, user_id: int, channel_ids: Collection[int]) -> dict[int, list[int]]:
        if not channel_ids:
            return {}
        asked = [(PEERS, {"user_id": user_id, "channel_id": channel_id}) for channel_id in channel_ids]
        answers = zip(channel_ids, await self._db.query_together(*asked), strict=True)
        return {channel_id: [row[0] for row in rows] for channel_id, rows in answers if rows}

    async def list_receipts(self, user_id: int, channel_id: int) -> list[ReadReceipt]:
        rows = await self._db.query(RECEIPTS, user_id=user_id, channel_id=channel_id)
        return [ReadReceipt(row[0], row[1]) for row in rows]

    async def ack(self, user_id: int, acks: Collection[Ack], *, now_ms: int) -> list[ReadState]:
        before = await self._find(user_id, [ack.channel_id for ack in acks])
        moved: dict[int, _Row] = {}
        for ack in acks:
            known = before.get(ack.channel_id) or _Row(channel_id=ack.channel_id)
            row = _moved(known, ack, now_ms)
            if row is not known:
                moved[ack.channel_id] = row
        if not moved:
            return []
        await self._put(user_id, moved.values())
        counts = await self._count(user_id, list(moved))
        return [row.shown(counts.get(row.channel_id, 0)) for row in moved.values()]

    async def ack_pins(self, user_id: int, channel_id: int, pinned_ms: int, *, now_ms: int) -> int | None:
        known = (await self._find(user_id, [channel_id])).get(channel_id) or _Row(channel_id=channel_id)
        if pinned_ms <= known.last_pin_ms:
            return None
        row = msgspec.structs.replace(known, last_pin_ms=pinned_ms, version=_next_version(known, now_ms))
        await self._put(user_id, [row])
        return row.version

    async def forget(self, user_id: int, channel_id: int, *, now_ms: int) -> ReadState | None:
        known = (await self._find(user_id, [channel_id])).get(channel_id)
        if known is None or known.is_blank:
            return None
        blank = _Row(channel_id=channel_id, version=_next_version(known, now_ms), marked_id=_newest_id_at(now_ms))
        await self._put(user_id, [blank])
        counts = await self._count(user_id, [channel_id])
        return blank.shown(counts.get(channel_id, 0))

    async def forget_all(self, user_id: int) -> None:
        for owner in (read_states.c.user_id, mentions.c.target_id, dismissed_mentions.c.user_id):
            await self._db.execute(delete(owner.table).where(owner == user_id))

    async def dismiss(self, user_id: int, message_id: int) -> bool:
        new = self._dialect.insert(dismissed_mentions).values(user_id=user_id, message_id=message_id)
        return await self._db.execute(new.on_conflict_do_nothing()) == 1

    async def move_own(
        self, places: Mapping[tuple[int, int], int], *, followed: Mapping[int, int], now_ms: int
    ) -> None:
        new = self._dialect.insert(read_states)
        moved = ("last_read_id", "counted_id", "given_count", "version")
        put = new.on_conflict_do_update(
            index_elements=_key(read_states),
            set_={name: new.excluded[name] for name in moved},
            where=and_(
                new.excluded.last_read_id > read_states.c.last_read_id,
                new.excluded.last_read_id > read_states.c.counted_id,
                new.excluded.last_read_id > read_states.c.marked_id,
            ),
        )
        people = await self._find_people({user_id for user_id, _ in places})
        rows = [
            {"user_id": user_id, **msgspec.structs.asdict(_own_row(channel_id, message_id, now_ms))}
            for (user_id, channel_id), message_id in sorted(places.items())
            if user_id in people
        ]
        if rows:
            await self._db.execute(put, rows)
        if followed:
            go_on = self._dialect.insert(followed_logs)
            go_on = go_on.on_conflict_do_update(
                index_elements=_key(followed_logs), set_={"position": go_on.excluded.position}
            )
            await self._db.execute(go_on, [{"shard": shard, "position": followed[shard]} for shard in sorted(followed)])

    async def _find_people(self, user_ids: Collection[int]) -> set[int]:
        """Return those that are users and no bots."""
        if not user_ids:
            return set()
        rows = await self._db.fetch_all(select(users.c.id).where(users.c.id.in_(user_ids), users.c.bot.is_(False)))
        return {row[0] for row in rows}

    async def _count(self, user_id: int, channel_ids: Sequence[int]) -> dict[int, int]:
        """Count the messages that wait in each of these channels."""
        asked = _ask_in(user_id, channel_ids)
        answers = await self._db.query_together(*((waiting.query, bound) for waiting, bound in asked))
        return _counts(row for rows in answers for row in rows)

    async def _find(self, user_id: int, channel_ids: Collection[int]) -> dict[int, _Row]:
        found: Sequence[Sequence[Any]]
        if len(channel_ids) == 1:
            (channel_id,) = channel_ids
            found = await self._db.query(_ONE, user_id=user_id, channel_id=channel_id)
        else:
            is_one = read_states.c.channel_id.in_(channel_ids)
            found = await self._db.fetch_all(select(*_COLUMNS).where(read_states.c.user_id == user_id, is_one))
        return {row.channel_id: row for row in map(_row, found)}

    async def _put(self, user_id: int, rows: Iterable[_Row]) -> None:
        new = self._dialect.insert(read_states)
        changed = {name: new.excluded[name] for name in _Row.__struct_fields__ if name != "channel_id"}
        put = new.on_conflict_do_update(index_elements=_key(read_states), set_=changed)
        await self._db.execute(put, [{"user_id": user_id, **msgspec.structs.asdict(row)} for row in rows])


def _ask_in(user_id: int, channel_ids: Sequence[int]) -> Iterator[tuple[WaitingIn, dict[str, Any]]]:
    """Return the statements for so many channels, with their parameters."""
    waiting = next((each for each in WAITING_IN if each.places.size >= len(channel_ids)), WAITING_IN[-1])
    size = waiting.places.size
    for start in range(0, len(channel_ids), size):
        yield waiting, {"user_id": user_id, **waiting.places.bind(channel_ids[start : start + size])}


def _key(table: Table) -> list[Any]:
    return list(table.primary_key.columns)


def _row(values: Sequence[Any]) -> _Row:
    return _Row(**dict(zip(_Row.__struct_fields__, values, strict=True)))


def _moved(known: _Row, ack: Ack, now_ms: int) -> _Row:
    """Return the row after an ack, which is the same one if the ack changes nothing."""
    changes: dict[str, Any] = {}
    if ack.is_manual or ack.message_id > known.last_read_id:
        is_given = ack.is_manual and ack.mention_count is not None
        changes = {
            "last_read_id": ack.message_id,
            "counted_id": max(ack.counted_id, ack.message_id) if is_given else ack.message_id,
            "given_count": ack.mention_count if is_given else 0,
        }
    if ack.is_manual:
        changes["marked_id"] = _newest_id_at(now_ms)
    if ack.flags is not None:
        changes["flags"] = ack.flags
    if ack.last_viewed is not None:
        changes["last_viewed"] = ack.last_viewed
    if all(getattr(known, name) == value for name, value in changes.items()):
        return known
    return msgspec.structs.replace(known, **changes, version=_next_version(known, now_ms))


def _own_row(channel_id: int, message_id: int, now_ms: int) -> _Row:
    return _Row(channel_id=channel_id, last_read_id=message_id, counted_id=message_id, version=now_ms)


def _newest_id_at(now_ms: int) -> int:
    return snowflake_at(now_ms + 1) - 1


def _next_version(known: _Row, now_ms: int) -> int:
    return max(known.version + 1, now_ms)


def _merge(rows: Rows, waiting: Rows) -> list[ReadState]:
    """Return the states of the rows with their counts, and those of channels of which nothing was read."""
    counts = _counts(waiting)
    found = {row.channel_id: row.shown(counts.pop(row.channel_id, 0)) for row in map(_row, rows) if not row.is_blank}
    found.update((channel_id, _Row(channel_id=channel_id).shown(count)) for channel_id, count in counts.items())
    return [found[channel_id] for channel_id in sorted(found)]


def _counts(waiting: Iterable[Sequence[Any]]) -> dict[int, int]:
    return {row[0]: row[1] for row in waiting}
