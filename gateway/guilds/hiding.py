"""Members whose presence somebody does not see, because one of the two blocks the other (`gateway.users.relations`).

Almost nobody is hidden from almost everybody, so what is shared by many sessions stays shared, and a session with
somebody to hide gets a body of its own where such a member is in it. Pure.
"""

from collections.abc import Callable, Collection
from typing import Any, Final, TypeAlias

import msgspec

from gateway.payloads.dispatch_body import DispatchBody

HiddenFrom: TypeAlias = Callable[[int], Collection[int]]
"""A function from a user to those whose presence the user does not see, and who do not see the user's."""

_OFFLINE: Final[dict[str, Any]] = {"status": "offline", "activities": [], "client_status": {}}
_encode = msgspec.json.Encoder().encode


def hides_nobody(_: int) -> Collection[int]:
    """Hide nobody from anybody."""
    return ()


def hide_in_list(body: DispatchBody, hidden: Collection[int]) -> DispatchBody:
    """Return GUILD_MEMBER_LIST_UPDATE with the hidden members as if offline, the same body when none is in it.

    They keep their rows, since a row is known by its place, which all who watch the list share.
    """
    update = msgspec.json.decode(body.payload)
    ids = {str(user_id) for user_id in hidden}
    found = [member for member in _members_of(update) if member["user"]["id"] in ids]
    if not found:
        return body
    for member in found:
        member["presence"] = {"user": {"id": member["user"]["id"]}, **_OFFLINE}
    return DispatchBody(body.event, _encode(update))


def _members_of(update: dict[str, Any]) -> list[dict[str, Any]]:
    items = [item for op in update["ops"] for item in (*op.get("items", ()), *([op["item"]] if "item" in op else ()))]
    return [item["member"] for item in items if "member" in item]
