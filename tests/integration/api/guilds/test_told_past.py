"""Whatever changes who views what says what it has replaced: by that the guild can be taken back to how it was."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.domain.guilds.permissions import Permission
from core.wire.before import MAX_HOLDERS
from core.wire.envelope import decode_envelope, encode_envelope
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.past_state import UntoldPastError, rewind
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene

VIEW = str(int(Permission.VIEW_CHANNEL))


class Place:
    """A guild with a category, a channel in it that has its overwrites, a role, and a member who holds it."""

    def __init__(self, scene: Scene, member: Actor) -> None:
        self.scene = scene
        self.owner = scene.owner
        self.member = member
        self.path = f"{scene.path}/members/{member.id}"

    @classmethod
    async def build(cls, api: ApiUnderTest) -> "Place":
        """Make it."""
        scene = await Scene.build(api)
        place = cls(scene, await scene.join())
        place.role = await scene.add_role(place.member, permissions=int(VIEW))
        place.other = await scene.add_role()
        hidden = [{"id": place.role, "type": 0, "deny": VIEW}]
        place.category = (await scene.add_channel("Category", type=4, permission_overwrites=hidden))["id"]
        place.child = (await scene.add_channel("child", parent_id=place.category))["id"]
        return place

    role: str
    other: str
    category: str
    child: str

    async def load(self) -> GuildState:
        """Load the guild as it is now."""
        store, guild_id = self.scene.api.store, int(self.scene.id)
        snapshot = await store.guilds.load_snapshot(guild_id)
        assert snapshot is not None
        return GuildState(snapshot, members=(await store.members.list_all([guild_id]))[guild_id])

    async def do(self, method: str, path: str, json: Any = None) -> None:
        """Let the owner change something."""
        answer = await self.owner.request(method, path, **({} if json is None else {"json": json}))
        assert answer.status_code in {200, 201, 204}, answer.text


def describe(state: GuildState, user_id: int) -> Any:
    """Return all that views and rights of a member depend on."""
    member = state.members.find(user_id)
    assert member is not None
    channels = {
        channel.id: (channel.is_vocal, {(item.id, item.type, item.allow, item.deny) for item in channel.overwrites})
        for channel in state.channels.values()
    }
    roles = {role.id: role.permissions for role in state.roles.values()}
    return state.owner_id, roles, channels, member.role_ids, member.timeout_until_ms


def tomorrow() -> str:
    """Return a time at which a timeout may end."""
    return (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()


Change = Callable[[Place], Awaitable[Any]]
CHANGES: dict[str, Change] = {
    "a role is made": lambda at: at.scene.add_role(),
    "a role changes": lambda at: at.do("PATCH", f"{at.scene.path}/roles/{at.role}", {"permissions": "0"}),
    "roles are moved": lambda at: at.do("PATCH", f"{at.scene.path}/roles", [{"id": at.other, "position": 2}]),
    "a role is deleted": lambda at: at.do("DELETE", f"{at.scene.path}/roles/{at.role}"),
    "a channel is made": lambda at: at.scene.add_channel(),
    "a channel changes": lambda at: at.do("PATCH", f"/channels/{at.child}", {"name": "x", "permission_overwrites": []}),
    "a category changes": lambda at: at.do("PATCH", f"/channels/{at.category}", {"permission_overwrites": []}),
    "a channel is deleted": lambda at: at.do("DELETE", f"/channels/{at.child}"),
    "a category is deleted": lambda at: at.do("DELETE", f"/channels/{at.category}"),
    "channels are moved": lambda at: at.do(
        "PATCH", f"{at.scene.path}/channels", [{"id": at.scene.general, "parent_id": at.category, "lock_permissions": 1}]
    ),
    "an overwrite is put": lambda at: at.do(
        "PUT", f"/channels/{at.category}/permissions/{at.role}", {"type": 0, "allow": VIEW}
    ),
    "a member's overwrite is put": lambda at: at.do(
        "PUT", f"/channels/{at.child}/permissions/{at.member.id}", {"type": 1, "deny": VIEW}
    ),
    "an overwrite is deleted": lambda at: at.do("DELETE", f"/channels/{at.category}/permissions/{at.role}"),
    "a role is given": lambda at: at.do("PUT", f"{at.path}/roles/{at.other}"),
    "a role is taken": lambda at: at.do("DELETE", f"{at.path}/roles/{at.role}"),
    "a member's roles change": lambda at: at.do("PATCH", at.path, {"roles": [at.other], "nick": "nick"}),
    "a member is timed out": lambda at: at.do("PATCH", at.path, {"communication_disabled_until": tomorrow()}),
    "a member renames itself": lambda at: at.member.patch(f"{at.scene.path}/members/@me", {"nick": "own"}),
    "a user changes": lambda at: at.member.patch("/users/@me", {"global_name": "Name"}),
    "the guild changes": lambda at: at.do("PATCH", at.scene.path, {"name": "Another"}),
    "the guild has a system channel no more": lambda at: at.do("DELETE", f"/channels/{at.scene.general}"),
    "the guild has another owner": lambda at: at.do("PATCH", at.scene.path, {"owner_id": at.member.id}),
    "the guild has an address": lambda at: at.do("PATCH", f"{at.scene.path}/vanity-url", {"code": "gardeners"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
async def test_change_can_be_undone_by_its_events(api: ApiUnderTest, name: str) -> None:
    place = await Place.build(api)
    user_id, before = int(place.member.id), await place.load()
    first = len(api.deliveries)

    await CHANGES["roles are moved"](place)
    await CHANGES[name](place)

    told = [each.envelope for each in api.deliveries[first:] if each.envelope.guild_id == int(place.scene.id)]
    stored = [decode_envelope(encode_envelope(envelope)) for envelope in told]
    past = rewind(await place.load(), stored, user_id)
    assert describe(past, user_id) == describe(before, user_id)


async def test_role_of_too_many_cannot_be_brought_back(api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    place = await Place.build(api)
    first = len(api.deliveries)
    for module in ("core.wire.before", "api.services.roles.role_deletion"):
        monkeypatch.setattr(f"{module}.MAX_HOLDERS", 0)

    await CHANGES["a role is deleted"](place)

    assert MAX_HOLDERS
    with pytest.raises(UntoldPastError):
        rewind(await place.load(), [each.envelope for each in api.deliveries[first:]], int(place.member.id))
