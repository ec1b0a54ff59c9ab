"""People of a running server in voice: a session at the gateway, and a client at the media node."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from core.voice.interfaces import VoiceServer
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server
from tests.support.voice.client import VoiceTestClient

WAIT_S = 60.0
CONNECT, SPEAK = 1 << 20, 1 << 21
GHOST = b"ghost"
"""What somebody sends who may not any more."""


@contextlib.asynccontextmanager
async def open_session(server: Server, person: Person) -> AsyncIterator[tuple[GatewayClient, str]]:
    """A session, with its id."""
    async with open_gateway(server.gateway) as client:
        ready = await client.identify(person.token)
        yield client, ready["session_id"]


def voice_channel(guild: dict[str, Any]) -> str:
    """Return the id of a guild's first voice channel."""
    return next(channel["id"] for channel in guild["channels"] if channel["type"] == 2)


async def join(
    client: GatewayClient,
    session_id: str,
    person: Person,
    guild_id: str | None,
    channel_id: str,
    *,
    kind: type[VoiceTestClient] = VoiceTestClient,
) -> VoiceTestClient:
    """Join a channel, or a call, and take the seat at the node with a client of this kind."""
    told = len(client.bodies("VOICE_SERVER_UPDATE"))
    await client.send(4, {"guild_id": guild_id, "channel_id": channel_id, "self_mute": False, "self_deaf": False})
    await client.wait_until(lambda: [d for d in client.bodies("VOICE_SERVER_UPDATE")[told:] if d["endpoint"]])
    assert client.names().index("VOICE_STATE_UPDATE") < client.names().index("VOICE_SERVER_UPDATE")
    voice = await enter(client, session_id, person, kind=kind)
    assert client.bodies("VOICE_SERVER_UPDATE")[-1]["guild_id"] == guild_id
    return voice


async def enter(
    client: GatewayClient, session_id: str, person: Person, *, kind: type[VoiceTestClient] = VoiceTestClient
) -> VoiceTestClient:
    """Take the seat at the node of which the session was told last."""
    update = client.bodies("VOICE_SERVER_UPDATE")[-1]
    host, _, port = update["endpoint"].rpartition(":")
    voice = kind(
        int(person.id), int(update["guild_id"] or update["channel_id"]), VoiceServer(update["token"], host, int(port))
    )
    voice.session_id = session_id
    await voice.join()
    return voice


async def hears(listener: VoiceTestClient, talker: VoiceTestClient, sound: bytes) -> list[bytes]:
    """Wait until one hears the other, and return what it has heard before: the first packets may come before the seat is
    known.
    """
    before: list[bytes] = []
    async with asyncio.timeout(WAIT_S):
        while True:
            talker.talk(sound)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    while (heard := (await listener.hear())[1]) != sound:
                        before.append(heard)
                    return before


class House(msgspec.Struct):
    """A guild whose voice channel is for those with a role, its owner, and whom the owner hears there."""

    owner: Person
    guild_id: str
    text_id: str
    room: str
    elsewhere: str
    role: str
    ears: VoiceTestClient
    heard: list[bytes] = []

    async def let_in(self, person: Person) -> None:
        """Bring somebody into the guild, with the role."""
        await self.owner.invite(self.text_id, person)
        await self.owner.call("PUT", f"{self.member(person)}/roles/{self.role}")

    def member(self, person: Person) -> str:
        """The path of a member."""
        return f"/guilds/{self.guild_id}/members/{person.id}"

    async def allow(self, permissions: int) -> None:
        """Give the role these permissions in the room, and no others."""
        await self.owner.call(
            "PUT", f"/channels/{self.room}/permissions/{self.role}", {"type": 0, "allow": str(permissions), "deny": "0"}
        )

    async def join(self, person: Person, client: GatewayClient, session_id: str) -> VoiceTestClient:
        """Have somebody come into the room, where the owner hears it."""
        voice = await join(client, session_id, person, self.guild_id, self.room)
        self.heard += await hears(self.ears, voice, b"hello")
        return voice

    async def check_over(self, voice: VoiceTestClient) -> None:
        """Wait until somebody is out, and have it go on sending."""
        assert await voice.wait_closed() == 4014
        voice.talk(GHOST)
        voice.udp.close()


@contextlib.asynccontextmanager
async def open_house(server: Server) -> AsyncIterator[House]:
    """The guild, with its owner in the room."""
    async with await Person.register(server.api) as owner, open_session(server, owner) as (client, session_id):
        guild = await owner.make_guild()
        role = await owner.call("POST", f"/guilds/{guild['id']}/roles", {"name": "voice"})
        overwrites = [
            {"id": guild["id"], "type": 0, "allow": "0", "deny": str(CONNECT | SPEAK)},
            {"id": role["id"], "type": 0, "allow": str(CONNECT | SPEAK), "deny": "0"},
        ]
        body: dict[str, Any] = {"name": "room", "type": 2, "permission_overwrites": overwrites}
        room = await owner.call("POST", f"/guilds/{guild['id']}/channels", body)
        ears = await join(client, session_id, owner, guild["id"], room["id"])
        yield House(owner, guild["id"], text_channel(guild), room["id"], voice_channel(guild), role["id"], ears)
        await ears.leave()
