"""Sessions go on over `kill -9` and over an orderly stop: none misses a message, `s` has no gap, repeats are few."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import WebSocketException

from tests.e2e.conftest import GENEROUS
from tests.e2e.operation.survivor import COMPRESSIONS, Survivor, surviving
from tests.support.chatter import chatting, check_heard
from tests.support.person import Person, text_channel
from tests.support.server_process import Server
from tests.support.written_sessions import wait_written

REPEATED_S = 10.0
"""A cut is a second old at most, and many seconds on a very busy machine. Unit tests of the journal have its times."""

CROWD = 150


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A server of the test's own."""
    server = await Server(tmp_path / "data", GENEROUS).start()
    yield server
    assert await server.stop() == 0


async def count_resumes(server: Server) -> dict[str, int]:
    """Return the counts of resumes by outcome."""
    return await read_resumes(server.metrics)


async def read_resumes(metrics: str) -> dict[str, int]:
    """Return the counts of resumes by outcome of the process with these metrics."""
    async with httpx.AsyncClient(timeout=60) as http:
        page = (await http.get(f"{metrics}/metrics")).text
    lines = [line.split() for line in page.splitlines() if line.startswith("guildway_resume_total{")]
    return {name.split('"')[1]: int(float(value)) for name, value in lines}


async def restart(server: Server, end: str = "kill") -> float:
    """End the server and start it again. Return when it ended."""
    ended_s = time.monotonic()
    await getattr(server, end)()
    await server.start()
    return ended_s


@pytest.mark.parametrize("compression", COMPRESSIONS, ids=lambda name: name or "plain")
async def test_bot_and_person_go_on_after_kills(server: Server, compression: str) -> None:
    async with await Person.register(server.api) as alice:
        guild = await alice.make_guild()
        channel_id = text_channel(guild)
        bot = await alice.make_bot(guild["id"])
        async with (
            surviving(server, alice.token, compression=compression) as person,
            surviving(server, f"Bot {bot['token']}", compression=compression) as robot,
            chatting(alice, channel_id) as chatter,
        ):
            await wait_written(server.data, lambda written: {person.session_id, robot.session_id} <= written.keys())
            killed_s = []
            for pause_s in (0.0, 0.0, 0.4):
                # The second kill comes before the new process has written a cut, or soon after.
                await asyncio.sleep(pause_s)
                killed_s.append(await restart(server))
                await asyncio.gather(person.come_back(), robot.come_back())
            await chatter.wait_for(20)
            chatter.stop()
            last = list(chatter.answered)[-1]
            for client in (person, robot):
                await client.wait_for_message(last)
                client.take()
                assert (client.resumes, client.refusals) == (3, 0)
                check_heard(client.heard, chatter, repeated_s=REPEATED_S, killed_s=killed_s)
            assert await count_resumes(server) == {"restored": 2}


async def test_orderly_restart_repeats_nothing(server: Server) -> None:
    async with await Person.register(server.api) as alice:
        channel_id = text_channel(await alice.make_guild())
        async with surviving(server, alice.token) as client, chatting(alice, channel_id) as chatter:
            await wait_written(server.data, lambda written: client.session_id in written)
            await restart(server, "stop")
            await client.come_back()
            await chatter.wait_for(20)
            chatter.stop()
            await client.wait_for_message(list(chatter.answered)[-1])
            client.take()
            assert client.resumes == 1
            check_heard(client.heard, chatter, repeated_s=-1, killed_s=[0.0])
            assert len(client.heard) == len(set(client.heard))


async def test_idle_session_resumes_after_a_kill_with_nothing_but_resumed(server: Server) -> None:
    async with await Person.register(server.api) as alice:
        await alice.make_guild()
        async with surviving(server, alice.token) as client:
            await client.connection.wait_for_guild()
            await client.wait_written()
            client.take()
            await restart(server)
            await client.come_back()
            assert client.connection.names() == ["RESUMED"]


async def test_session_that_was_detached_before_the_kill_resumes(server: Server) -> None:
    async with await Person.register(server.api) as alice:
        channel_id = text_channel(await alice.make_guild())
        async with surviving(server, alice.token) as client, chatting(alice, channel_id) as chatter:
            await wait_written(server.data, lambda written: client.session_id in written)
            client.connection.cut()
            await client.connection.wait_closed()
            await chatter.wait_for(60)
            killed_s = await restart(server)
            await client.come_back()
            chatter.stop()
            await client.wait_for_message(list(chatter.answered)[-1])
            client.take()
            assert client.resumes == 1
            # What the client had was sent before it was cut off, and is not sent again.
            check_heard(client.heard, chatter, repeated_s=10, killed_s=[killed_s])
            repeats = len(client.heard) - len(set(client.heard))
            assert repeats <= REPEATED_S / 0.03


async def test_changed_views_are_told_exactly_and_those_of_who_has_left_with_op_9(server: Server) -> None:
    async with await Person.register(server.api) as alice, await Person.register(server.api) as bob:
        guild = await alice.make_guild()
        await alice.invite(text_channel(guild), bob)
        made = await alice.call("POST", f"/guilds/{guild['id']}/channels", {"name": "short-lived", "type": 0})
        async with surviving(server, alice.token) as stays, surviving(server, bob.token) as leaves:
            await asyncio.gather(stays.wait_written(), leaves.wait_written())
            stays.take()
            await restart(server)
            await alice.call("DELETE", f"/channels/{made['id']}")
            await bob.call("DELETE", f"/users/@me/guilds/{guild['id']}")
            await asyncio.gather(stays.come_back(), leaves.come_back())
            assert [(each.resumes, each.refusals) for each in (stays, leaves)] == [(1, 0), (0, 1)]
            assert [each["id"] for each in stays.connection.bodies("CHANNEL_DELETE")] == [made["id"]]
            assert leaves.connection.bodies("READY")[0]["guilds"] == []
            assert await count_resumes(server) == {"restored": 1, "left": 1}


async def test_ended_and_revoked_sessions_do_not_come_back(server: Server) -> None:
    async with await Person.register(server.api) as alice:
        await alice.make_guild()
        async with surviving(server, alice.token) as ended:
            await ended.wait_written()
            await ended.connection.socket.close(1000)
            await wait_written(server.data, lambda written: ended.session_id not in written)
            await restart(server)
            await ended.come_back()
            assert ended.refusals == 1
            await ended.wait_written()
            await restart(server)
            await alice.call("POST", "/auth/logout", {})
            await ended.leave()
            await ended._connect()
            await ended.connection.resume(ended.token, ended.session_id, ended.seq)
            assert await ended.connection.wait_closed() == 4004


async def test_kill_during_a_storm_of_logins_leaves_no_gap(server: Server) -> None:
    async with await Person.register(server.api) as alice:
        guild = await alice.make_guild()
        channel_id = text_channel(guild)
        bots = [await alice.make_bot(guild["id"]) for _ in range(5)]
        clients = [Survivor(server, f"Bot {bots[number % 5]['token']}") for number in range(CROWD)]

        enough = asyncio.Event()

        async def log_in(client: Survivor) -> None:
            with contextlib.suppress(AssertionError, OSError, WebSocketException):
                await client.identify()
            if sum(each.is_identified for each in clients) >= CROWD // 3:
                enough.set()

        async with chatting(alice, channel_id) as chatter:
            storm = [asyncio.create_task(log_in(client)) for client in clients]
            await enough.wait()
            # Some have been READY for a cut, others have not, others are on their way.
            killed_s = await restart(server)
            await asyncio.gather(*storm)
            await asyncio.gather(*(client.come_back() for client in clients))
            await chatter.wait_for(20)
            chatter.stop()
            last = list(chatter.answered)[-1]
            for client in clients:
                await client.wait_for_message(last)
                await client.leave()
                if client.resumes:
                    check_heard(client.heard, chatter, repeated_s=REPEATED_S, killed_s=[killed_s])
        outcomes = await count_resumes(server)
        assert set(outcomes) <= {"restored", "unknown"}
        assert outcomes.get("restored", 0) == sum(client.resumes for client in clients)
