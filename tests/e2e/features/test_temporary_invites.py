"""A temporary invite admits people until they go offline, unless they got a role."""

import pytest

from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_temporary_member_without_roles_leaves_when_its_last_session_ends(
    server: Server, alice: Person, bob: Person
) -> None:
    guild = await alice.make_guild()
    path = f"/channels/{text_channel(guild)}/invites"
    temporary = await alice.call("POST", path, {"temporary": True})
    role = await alice.call("POST", f"/guilds/{guild['id']}/roles", {"name": "kept"})
    async with await Person.register(server.api) as carol, await Person.register(server.api) as dave:
        for person in (bob, carol):
            await person.call("POST", f"/invites/{temporary['code']}")
        await alice.invite(text_channel(guild), dave)
        await alice.call("PUT", f"/guilds/{guild['id']}/members/{carol.id}/roles/{role['id']}")
        async with open_gateway(server.gateway) as watching:
            await watching.identify(alice.token)
            # Bob goes last: anybody else who must leave would have left before him.
            for person in (carol, dave, bob):
                async with open_gateway(server.gateway) as staying, open_gateway(server.gateway) as session:
                    await session.identify(person.token)
                    await staying.identify(person.token)
                    await session.socket.close()
                    await staying.wait_for("SESSIONS_REPLACE", lambda sessions: len(sessions) == 1)
                    members = await alice.call("GET", f"/guilds/{guild['id']}/members?limit=10")
                    assert person.id in {member["user"]["id"] for member in members}
            await watching.wait_for("GUILD_MEMBER_REMOVE", lambda removed: removed["user"]["id"] == bob.id)
            assert len(watching.bodies("GUILD_MEMBER_REMOVE")) == 1
        members = await alice.call("GET", f"/guilds/{guild['id']}/members?limit=10")
        assert {member["user"]["id"] for member in members} == {alice.id, carol.id, dave.id}
