"""A part of a member list for somebody who does not see a member's presence."""

from typing import Any

import msgspec

from gateway.guilds.hiding import hide_in_list
from gateway.payloads.dispatch_body import DispatchBody


def item(user_id: int, status: str = "online") -> dict[str, Any]:
    user = {"id": str(user_id)}
    return {"member": {"user": user, "presence": {"user": user, "status": status, "activities": [{"name": "x"}]}}}


def shown(*ops: dict[str, Any], hidden: set[int]) -> tuple[bool, list[str]]:
    """Return whether the body is the same, and the statuses in it."""
    body = DispatchBody("GUILD_MEMBER_LIST_UPDATE", msgspec.json.encode({"ops": list(ops)}))
    own = hide_in_list(body, hidden)
    told = msgspec.json.decode(own.payload)["ops"]
    items = [each for op in told for each in op.get("items", [op.get("item", {})]) if "member" in each]
    return own is body, [each["member"]["presence"]["status"] for each in items]


def test_hidden_members_keep_their_rows_and_are_offline() -> None:
    ops = ({"op": "SYNC", "items": [{"group": {"id": "online"}}, item(1), item(2)]}, {"op": "UPDATE", "item": item(1)})
    assert shown(*ops, hidden={1}) == (False, ["offline", "online", "offline"])


def test_list_without_a_hidden_member_is_the_shared_one() -> None:
    ops = ({"op": "DELETE", "index": 3}, {"op": "INSERT", "item": item(2, "idle")}, {"op": "SYNC", "items": []})
    assert shown(*ops, hidden={1, 3}) == (True, ["idle"])
