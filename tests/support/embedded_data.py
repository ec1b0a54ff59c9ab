"""A data folder that a real embedded server has left: filled through the API with some of everything, then killed."""

import asyncio
from pathlib import Path
from typing import Any

from tests.support.person import Person, text_channel
from tests.support.server_process import Server

AVATAR = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_VIEW = str(1 << 10)
MESSAGES = 300


async def fill_folder(folder: Path) -> None:
    """Run a server in the folder, let people use it, and kill it, which leaves a write-ahead log."""
    server = await Server(folder, {"GUILDWAY_LIMITS_ENABLED": "false"}).start()
    try:
        async with (
            await Person.register(server.api) as owner,
            await Person.register(server.api) as guest,
            await Person.register(server.api) as outcast,
        ):
            await _use(owner, guest, outcast)
    finally:
        await server.kill()


async def _use(owner: Person, guest: Person, outcast: Person) -> None:
    await owner.call("PATCH", "/users/@me", {"avatar": AVATAR, "global_name": "Ägidius 🪴"})
    guild = await owner.make_guild("Gärtner 🌱")
    channel_id = text_channel(guild)
    for person in (guest, outcast):
        await owner.invite(channel_id, person)
    await owner.make_bot(guild["id"])
    await _set_rights(owner, guest, guild, channel_id)
    await _talk(owner, guest, channel_id)
    await outcast.send(channel_id, "before the ban")
    await owner.call("PUT", f"/guilds/{guild['id']}/bans/{outcast.id}", headers={"X-Audit-Log-Reason": "w%C3%BCst"})
    direct = await owner.call("POST", "/users/@me/channels", {"recipient_id": guest.id})
    await owner.send(direct["id"], "between us")
    await owner.befriend(guest)
    await owner.call("PATCH", f"/users/@me/relationships/{guest.id}", {"nickname": "Gästchen"})
    await owner.call("PUT", f"/users/@me/relationships/{outcast.id}", {"type": 2})
    await guest.call("DELETE", f"/channels/{direct['id']}")
    empty = await owner.make_guild("A guild that is gone")
    await owner.send(text_channel(empty), "its messages stay")
    await owner.call("DELETE", f"/guilds/{empty['id']}")


async def _set_rights(owner: Person, guest: Person, guild: dict[str, Any], channel_id: str) -> None:
    role = await owner.call("POST", f"/guilds/{guild['id']}/roles", {"name": "Köche", "permissions": _VIEW})
    await owner.call("PUT", f"/guilds/{guild['id']}/members/{guest.id}/roles/{role['id']}")
    await owner.call("PATCH", f"/guilds/{guild['id']}/members/{guest.id}", {"nick": "Øllebrød"})
    overwrite = {"type": 0, "allow": _VIEW, "deny": "8192"}
    await owner.call("PUT", f"/channels/{channel_id}/permissions/{role['id']}", overwrite)
    await owner.call("POST", f"/channels/{channel_id}/invites", {"max_age": 3600, "max_uses": 5})


async def _talk(owner: Person, guest: Person, channel_id: str) -> None:
    """Send messages of all kinds; edit and delete some, the newest too."""
    embed = {"title": "Soup", "fields": [{"name": "salt", "value": "too much 🧂"}]}
    first = await owner.send(channel_id, f"hello <@{guest.id}> @everyone", embeds=[embed], nonce="n-1", tts=True)
    reply = {"message_reference": {"message_id": first["id"]}}
    await guest.send(channel_id, "an answer", nonce=17, **reply)
    edited = await guest.send(channel_id, "before")
    for content in ("between", "after"):
        await guest.call("PATCH", f"/channels/{channel_id}/messages/{edited['id']}", {"content": content})
    for start in range(0, MESSAGES, 20):
        await asyncio.gather(*(owner.send(channel_id, f"{start + n} " + "x" * 200) for n in range(20)))
    await guest.call("PUT", f"/channels/{channel_id}/messages/{first['id']}/reactions/%F0%9F%A7%82/@me")
    await guest.call("POST", f"/channels/{channel_id}/messages/{edited['id']}/ack", {"flags": 1})
    await guest.call("POST", f"/channels/{channel_id}/pins/ack")
    await owner.send(channel_id, f"<@{guest.id}>")
    await guest.call("DELETE", f"/users/@me/mentions/{first['id']}")
    gone = await owner.send(channel_id, "gone")
    await owner.call("DELETE", f"/channels/{channel_id}/messages/{gone['id']}")
