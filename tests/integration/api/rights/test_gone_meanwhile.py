"""A guild, channel or role is deleted between the check of a request's rights and its unit of work."""

from typing import Any

import pytest

from tests.support.embedded_api import ApiUnderTest
from tests.support.guild_scene import Scene, error_code
from tests.support.stores.held_writer import HeldWriter


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "{guild}/roles", {"name": "x"}),
        ("PATCH", "{guild}/roles/{role}", {"name": "x"}),
        ("POST", "{guild}/channels", {"name": "x"}),
        ("PUT", "{guild}/bans/{stranger}", None),
        ("POST", "{guild}/bulk-ban", {"user_ids": ["{stranger}"]}),
        ("POST", "/channels/{channel}/invites", {"unique": True}),
        ("POST", "/oauth2/authorize?client_id={bot}&scope=bot&permissions=8", {"guild_id": "{id}", "authorize": True}),
    ],
)
async def test_write_into_a_guild_that_has_just_gone_is_not_found(
    api: ApiUnderTest, method: str, path: str, body: Any
) -> None:
    scene = await Scene.build(api)
    names = {
        "guild": scene.path, "id": scene.id, "channel": scene.general, "role": await scene.add_role(),
        "stranger": (await api.register()).id, "bot": (await api.make_bot(scene.owner)).id,
    }  # fmt: skip
    filled = {key: _fill(value, names) for key, value in body.items()} if body else None
    assert (await scene.owner.get(f"{scene.path}/channels")).status_code == 200
    answer = await HeldWriter(api).answer_to(
        scene.owner, method, path.format(**names), filled, meanwhile=lambda tx: tx.guilds.delete(int(scene.id))
    )
    assert answer.status_code == 404, answer.text
    assert answer.json()["code"] in (10003, 10004, 10011)


def _fill(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_fill(item, names) for item in value]
    return value.format(**names) if isinstance(value, str) else value


async def test_invite_to_a_channel_that_has_just_gone_is_not_found(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    channel_id = (await scene.add_channel())["id"]
    path = f"/channels/{channel_id}/invites"
    assert (await scene.owner.get(path)).status_code == 200
    answer = await HeldWriter(api).answer_to(
        scene.owner, "POST", path, {"unique": True}, meanwhile=lambda tx: tx.channels.delete(int(channel_id))
    )
    assert error_code(answer) == (404, 10003)
    assert (await scene.owner.get(f"{scene.path}/invites")).json() == []


async def test_overwrite_of_a_role_that_has_just_gone_is_not_kept(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    role_id = await scene.add_role()
    path = f"/channels/{scene.general}/permissions/{role_id}"
    assert (await scene.owner.get(f"/channels/{scene.general}")).status_code == 200
    answer = await HeldWriter(api).answer_to(
        scene.owner, "PUT", path, {"type": 0, "deny": "1024"}, meanwhile=lambda tx: tx.roles.delete(int(role_id))
    )
    assert error_code(answer) == (404, 10009)
    channel = await api.store.channels.find(int(scene.general))
    assert channel is not None
    assert channel.overwrites == ()
