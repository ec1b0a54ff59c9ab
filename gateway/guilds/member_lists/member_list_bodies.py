"""GUILD_MEMBER_LIST_UPDATE, and a member's item in it. Pure.

Source: what Discord's own clients read; nothing of it is in Discord's documentation.
"""

import msgspec

from core.domain.events import GUILD_MEMBER_LIST_UPDATE
from core.wire.objects.member_list import MemberListGroup, MemberListUpdate
from gateway.guilds.state.member_table import MemberState
from gateway.payloads.dispatch_body import DispatchBody


class ListHead(msgspec.Struct, frozen=True, kw_only=True):
    """What each update says of the whole list: members of the guild, those online in the list, its groups with counts."""

    member_count: int
    online_count: int
    groups: tuple[tuple[str, int], ...]


class _User(msgspec.Struct, frozen=True):
    username: str
    global_name: str | None = None


class _Named(msgspec.Struct, frozen=True):
    user: _User
    nick: str | None = None


_encode = msgspec.json.Encoder().encode
_decode_named = msgspec.json.Decoder(_Named).decode


def fold_name(member: MemberState) -> str:
    """The name that a member is shown with, in the form in which names are sorted."""
    named = _decode_named(member.raw)
    return (named.nick or named.user.global_name or named.user.username).casefold()


def encode_group(group: str, count: int) -> bytes:
    """A header's item."""
    return b'{"group":{"id":"%b","count":%d}}' % (group.encode(), count)


def encode_member(member: MemberState, presence: msgspec.Raw | None) -> bytes:
    """A member's item. `presence` is None when it is offline."""
    shown = b'{"user":{"id":"%d"},"status":"offline","activities":[],"client_status":{}}' % member.user_id
    return b'{"member":%b,"presence":%b}}' % (bytes(member.raw)[:-1], shown if presence is None else bytes(presence))


def encode_update(guild_id: int, list_id: str, head: ListHead, operations: list[msgspec.Raw]) -> DispatchBody:
    """The event."""
    update = MemberListUpdate(
        guild_id=str(guild_id),
        id=list_id,
        member_count=head.member_count,
        online_count=head.online_count,
        groups=[MemberListGroup(group, count) for group, count in head.groups],
        ops=operations,
    )
    return DispatchBody(GUILD_MEMBER_LIST_UPDATE, _encode(update))
