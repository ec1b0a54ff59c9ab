"""A guild, channel or role goes away between the check of a request's rights and its turn to write."""

import asyncio
from typing import Any

import pytest

from core.store.interfaces import Transaction
from tests.integration.api_client import Actor, ApiUnderTest
from tests.integration.guild_scene import Scene, error_code

_TURNS = 300
"""Turns of the loop after which a request waits for the writer; one that does not yet is refused all the same."""


class _Held:
    """The writer, held while a request is made."""

    def __init__(self, api: ApiUnderTest) -> None:
        self._api = api

    async def answer_to(self, sender: Actor, method: str, path: str, body: Any, *, gone: tuple[str, int]) -> Any:
        """Delete `gone` (guilds, channels or roles, and the id) in a unit of work that the request has to wait for."""
        noun, id_ = gone
        async with self._api.store.write() as tx:
            asking = asyncio.create_task(sender.request(method, path, **({} if body is None else {"json": body})))
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            await _delete(tx, noun, id_)
        return await asking


async def _delete(tx: Transaction, noun: str, id_: int) -> None:
    nouns: Any = {"guilds": tx.guilds, "channels": tx.channels, "roles": tx.roles}
    await nouns[noun].delete(id_)


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
    answer = await _Held(api).answer_to(
        scene.owner, method, path.format(**names), filled, gone=("guilds", int(scene.id))
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
    answer = await _Held(api).answer_to(scene.owner, "POST", path, {"unique": True}, gone=("channels", int(channel_id)))
    assert error_code(answer) == (404, 10003)
    assert (await scene.owner.get(f"{scene.path}/invites")).json() == []


async def test_overwrite_of_a_role_that_has_just_gone_is_not_kept(api: ApiUnderTest) -> None:
    scene = await Scene.build(api)
    role_id = await scene.add_role()
    path = f"/channels/{scene.general}/permissions/{role_id}"
    assert (await scene.owner.get(f"/channels/{scene.general}")).status_code == 200
    answer = await _Held(api).answer_to(
        scene.owner, "PUT", path, {"type": 0, "deny": "1024"}, gone=("roles", int(role_id))
    )
    assert error_code(answer) == (404, 10009)
    channel = await api.store.channels.find(int(scene.general))
    assert channel is not None
    assert channel.overwrites == ()
