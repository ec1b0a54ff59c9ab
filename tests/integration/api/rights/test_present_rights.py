"""Rights that are revoked while a request waits in the writer's queue are neither restored nor used."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from core.domain.channels.channel import Overwrite
from core.domain.guilds.permissions import Permission
from core.store.interfaces import Transaction
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, error_code
from tests.support.stores.held_writer import HeldWriter

VIEW = int(Permission.VIEW_CHANNEL)


class Case(msgspec.Struct, frozen=True):
    """A scene with Bob, who has a strong role above another one, and Carol."""

    scene: Scene
    bob: Actor
    carol: Actor
    strong: int
    low: int

    @property
    def guild_id(self) -> int:
        return int(self.scene.id)

    @classmethod
    async def build(cls, api: ApiUnderTest, permissions: int) -> "Case":
        scene = await Scene.build(api)
        bob, carol = await scene.join(), await scene.join()
        low = await scene.add_role()
        strong = await scene.add_role(bob, permissions=permissions, position=2)
        top = await scene.add_role(bob, position=3)
        assert (await bob.get(f"{scene.path}/members/{carol.id}")).status_code == 200
        await scene.owner.get(f"{scene.path}/roles/{top}")
        return cls(scene, bob, carol, int(strong), int(low))


async def lose_the_role(tx: Transaction, case: Case) -> None:
    await tx.members.remove_role(case.guild_id, int(case.bob.id), case.strong)


async def lose_its_bits(tx: Transaction, case: Case) -> None:
    await tx.roles.update(case.strong, {"permissions": 0})


async def be_kicked(tx: Transaction, case: Case) -> None:
    await tx.members.remove(case.guild_id, int(case.bob.id))


async def hand_over_to_carol(tx: Transaction, case: Case) -> None:
    await tx.guilds.update(case.guild_id, {"owner_id": int(case.carol.id)})


async def promote_carol(tx: Transaction, case: Case) -> None:
    await tx.roles.update(case.low, {"position": 9})
    await tx.members.add_role(case.guild_id, int(case.carol.id), case.low)


async def raise_the_other_role(tx: Transaction, case: Case) -> None:
    await tx.roles.update(case.low, {"position": 9, "permissions": int(Permission.ADMINISTRATOR)})


async def close_the_channel(tx: Transaction, case: Case) -> None:
    await tx.channels.update(int(case.scene.general), {"overwrites": (Overwrite(case.guild_id, 0, 0, VIEW),)})


async def become_a_community(tx: Transaction, case: Case) -> None:
    await tx.guilds.update(case.guild_id, {"features": ("COMMUNITY",)})


ADMINISTRATOR = Permission.ADMINISTRATOR
MANAGE_ROLES = Permission.MANAGE_ROLES


@pytest.mark.parametrize(
    ("permissions", "revoke", "method", "path", "body"),
    [
        (ADMINISTRATOR, lose_the_role, "PATCH", "{guild}/members/{bob}", {"roles": ["{strong}", "{low}"]}),
        (ADMINISTRATOR, lose_its_bits, "PATCH", "{guild}/roles/{strong}", {"permissions": "8"}),
        (ADMINISTRATOR, lose_the_role, "POST", "{guild}/channels", {"name": "mine"}),
        (ADMINISTRATOR, lose_the_role, "PATCH", "{guild}", {"name": "mine"}),
        (ADMINISTRATOR, lose_the_role, "PATCH", "{guild}/channels", [{"id": "{channel}", "position": 5}]),
        (ADMINISTRATOR, lose_the_role, "DELETE", "/channels/{channel}", None),
        (ADMINISTRATOR, lose_the_role, "PUT", "/channels/{channel}/permissions/{low}", {"type": 0, "deny": "1024"}),
        (ADMINISTRATOR, lose_the_role, "PATCH", "{guild}/vanity-url", {"code": "code-{id}"}),
        (ADMINISTRATOR, be_kicked, "POST", "/channels/{channel}/invites", {"role_ids": ["{low}"], "unique": True}),
        (ADMINISTRATOR, be_kicked, "PUT", "{guild}/bans/{carol}", {}),
        (ADMINISTRATOR, lose_the_role, "POST", "/oauth2/authorize?client_id={bot}&scope=bot&permissions=8",
         {"guild_id": "{id}", "authorize": True}),
        (MANAGE_ROLES, lose_the_role, "PUT", "{guild}/members/{bob}/roles/{low}", None),
        (MANAGE_ROLES, raise_the_other_role, "PUT", "{guild}/members/{bob}/roles/{low}", None),
        (Permission.MANAGE_CHANNELS, close_the_channel, "PATCH", "/channels/{channel}", {"permission_overwrites": []}),
        (Permission.MANAGE_GUILD, become_a_community, "PATCH", "{guild}", {"features": []}),
        (Permission.KICK_MEMBERS, hand_over_to_carol, "DELETE", "{guild}/members/{carol}", None),
        (Permission.BAN_MEMBERS, hand_over_to_carol, "PUT", "{guild}/bans/{carol}", {}),
        (Permission.BAN_MEMBERS, promote_carol, "PUT", "{guild}/bans/{carol}", {}),
        (Permission.MANAGE_NICKNAMES, promote_carol, "PATCH", "{guild}/members/{carol}", {"nick": "renamed"}),
        (Permission.PIN_MESSAGES, lose_the_role, "PUT", "/channels/{channel}/messages/pins/{message}", None),
        (Permission.PIN_MESSAGES, be_kicked, "DELETE", "/channels/{channel}/messages/pins/{pinned}", None),
    ],
)  # fmt: skip
async def test_what_was_revoked_meanwhile_is_not_done(
    api: ApiUnderTest,
    permissions: int,
    revoke: Callable[[Transaction, Case], Awaitable[None]],
    method: str,
    path: str,
    body: Any,
) -> None:
    case = await Case.build(api, permissions)
    scene = case.scene
    messages = f"/channels/{scene.general}/messages"
    message, pinned = [(await scene.owner.post(messages, {"content": "x"})).json()["id"] for _ in range(2)]
    await scene.owner.put(f"{messages}/pins/{pinned}")
    names = {
        "message": message, "pinned": pinned, "guild": scene.path, "id": scene.id, "channel": scene.general, "bob": case.bob.id, "carol": case.carol.id,
        "strong": case.strong, "low": case.low, "bot": (await api.make_bot(case.bob)).id,
    }  # fmt: skip
    before = api.events()
    answer = await HeldWriter(api).answer_to(
        case.bob, method, path.format(**names), _fill(body, names), meanwhile=lambda tx: revoke(tx, case)
    )
    assert error_code(answer) in {(403, 50013), (403, 50001), (404, 10004)}, answer.text
    assert api.events() == before


def _fill(value: Any, names: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_fill(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _fill(item, names) for key, item in value.items()}
    return value.format(**names) if isinstance(value, str) else value


async def test_what_was_not_revoked_is_done_after_another_change(api: ApiUnderTest) -> None:
    case = await Case.build(api, Permission.MANAGE_CHANNELS)
    answer = await HeldWriter(api).answer_to(
        case.bob,
        "PATCH",
        f"/channels/{case.scene.general}",
        {"name": "renamed"},
        meanwhile=lambda tx: raise_the_other_role(tx, case),
    )
    assert answer.json()["name"] == "renamed"


async def test_many_changes_of_a_guild_at_once_are_all_done(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    makings = (scene.owner.post(f"{scene.path}/{what}", {"name": "new"}) for what in ("roles", "channels") * 30)
    assert {answer.status_code for answer in await asyncio.gather(*makings)} == {200, 201}


@pytest.mark.parametrize("change", [raise_the_other_role, be_kicked, lose_the_role])
async def test_invite_gives_only_roles_that_its_maker_could_give_now(
    api: ApiUnderTest, change: Callable[[Transaction, Case], Awaitable[None]]
) -> None:
    case = await Case.build(api, MANAGE_ROLES)
    body = {"role_ids": [str(case.low)], "max_age": 0, "unique": True}
    code = (await case.bob.post(f"/channels/{case.scene.general}/invites", body)).json()["code"]

    async def roles_of_next() -> list[str]:
        person = await api.register()
        assert (await person.post(f"/invites/{code}")).status_code == 200
        roles: list[str] = (await case.scene.owner.get(f"{case.scene.path}/members/{person.id}")).json()["roles"]
        return roles

    assert await roles_of_next() == [str(case.low)]
    async with api.store.write() as tx:
        await change(tx, case)
    assert await roles_of_next() == []
