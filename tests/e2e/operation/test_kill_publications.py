"""kill -9 while messages are published: each follower gets each published message once, edits and deletions too."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.e2e.conftest import GENEROUS
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

FOLLOWERS: Final = 40
MESSAGES: Final = 4
ANNOUNCEMENTS: Final = 5
IS_CROSSPOST, SOURCE_MESSAGE_DELETED = 1 << 1, 1 << 3


async def list_copies(person: Person, channel_ids: list[str]) -> list[list[dict[str, Any]]]:
    """Return the copies in each channel, the oldest first."""
    pages = await asyncio.gather(*map(person.history, channel_ids))
    return [sorted((m for m in page if m["flags"] & IS_CROSSPOST), key=lambda m: int(m["id"])) for page in pages]


@pytest.mark.timeout(600)
async def test_kill_during_publications_gives_each_follower_one_copy(tmp_path: Path) -> None:
    server = await Server(tmp_path / "data", GENEROUS).start()
    try:
        async with await Person.register(server.api) as alice:
            guild = await alice.make_guild()
            path = f"/guilds/{guild['id']}/channels"
            news = (await alice.call("POST", path, {"name": "news", "type": ANNOUNCEMENTS}))["id"]
            channels = [text_channel(guild)]
            channels += [(await alice.call("POST", path, {"name": "c", "type": 0}))["id"] for _ in range(FOLLOWERS - 1)]
            for channel_id in channels:
                await alice.call("POST", f"/channels/{news}/followers", {"webhook_channel_id": channel_id})
            ids = [(await alice.send(news, str(number)))["id"] for number in range(MESSAGES)]
            for message_id in ids[:2]:
                await publish(alice, news, message_id)
            await wait_copies(alice, channels[:1], lambda copies: len(copies) == 2)
            await asyncio.gather(
                alice.call("PATCH", f"/channels/{news}/messages/{ids[0]}", {"content": "edited"}),
                alice.request("DELETE", f"/channels/{news}/messages/{ids[1]}"),
                *(publish(alice, news, message_id) for message_id in ids[2:]),
            )
            # All was answered, and most of the copies are still to be made, changed and emptied.
            await server.kill()
            await server.start()
            found = await wait_copies(alice, channels, is_settled)
            for copies in found:
                sources = sorted(each["message_reference"]["message_id"] for each in copies)
                # Where the deleted message had not come yet, it never does.
                assert sources in (ids, [each for each in ids if each != ids[1]])
    finally:
        await server.stop()


async def publish(person: Person, channel_id: str, message_id: str) -> None:
    await person.call("POST", f"/channels/{channel_id}/messages/{message_id}/crosspost")


def is_settled(copies: list[dict[str, Any]]) -> bool:
    """Tell whether there is all that was answered, in the state of its message."""
    texts = sorted(each["content"] for each in copies if not each["flags"] & SOURCE_MESSAGE_DELETED)
    return texts == ["2", "3", "edited"]


async def wait_copies(person: Person, channel_ids: list[str], holds: Any) -> list[list[dict[str, Any]]]:
    """Wait until something holds for the copies in all channels, and return them."""
    while True:
        with contextlib.suppress(httpx.HTTPError):
            found = await list_copies(person, channel_ids)
            if all(map(holds, found)):
                return found
        await asyncio.sleep(0.2)
