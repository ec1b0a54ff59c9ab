"""The verification level of a guild: newcomers without roles read for a while before they may write."""

from typing import Any

import pytest

from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import OpenApi
from tests.support.embedded_api import Actor
from tests.support.guild_scene import Scene, error_code

MINUTE_S = 60
NOT_VERIFIED = (403, 50009)


async def write(scene: Scene, person: Actor) -> list[Any]:
    """All that a newcomer could say something by."""
    messages = f"/channels/{scene.general}/messages"
    first = (await scene.owner.post(messages, {"content": "hello"})).json()["id"]
    await scene.owner.put(f"{messages}/{first}/reactions/%F0%9F%91%8D/@me")
    upload = {"files": [{"filename": "a.txt", "file_size": 1}]}
    return [
        await person.post(messages, {"content": "hello"}),
        await person.request("POST", messages, files={"files[0]": ("a.txt", b"x")}),
        await person.post(f"/channels/{scene.general}/attachments", upload),
        await person.put(f"{messages}/{first}/reactions/%F0%9F%91%8D/@me"),
        await person.post(f"/channels/{scene.general}/typing"),
    ]


async def is_held_back(scene: Scene, person: Actor) -> bool:
    answers = await write(scene, person)
    refused = [answer for answer in answers if answer.status_code >= 400]
    assert all(error_code(answer) == NOT_VERIFIED for answer in refused)
    assert len(refused) in (0, len(answers))
    return bool(refused)


@pytest.mark.parametrize(
    ("level", "of_account", "of_membership"), [(0, 0, 0), (1, 0, 0), (2, 5, 0), (3, 5, 10), (4, 5, 10)]
)
async def test_newcomers_write_when_they_have_been_there_for_long_enough(
    open_api: OpenApi, level: int, of_account: int, of_membership: int
) -> None:
    clock = FakeClock()
    async with open_api(clock=clock) as api:
        scene = await Scene.build(api, verification_level=level)
        person = await scene.join()
        assert (await person.get(f"/channels/{scene.general}/messages")).status_code == 200
        for minutes in range(12):
            assert await is_held_back(scene, person) == (minutes < max(of_account, of_membership))
            clock.advance(MINUTE_S)
        other = await scene.join()
        clock.advance(of_account * MINUTE_S)
        assert await is_held_back(scene, other) == (of_account < of_membership)


async def test_roles_the_flag_the_owner_and_bots_are_not_held_back(open_api: OpenApi) -> None:
    async with open_api(clock=FakeClock()) as api:
        scene = await Scene.build(api, verification_level=4)
        person, trusted, newcomer = [await scene.join() for _ in range(3)]
        await scene.add_role(person)
        flagged = await scene.owner.patch(f"{scene.path}/members/{trusted.id}", {"flags": 1 << 2})
        assert flagged.status_code == 200
        bot = await api.make_bot(scene.owner)
        await api.let_in(scene.owner, bot, scene.id, 0)
        held_back = [await is_held_back(scene, each) for each in (person, trusted, scene.owner, bot, newcomer)]
        assert held_back == [False, False, False, False, True]
