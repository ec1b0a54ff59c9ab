"""Things that cannot exist here are empty lists in documented shapes, and refusals for callers without the rights."""

import json
import re
from typing import Any

import pytest

from api.routes.empty_lists import ROUTES
from core.domain.guilds.permissions import Permission
from tests.support.embedded_api import Actor, ApiUnderTest
from tests.support.guild_scene import Scene, error_code

NO_ITEMS = {"items": []}
NO_THREADS = {"threads": [], "members": [], "has_more": False}
NO_ONBOARDING = {"prompts": [], "default_channel_ids": [], "enabled": False, "mode": 0}

MEMBERS: list[tuple[str, Any]] = [
    ("/guilds/{guild}/emojis", []),
    ("/guilds/{guild}/stickers", []),
    ("/guilds/{guild}/scheduled-events", []),
    ("/guilds/{guild}/soundboard-sounds", NO_ITEMS),
    ("/guilds/{guild}/threads/active", NO_THREADS),
    ("/guilds/{guild}/onboarding", NO_ONBOARDING),
    ("/channels/{channel}/threads/archived/public", NO_THREADS),
    ("/channels/{channel}/users/@me/threads/archived/private", NO_THREADS),
]
"""The lists for everybody in the guild."""

MANAGERS: list[tuple[str, Any, int]] = [
    ("/guilds/{guild}/auto-moderation/rules", [], Permission.MANAGE_GUILD),
    ("/guilds/{guild}/templates", [], Permission.MANAGE_GUILD),
    ("/guilds/{guild}/widget", {"enabled": False, "channel_id": None}, Permission.MANAGE_GUILD),
    ("/guilds/{guild}/welcome-screen", {"description": None, "welcome_channels": []}, Permission.MANAGE_GUILD),
    ("/channels/{channel}/threads/archived/private", NO_THREADS, Permission.MANAGE_THREADS),
]
"""The lists for holders of a permission."""

APPLICATIONS: list[tuple[str, Any]] = [
    ("/applications/{application}/commands", []),
    ("/applications/{application}/emojis", NO_ITEMS),
    ("/applications/{application}/entitlements", []),
    ("/applications/{application}/role-connections/metadata", []),
    ("/applications/{application}/guilds/{guild}/commands", []),
    ("/applications/{application}/guilds/{guild}/commands/permissions", []),
]
"""The lists for an application's bot and owner."""

ANYBODY = [
    "/soundboard-default-sounds",
    "/users/@me/applications/{application}/entitlements",
]


class Ground:
    """A guild with a bot in it."""

    def __init__(self, scene: Scene, bot: Actor) -> None:
        self.scene = scene
        self.bot = bot

    def path(self, template: str) -> str:
        scene = self.scene
        return template.format(
            guild=scene.id,
            channel=scene.general,
            application=self.bot.id,
        )


@pytest.fixture
async def ground(api: ApiUnderTest) -> Ground:
    scene = await Scene.build(api)
    bot = await api.make_bot(scene.owner)
    await api.let_in(scene.owner, bot, scene.id)
    return Ground(scene, bot)


def test_every_route_is_in_a_table() -> None:
    listed = [*(path for path, _ in MEMBERS), *(path for path, *_ in MANAGERS), *(path for path, _ in APPLICATIONS)]
    paths = [path for route in ROUTES if route.method == "GET" for path in route.paths]
    found = {re.sub(r"\{([a-z]+)_\w+\}", r"{\1}", path) for path in paths}
    assert found == {*listed, *ANYBODY}


async def test_lists_are_empty_for_those_who_may_ask(ground: Ground) -> None:
    member = await ground.scene.join()
    for template, body in MEMBERS:
        answer = await member.get(ground.path(template))
        expected = {"guild_id": ground.scene.id, **body} if body is NO_ONBOARDING else body
        assert (answer.status_code, answer.json()) == (200, expected), template
    for template, body in APPLICATIONS:
        for actor in (ground.bot, ground.scene.owner):
            answer = await actor.get(ground.path(template), params={"with_localizations": "true"})
            assert (answer.status_code, answer.json()) == (200, body), template
    for template in ANYBODY:
        assert (await member.get(ground.path(template))).json() == []


async def test_lists_are_closed_to_strangers(api: ApiUnderTest, ground: Ground) -> None:
    stranger = await api.register()
    for template, *_ in [*MEMBERS, *MANAGERS]:
        expected = (403, 50001) if template.startswith("/channels") else (404, 10004)
        assert error_code(await stranger.get(ground.path(template))) == expected, template
        assert (await api.nobody.get(ground.path(template))).status_code == 401
    for template, _ in APPLICATIONS:
        assert error_code(await stranger.get(ground.path(template))) == (404, 10002), template
    assert (await api.nobody.get("/soundboard-default-sounds")).status_code == 401


async def test_lists_of_managers_need_their_permission(ground: Ground) -> None:
    scene = ground.scene
    for template, body, permission in MANAGERS:
        member = await scene.join()
        path = ground.path(template)
        expected = (404, 10069) if path.endswith("welcome-screen") else (403, 50013)
        assert error_code(await member.get(path)) == expected, template
        await scene.add_role(member, permissions=permission)
        answer = await member.get(path)
        assert (answer.status_code, answer.json()) == (200, body), template


async def test_commands_are_replaced_by_nothing_alone(api: ApiUnderTest, ground: Ground) -> None:
    command = {"name": "ping", "description": "pong"}
    for template in ("/applications/{application}/commands", "/applications/{application}/guilds/{guild}/commands"):
        path = ground.path(template)
        for nothing in ([], None):  # typed libraries send null for a list that was never made
            answer = await ground.bot.request("PUT", path, content=json.dumps(nothing))
            assert (answer.status_code, answer.json()) == (200, [])
        assert error_code(await ground.bot.put(path, [command])) == (501, 0)
        assert error_code(await ground.bot.post(path, command)) == (501, 0)
        assert error_code(await (await api.register()).put(path, [])) == (404, 10002)
        assert error_code(await ground.bot.put(path, {"name": 1})) == (400, 50035)
    other = await api.make_bot(ground.scene.owner)
    path = f"/applications/{other.id}/guilds/{ground.scene.id}/commands"
    assert error_code(await other.get(path)) == (404, 10004)


async def test_lists_of_channels_need_a_channel_that_has_them(ground: Ground) -> None:
    scene = ground.scene
    category = (await scene.add_channel(type=4))["id"]
    assert error_code(await scene.owner.get(f"/channels/{category}/threads/archived/public")) == (400, 50024)
    direct = (await scene.owner.post("/users/@me/channels", {"recipient_id": ground.bot.id})).json()["id"]
    for rest in ("webhooks", "threads/archived/public"):
        assert error_code(await scene.owner.get(f"/channels/{direct}/{rest}")) == (403, 50003)
