"""Presence by each stock library: what a person does is seen, and what the bot does."""

from typing import Any

import pytest

from tests.e2e.libraries.conftest import Scene
from tests.support.gateway.gateway_client import open_gateway
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


def say(status: str, *activities: dict[str, Any]) -> dict[str, Any]:
    return {"status": status, "since": None, "activities": list(activities), "afk": False}


async def test_presences_are_seen_both_ways(scene: Scene, server: Server) -> None:
    bot, bob = scene.bot, scene.bob
    if scene.actor.person is not None:
        await scene.actor.person.befriend(bob)  # People's clients keep no members who have not spoken.
    async with open_gateway(server.gateway) as device:
        await device.identify(bob.token, intents=None, presence=say("online", {"name": "chess", "type": 0}))

        async def see(status: str, activities: list[str]) -> None:
            await bot.wait_for(
                "presence",
                lambda event: (event["user"], event["status"], event["activities"]) == (bob.id, status, activities),
            )

        await see("online", ["chess"])
        await device.send(3, say("dnd", {"name": "Custom Status", "type": 4, "state": "at sea"}))
        await see("dnd", ["at sea"])
        await bot.order("presence", status="idle", name="go")
        shown = await device.wait_for(
            "PRESENCE_UPDATE", lambda event: (event["user"]["id"], event["status"]) == (scene.bot_id, "idle")
        )
        assert [activity["name"] for activity in shown["activities"]] == ["go"]
        await device.send(3, say("invisible"))
        await see("offline", [])
        await bot.order("presence", status="online", name="go")
