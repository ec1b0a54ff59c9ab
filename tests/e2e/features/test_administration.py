"""The operator administers a running server from its machine: who is suspended is out at once, on every process."""

import httpx
import pytest

from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_suspended_person_loses_every_connection_and_is_told_why_at_the_login(
    server: Server, alice: Person, bob: Person
) -> None:
    guild = await alice.make_guild()
    channel = text_channel(guild)
    async with open_gateway(server.gateway) as first, open_gateway(server.gateway) as second:
        ready = await first.identify(alice.token)
        await second.identify(alice.token)
        message = await alice.send(channel, "this stays")
        await server.administer("users", "suspend", alice.name, "--reason", "spam")
        assert await first.wait_closed() == 4004
        assert await second.wait_closed() == 4004
        seq = first.seq
    async with open_gateway(server.gateway) as again:
        await again.resume(alice.token, ready["session_id"], seq)
        assert (await again.wait_for_op(9))["d"] is False
    async with open_gateway(server.gateway) as anew:
        await anew.send(2, {"token": alice.token, "properties": {}})
        assert await anew.wait_closed() == 4004
    credentials = {"login": f"{alice.name}@example.org", "password": "correct horse battery"}
    for _ in range(2):  # at both API processes of a cluster
        assert (await alice.request("GET", "/users/@me")).status_code == httpx.codes.UNAUTHORIZED
        refused = await bob.request("POST", "/auth/login", credentials)
        assert refused.json()["errors"]["login"]["_errors"][0]["code"] == "ACCOUNT_DISABLED"

    await server.administer("users", "unsuspend", alice.name)
    alice.token = (await bob.call("POST", "/auth/login", credentials))["token"]
    assert (await alice.call("GET", f"/channels/{channel}/messages/{message['id']}"))["content"] == "this stays"
    log = await server.administer("log", "--target", alice.id)
    assert [(entry["action"], entry["by"], entry["reason"]) for entry in log] == [
        ("user.unsuspend", None, None),
        ("user.suspend", None, "spam"),
    ]


async def test_first_member_of_staff_is_made_by_command_and_administers_over_rest(
    server: Server, alice: Person, bob: Person
) -> None:
    await server.administer("staff", "set", alice.id, "moderator")
    token = (await server.administer("staff", "create-token", alice.name, "--max-age", "600"))["token"]
    async with httpx.AsyncClient(
        timeout=60, base_url=f"{server.api}/admin", headers={"Authorization": f"Staff {token}"}
    ) as staff:
        assert (await staff.put(f"/users/{bob.id}/suspension")).status_code == httpx.codes.NO_CONTENT
        assert (await bob.request("GET", "/users/@me")).status_code == httpx.codes.UNAUTHORIZED
        assert (await staff.delete(f"/users/{bob.id}")).status_code == httpx.codes.FORBIDDEN
        await server.administer("staff", "remove", alice.id)
        assert (await staff.get("/users")).status_code == httpx.codes.UNAUTHORIZED


async def test_deleted_person_is_out_of_guilds_and_their_messages_stay(
    server: Server, alice: Person, bob: Person
) -> None:
    guild = await alice.make_guild()
    channel = text_channel(guild)
    invite = await alice.call("POST", f"/channels/{channel}/invites", {})
    await bob.call("POST", f"/invites/{invite['code']}", {})
    message = await bob.send(channel, "this stays")
    async with open_gateway(server.gateway) as session:
        await session.identify(alice.token)
        await server.administer("users", "delete", bob.name)
        gone = await session.wait_for("GUILD_MEMBER_REMOVE")
    assert gone["user"]["id"] == bob.id
    shown = await alice.call("GET", f"/channels/{channel}/messages/{message['id']}")
    assert (shown["content"], shown["author"]["username"]) == ("this stays", f"deleted_user_{int(bob.id):x}")
    assert (await bob.request("GET", "/users/@me")).status_code == httpx.codes.UNAUTHORIZED


async def test_announcement_reaches_who_is_connected_and_limits_that_are_set_hold_on_every_process(
    server: Server, alice: Person, bob: Person
) -> None:
    async with open_gateway(server.gateway) as socket:
        await socket.identify(alice.token)
        await server.administer("announce", "away at 8", "--user", alice.name)
        told = await socket.wait_for("MESSAGE_CREATE")
        assert (told["content"], told["author"]["system"]) == ("away at 8", True)
    report = {"version": "1.0", "variant": "1", "name": "user", "breadcrumbs": [1, 10], "user_id": bob.id}
    await server.administer("limits", "set", "reports=1", "reports_window_s=3600")
    try:
        made = await alice.call("POST", "/reporting/user", report)
        for _ in range(2):  # at both API processes of a cluster
            refused = await alice.request("POST", "/reporting/user", report)
            assert refused.status_code == httpx.codes.TOO_MANY_REQUESTS
    finally:
        await server.administer("limits", "set", "reports=default", "reports_window_s=default")
    assert (await server.administer("reports", "show", made["report_id"]))["user"] == bob.name
