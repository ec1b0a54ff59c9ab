"""Member lists on the wire, as Discord's own clients read them. Discord does not document them."""

import msgspec


class MemberListGroup(msgspec.Struct):
    """A group's header. `id` is a role's, `online` or `offline`."""

    id: str
    count: int


class MemberListUpdate(msgspec.Struct):
    """GUILD_MEMBER_LIST_UPDATE."""

    guild_id: str
    id: str
    member_count: int
    online_count: int
    groups: list[MemberListGroup]
    ops: list[msgspec.Raw]
