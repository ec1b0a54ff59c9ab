"""The members of one guild that its actor keeps in memory.

It keeps the users with a session in the guild or on its way into it (`hold`), and all members while the guild is small
(`keeps_all`), so that GUILD_CREATE of a small guild needs no query. Other members are read from the store on demand.

A member's row is read while events go on being applied. `hold` returns a mark for the read. An event about the user
voids all marks that were given before it, because it is at least as new as the rows that are on their way (newer events
follow and replace it). `settle` takes a row only with a mark that is not void. So a row can never undo an event.

Owns the rows of members, the number of members, the holds, and the marks. Pure: no store, no clock, no sessions.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from typing import Final

import msgspec

from core.domain.guilds.member import Member
from core.wire.objects.guilds.member import render_member
from gateway.events.recent import remember

KEEP_ALL_BELOW: Final = 251
"""A guild with fewer members than this is kept whole: 250 is the largest `large_threshold` that a client may name."""

REMEMBERED_DELETED_ROLES: Final = 256
"""The number of deleted roles remembered, for rows that were read before the deletion. A read takes milliseconds."""

_NO_ROLES: Final[frozenset[int]] = frozenset()
"""One set for all members without roles: an empty set is as large as one with four roles."""

Fields = dict[str, msgspec.Raw]
"""A wire object of which each field is still encoded."""

_encode = msgspec.json.Encoder().encode
_decode_fields = msgspec.json.Decoder(Fields).decode
_decode_ids = msgspec.json.Decoder(list[str]).decode


class _User(msgspec.Struct, frozen=True):
    id: int


class _Member(msgspec.Struct, frozen=True):
    """The fields that are read of a member object."""

    user: _User
    roles: tuple[int, ...]
    communication_disabled_until: dt.datetime | None = None


_decode_member = msgspec.json.Decoder(_Member, strict=False).decode


class MemberState(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """One member: the fields that permissions depend on, and the object for clients."""

    user_id: int
    role_ids: frozenset[int]
    timeout_until_ms: int
    raw: msgspec.Raw

    def drop_role(self, role_id: int) -> None:
        """Take a deleted role away."""
        self.role_ids -= {role_id}
        fields = _decode_fields(self.raw)
        kept = [held for held in _decode_ids(fields["roles"]) if held != str(role_id)]
        self.raw = msgspec.Raw(_encode({**fields, "roles": kept}))


def parse_member(payload: bytes | msgspec.Raw) -> MemberState:
    """Parse a MemberObject in JSON.

    Raises:
        msgspec.MsgspecError: when the payload is no such object.
    """
    seen = _decode_member(payload)
    fields = _decode_fields(payload)
    fields.pop("guild_id", None)
    fields.pop("id", None)
    until = seen.communication_disabled_until
    return MemberState(
        user_id=seen.user.id,
        role_ids=frozenset(seen.roles) if seen.roles else _NO_ROLES,
        timeout_until_ms=0 if until is None else int(until.timestamp() * 1000),
        raw=msgspec.Raw(_encode(fields)),
    )


def from_row(member: Member) -> MemberState:
    """Make a member from the store's row."""
    return MemberState(
        user_id=member.user.id,
        role_ids=frozenset(member.role_ids) if member.role_ids else _NO_ROLES,
        timeout_until_ms=member.timeout_until_ms,
        raw=msgspec.Raw(_encode(render_member(member))),
    )


class RowMark:
    """A mark for reads of one user's row that no event has voided. Reads between two events share it."""

    __slots__ = ("user_id",)

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id


class MemberTable:
    """The members that are kept, keyed by user id, and the number of all members."""

    __slots__ = ("_deleted_roles", "_holds", "_marks", "_rows", "count", "keeps_all")

    def __init__(self, *, count: int, rows: Iterable[Member] | None = None) -> None:
        """`rows`, when given, are all members of the guild."""
        self.count = count
        self.keeps_all = rows is not None
        self._rows = {row.user.id: from_row(row) for row in rows or ()}
        self._holds: dict[int, int] = {}
        self._marks: dict[int, RowMark] = {}
        """The mark of each user that is not void."""
        self._deleted_roles: dict[int, None] = {}

    def find(self, user_id: int) -> MemberState | None:
        """Return the member, when the user is one and is kept."""
        return self._rows.get(user_id)

    def all(self) -> Collection[MemberState]:
        """Return the members that are kept: a view, which changes with the table."""
        return self._rows.values()

    def __iter__(self) -> Iterator[MemberState]:
        return iter(self._rows.values())

    def hold(self, user_id: int) -> RowMark | None:
        """Keep this user's membership from now on. With a mark, its row must be read from now on and settled."""
        self._holds[user_id] = self._holds.get(user_id, 0) + 1
        if user_id in self._rows:
            return None
        return self._marks.setdefault(user_id, RowMark(user_id))

    def settle(self, mark: RowMark, row: Member | None) -> None:
        """Take the row that `hold` asked for, unless an event has voided the mark or another read was quicker."""
        user_id = mark.user_id
        if row is None or self._marks.get(user_id) is not mark or user_id in self._rows:
            return
        state = from_row(row)
        for role_id in state.role_ids & self._deleted_roles.keys():
            state.drop_role(role_id)
        self._rows[user_id] = state
        # What a mark is for is known now, and there are as many as there are sessions.
        del self._marks[user_id]

    def release(self, user_id: int) -> None:
        """Undo one `hold`."""
        left = self._holds[user_id] - 1
        if left:
            self._holds[user_id] = left
            return
        del self._holds[user_id]
        self._marks.pop(user_id, None)
        if not self.keeps_all:
            self._rows.pop(user_id, None)

    def add(self, member: MemberState) -> None:
        """Add a user who joined."""
        self.count += 1
        if self.keeps_all and self.count >= KEEP_ALL_BELOW:
            self._forget_unheld()
        self.put(member)

    def put(self, member: MemberState) -> None:
        """Put a member that changed."""
        self._marks.pop(member.user_id, None)
        if self.keeps_all or member.user_id in self._holds:
            self._rows[member.user_id] = member

    def remove(self, user_id: int) -> None:
        """Remove a member that left or was kicked."""
        self.count -= 1
        self._marks.pop(user_id, None)
        self._rows.pop(user_id, None)

    def restore_role(self, role_id: int) -> None:
        """Note that a role exists, so members may have it."""
        self._deleted_roles.pop(role_id, None)

    def drop_role(self, role_id: int) -> None:
        """Take a deleted role from all members."""
        remember(self._deleted_roles, role_id, None, most=REMEMBERED_DELETED_ROLES)
        for member in self._rows.values():
            if role_id in member.role_ids:
                member.drop_role(role_id)

    def _forget_unheld(self) -> None:
        self.keeps_all = False
        self._rows = {user_id: row for user_id, row in self._rows.items() if user_id in self._holds}
