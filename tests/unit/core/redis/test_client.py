"""The client of scripts: order, one write a turn, and what a caller learns when the connection is lost."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from core.domain.errors import OutcomeUnknown, Unavailable
from core.redis.backoff import Backoff
from core.redis.client import ClientOptions, RedisClient
from core.redis.interfaces import ScriptFailed
from core.redis.scripts import Script
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_redis import OK, Command, ScriptedRedis

SCRIPTS = {"open": Script("open", b"return 1", b"a" * 40), "close": Script("close", b"return 2", b"b" * 40)}


@pytest.fixture
async def server() -> AsyncIterator[ScriptedRedis]:
    server = ScriptedRedis()
    await server.start()
    yield server
    await server.stop()


@contextlib.asynccontextmanager
async def connected(
    server: ScriptedRedis, *, failed: list[tuple[str, str]] | None = None, **options: float
) -> AsyncIterator[RedisClient]:
    """Run a client. `failed` gets the calls that it counts as failed."""
    counted = [] if failed is None else failed
    client = RedisClient(
        address=server.address,
        scripts=SCRIPTS,
        monotonic_s=FakeClock().monotonic_s,
        backoff=Backoff(lambda: 0.0),
        options=ClientOptions(**options),  # type: ignore[arg-type]
        count_error=lambda script, error: counted.append((script, error)),
    )
    task = asyncio.create_task(client.keep_connected())
    await wait_connected(server, client)
    yield client
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def wait_connected(server: ScriptedRedis, client: RedisClient) -> None:
    """Wait for the connection, however little patience calls have, make one, and have the server forget it."""
    while not client.is_connected:  # noqa: ASYNC110 - the client tells nobody
        await asyncio.sleep(0)
    answer, server.answer = server.answer, lambda _: OK
    await client.call("open", "{1}")
    server.answer = answer
    server.commands.clear()
    server.reads.clear()


async def lose(server: ScriptedRedis, client: RedisClient) -> None:
    """Stop the server, and wait until the client knows."""
    answer, server.answer = server.answer, lambda _: None
    call = client.call("open", "{1}")
    await server.wait_commands(1)
    await server.stop()
    with pytest.raises(OutcomeUnknown):
        await call
    server.answer = answer
    server.commands.clear()


def number_of(command: Command) -> bytes:
    return b":%d\r\n" % int(command[5])


async def test_call_sends_the_scripts_hash_the_tag_the_run_id_and_the_arguments(server: ScriptedRedis) -> None:
    async with connected(server) as client:
        await client.call("open", "{3}", 7, b"\x00\xff", "x")
    assert server.commands == [[b"EVALSHA", b"a" * 40, b"1", b"{3}", b"first", b"7", b"\x00\xff", b"x"]]


async def test_calls_of_one_turn_come_in_one_read_and_are_answered_in_order(server: ScriptedRedis) -> None:
    server.answer = number_of
    async with connected(server) as client:
        answers = await asyncio.gather(*(client.call("open", "{1}", number) for number in range(100)))
    assert answers == list(range(100))
    assert server.reads == [100]


async def test_publications_go_between_the_calls(server: ScriptedRedis) -> None:
    server.answer = lambda command: b":3\r\n" if command[0] == b"PUBLISH" else number_of(command)
    async with connected(server) as client:
        first = client.call("open", "{1}", 1)
        client.publish("s:1", b"typing")
        second = client.call("open", "{1}", 2)
        assert (await first, await second) == (1, 2)
    assert [command[0] for command in server.commands] == [b"EVALSHA", b"PUBLISH", b"EVALSHA"]


async def test_unknown_script_is_sent_with_its_text_once(server: ScriptedRedis) -> None:
    def answer(command: Command) -> bytes:
        return b"-NOSCRIPT No matching script.\r\n" if command[0] == b"EVALSHA" else b":5\r\n"

    server.answer = answer
    async with connected(server) as client:
        assert await client.call("close", "{1}", 1) == 5
    assert [command[:2] for command in server.commands] == [[b"EVALSHA", b"b" * 40], [b"EVAL", b"return 2"]]


@pytest.mark.parametrize("text", ["LOADING Redis is loading", "MISCONF the disk is full", "OOM no memory"])
async def test_server_that_runs_nothing_is_unavailable(server: ScriptedRedis, text: str) -> None:
    server.answer = lambda _: f"-{text}\r\n".encode()
    async with connected(server) as client:
        with pytest.raises(Unavailable) as caught:
            await client.call("open", "{1}")
    assert not isinstance(caught.value, OutcomeUnknown)


async def test_error_of_a_script_is_a_fault(server: ScriptedRedis) -> None:
    server.answer = lambda _: b"-ERR user_script:1: attempt to index a nil value\r\n"
    async with connected(server) as client:
        with pytest.raises(ScriptFailed, match="open: ERR user_script"):
            await client.call("open", "{1}")


async def test_call_under_way_when_the_connection_is_lost_has_an_unknown_outcome(server: ScriptedRedis) -> None:
    server.answer = lambda _: None
    async with connected(server) as client:
        call = client.call("open", "{1}")
        await server.wait_commands(1)
        server.drop()
        with pytest.raises(OutcomeUnknown):
            await call


async def test_call_that_was_not_sent_waits_and_is_sent_to_the_server_that_comes(server: ScriptedRedis) -> None:
    server.answer = number_of
    async with connected(server) as client:
        await lose(server, client)
        call = client.call("open", "{1}", 8)
        server.run_id = "second"
        await server.start()
        assert await call == 8
        assert client.run_id == "second"
    assert server.commands[-1][4] == b"second"


async def test_calls_fail_as_not_sent_after_some_patience_and_at_once_from_then_on(server: ScriptedRedis) -> None:
    failed: list[tuple[str, str]] = []
    async with connected(server, patience_s=0.01, failed=failed) as client:
        await lose(server, client)
        assert failed == [("open", "OutcomeUnknown")]
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                await client.call("open", "{1}")
            assert not isinstance(caught.value, OutcomeUnknown)
        assert client.call("open", "{1}").exception() is not None
        assert failed[1:] == [("open", "Unavailable")] * 3
    assert server.commands == []


async def test_more_calls_than_the_bound_are_refused_and_not_sent(server: ScriptedRedis) -> None:
    server.answer = number_of
    async with connected(server, max_calls=3) as client:
        calls = [client.call("open", "{1}", number) for number in range(4)]
        with pytest.raises(Unavailable):
            await calls[3]
        assert [await call for call in calls[:3]] == [0, 1, 2]
        assert await client.call("open", "{1}", 9) == 9


async def test_cancelled_caller_leaves_the_others_answers_in_their_places(server: ScriptedRedis) -> None:
    server.answer = number_of
    async with connected(server) as client:
        calls = [client.call("open", "{1}", number) for number in range(3)]
        calls[1].cancel()
        assert (await calls[0], await calls[2]) == (0, 2)


async def test_answered_script_is_observed_with_its_name(server: ScriptedRedis) -> None:
    seen: list[tuple[str, float]] = []
    client = RedisClient(
        address=server.address,
        scripts=SCRIPTS,
        monotonic_s=FakeClock().monotonic_s,
        backoff=Backoff(lambda: 0.0),
        observe=lambda name, seconds: seen.append((name, seconds)),
    )
    task = asyncio.create_task(client.keep_connected())
    await client.call("close", "{1}")
    task.cancel()
    assert seen == [("close", 0.0)]
    await asyncio.wait([task])


async def test_server_that_is_silent_loses_its_connection() -> None:
    server = ScriptedRedis()
    await server.start()
    clock = FakeClock()
    client = RedisClient(
        address=server.address,
        scripts=SCRIPTS,
        monotonic_s=clock.monotonic_s,
        backoff=Backoff(lambda: 0.0),
        options=ClientOptions(timeout_s=0.02),
    )
    task = asyncio.create_task(client.keep_connected())
    await wait_connected(server, client)
    server.answer = lambda _: None
    call = client.call("open", "{1}")
    clock.advance(1)
    with pytest.raises(OutcomeUnknown):
        await call
    task.cancel()
    await asyncio.wait([task])
    await server.stop()
