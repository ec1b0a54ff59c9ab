"""A person's client made of an unmodified discord.py-self, as a process, which does what the bot of discord.py does.

    python -m tests.e2e.libraries.discord_self_person API GATEWAY TOKEN

The library has the name of discord.py, from which it comes, so its folder goes first. It would ask the network which
browser it should look like; what it falls back to is good enough.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "discord_self" / "site"))

import discord
import yarl
from discord import utils

from tests.e2e.libraries.discord_py_bot import Bot, Orders, take
from tests.e2e.libraries.orders import obey


class PersonOrders(Orders):
    """The orders as a person's client does them: files go up ahead of their message."""

    async def attach(self, place: Any, files: list[dict[str, Any]]) -> list[Any]:
        """Upload files to the places that the server names."""
        return list(await place.upload_files(*take(files))) if files else []


async def _stay_at_home(*_: Any, **__: Any) -> Any:
    raise OSError("the client of a test asks no other server")


async def main(api: str, gateway: str, token: str) -> None:
    """Run a client until it is killed."""
    for name in ("get_api_properties", "_get_build_number", "_get_browser_version"):
        setattr(utils.Headers, name, staticmethod(_stay_at_home))  # type: ignore[attr-defined]
    discord.http.Route.BASE = f"{api}/api/v9"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    client = Bot(sync_presence=False)  # type: ignore[call-arg]
    orders = PersonOrders(client)
    async with client, asyncio.TaskGroup() as tasks:
        tasks.create_task(client.start(token))
        tasks.create_task(obey(lambda name: getattr(orders, name)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
