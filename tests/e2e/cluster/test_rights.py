"""What was revoked by an answer of one API process holds for the next request to the other, and for the next event.

The revocations take turns, in several guilds at once, and the two processes exchange their parts with every round.
"""

import asyncio
import contextlib
import itertools
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
import pytest

from tests.e2e.cluster.pairs import Pair
from tests.support.clusters.cluster import Cluster
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person, text_channel

REVOCATIONS: Final = int(os.environ.get("REVOCATIONS", "300"))
STAGES: Final = 6
_VIEW: Final = str(1 << 10)
_SEND: Final = str(1 << 11)
_GONE: Final = (403, 404)

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300 + REVOCATIONS)]


class Stage(msgspec.Struct):
    """A guild with its owner and a member, the channel that the rounds are about, and one that all always see."""

    owner: Pair
    member: Pair
    guild_id: str
    open_id: str
    channel_id: str
    role_id: str
    code: str

    def swapped(self) -> "Stage":
        return msgspec.structs.replace(self, owner=self.owner.swapped(), member=self.member.swapped())

    async def overwrite(self, overwrite_id: str, allow: str, deny: str) -> None:
        path = f"/channels/{self.channel_id}/permissions/{overwrite_id}"
        await self.owner.first.call("PUT", path, {"type": 0, "allow": allow, "deny": deny})

    async def expect_hidden(self) -> None:
        """The member is refused at the other process, and what is sent there now is a secret to it."""
        path = f"/channels/{self.channel_id}/messages"
        assert await self.member.status("GET", path) in _GONE
        assert await self.member.status("POST", path, {"content": "refused"}) in _GONE
        await self.owner.second.send(self.channel_id, "secret")

    async def expect_shown(self) -> None:
        assert await self.member.status("GET", f"/channels/{self.channel_id}/messages?limit=1") == 200


async def set_stage(cluster: Cluster, stack: contextlib.AsyncExitStack) -> Stage:
    owner, member = [await stack.enter_async_context(await Pair.register(cluster)) for _ in range(2)]
    guild = await owner.first.make_guild()
    open_id = text_channel(guild)
    made = await owner.first.call("POST", f"/guilds/{guild['id']}/channels", {"name": "rounds", "type": 0})
    role = await owner.first.call("POST", f"/guilds/{guild['id']}/roles", {"name": "seers", "permissions": "0"})
    code = (await owner.first.call("POST", f"/channels/{open_id}/invites", {"max_age": 0, "max_uses": 0}))["code"]
    await member.first.call("POST", f"/invites/{code}")
    return Stage(owner, member, guild["id"], open_id, made["id"], role["id"], code)


async def revoke_view(stage: Stage) -> None:
    await stage.overwrite(stage.guild_id, "0", _VIEW)
    await stage.expect_hidden()
    await stage.overwrite(stage.guild_id, _VIEW, "0")
    await stage.expect_shown()


async def revoke_send(stage: Stage) -> None:
    path = f"/channels/{stage.channel_id}/messages"
    await stage.overwrite(stage.guild_id, "0", _SEND)
    assert await stage.member.status("POST", path, {"content": "refused"}) == 403
    await stage.overwrite(stage.guild_id, _SEND, "0")
    assert await stage.member.status("POST", path, {"content": "allowed"}) == 200


async def remove_role(stage: Stage) -> None:
    holding = f"/guilds/{stage.guild_id}/members/{stage.member.id}/roles/{stage.role_id}"
    await stage.owner.first.call("PUT", holding)
    await stage.overwrite(stage.role_id, _VIEW, "0")
    await stage.overwrite(stage.guild_id, "0", _VIEW)
    await stage.expect_shown()
    await stage.owner.first.call("DELETE", holding)
    await stage.expect_hidden()
    await stage.overwrite(stage.guild_id, "0", "0")


async def kick(stage: Stage) -> None:
    await stage.owner.first.call("DELETE", f"/guilds/{stage.guild_id}/members/{stage.member.id}")
    await stage.expect_hidden()
    assert await stage.member.status("GET", f"/guilds/{stage.guild_id}") in _GONE
    await stage.member.first.call("POST", f"/invites/{stage.code}")
    await stage.expect_shown()


async def delete_channel(stage: Stage) -> None:
    path = f"/guilds/{stage.guild_id}/channels"
    channel = await stage.owner.first.call("POST", path, {"name": "short", "type": 0})
    messages = f"/channels/{channel['id']}/messages"
    assert await stage.member.status("POST", messages, {"content": "first"}) == 200
    await stage.owner.first.call("DELETE", f"/channels/{channel['id']}")
    assert await stage.member.status("POST", messages, {"content": "refused"}) == 404
    assert await stage.member.status("GET", messages) == 404


async def log_out(stage: Stage) -> None:
    login = {"login": f"{stage.member.first.name}@example.org", "password": "correct horse battery"}
    token = (await stage.member.first.call("POST", "/auth/login", login))["token"]
    async with Person(stage.member.first.api, token) as here, Person(stage.member.second.api, token) as there:
        await there.call("GET", "/users/@me")
        await here.call("POST", "/auth/logout", {})
        assert (await there.request("GET", "/users/@me")).status_code == 401


ROUNDS: Final[Sequence[Callable[[Stage], Awaitable[None]]]] = (
    *(revoke_view, revoke_send, remove_role, kick, delete_channel) * 3,
    log_out,  # hashing a password costs more than all of another round
)


async def play(stage: Stage, gateway: str, rounds: int, begin: int) -> list[str]:
    """Play rounds while the member listens, and return the contents that it saw."""
    async with open_gateway(gateway) as session:
        await session.identify(stage.member.token)
        beating = asyncio.create_task(beat(session))
        kinds = itertools.islice(itertools.cycle(ROUNDS), begin, begin + rounds)
        for number, kind in enumerate(kinds):
            await kind(stage if number % 2 else stage.swapped())
        await stage.owner.first.send(stage.open_id, "the end")
        await session.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "the end")
        beating.cancel()
        return session.contents()


async def beat(session: GatewayClient) -> None:
    """Keep a session alive for as long as the rounds take."""
    while True:
        await asyncio.sleep(15)
        await session.send(1, session.seq)


async def test_revoked_right_holds_at_once_for_the_other_process_and_for_events(shared_cluster: Cluster) -> None:
    async with contextlib.AsyncExitStack() as stack:
        stages = [await set_stage(shared_cluster, stack) for _ in range(STAGES)]
        rounds = -(-REVOCATIONS // STAGES)
        plays = [
            play(stage, shared_cluster.gateway, rounds, begin=number * 5 % len(ROUNDS))
            for number, stage in enumerate(stages)
        ]
        for contents in await asyncio.gather(*plays):
            assert contents.count("the end") == 1
            assert not {"secret", "refused"} & set(contents)
