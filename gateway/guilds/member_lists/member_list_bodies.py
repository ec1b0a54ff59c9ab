"""GUILD_MEMBER_LIST_UPDATE, and a member's item in it. Pure.

Source: the behaviour of Discord's own clients. Discord's documentation says nothing of it.
"""

import msgspec

from core.domain.events import GUILD_MEMBER_LIST_UPDATE
from core.wire.objects.guilds.member_list import MemberListGroup, MemberListUpdate
from core.wire.objects.guilds.named_member import name_member
from gateway.guilds.state.member_table import MemberState
from gateway.payloads.dispatch_body import DispatchBody


class ListHead(msgspec.Struct, frozen=True, kw_only=True):
    """The counts in each update: members of the guild, online members of the list, members of each group."""

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
    """Return the name that a member is shown with, folded to sort without case."""
    named = _decode_named(member.raw)
    return (named.nick or named.user.global_name or named.user.username).casefold()


def encode_group(group: str, count: int) -> bytes:
    """Return the item of a group's header as JSON."""
    return b'{"group":{"id":"%b","count":%d}}' % (group.encode(), count)


def encode_member(guild_id: int, member: MemberState, presence: msgspec.Raw | None) -> bytes:
    """Return the item of a member as JSON. `presence` is None when it is offline."""
    shown = b'{"user":{"id":"%d"},"status":"offline","activities":[],"client_status":{}}' % member.user_id
    named = bytes(name_member(member.raw, member.user_id, guild_id))
    return b'{"member":%b,"presence":%b}}' % (named[:-1], shown if presence is None else bytes(presence))


def encode_update(guild_id: int, list_id: str, head: ListHead, operations: list[msgspec.Raw]) -> DispatchBody:
    """Make GUILD_MEMBER_LIST_UPDATE."""
    update = MemberListUpdate(
        guild_id=str(guild_id),
        id=list_id,
        member_count=head.member_count,
        online_count=head.online_count,
        groups=[MemberListGroup(group, count) for group, count in head.groups],
        ops=operations,
    )
    return DispatchBody(GUILD_MEMBER_LIST_UPDATE, _encode(update))
