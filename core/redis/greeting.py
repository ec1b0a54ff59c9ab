"""The first commands on a connection: who we are, which server this is, and the scripts that it must know."""

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec
from hiredis import ReplyError

from core.domain.errors import Unavailable
from core.redis.address import RedisAddress
from core.redis.connection import Connection, connect, pack
from core.redis.scripts import Script


class Greeted(msgspec.Struct, frozen=True):
    """A connection that is ready, and the run id of its server."""

    connection: Connection
    run_id: str


async def greet(address: RedisAddress, scripts: Iterable[Script], *, timeout_s: float) -> Greeted:
    """Connect, log in, and load the scripts. The caller takes the connection over before it awaits anything.

    Raises:
        OSError, TimeoutError: when the server cannot be reached or does not answer.
        Unavailable: when it refuses, as it does while it loads its data.
    """
    commands = [*_log_in(address), pack(("INFO", "server"))]
    number = len(commands) - 1
    commands += [pack(("SCRIPT", "LOAD", script.source)) for script in scripts]
    async with asyncio.timeout(timeout_s):
        connection, answers = await _exchange(address, commands, timeout_s)
    refused = [answer for answer in answers if isinstance(answer, ReplyError)]
    if refused:
        connection.abort()
        raise Unavailable(f"Redis refuses: {refused[0]}")
    return Greeted(connection, _find_run_id(answers[number]))


def _log_in(address: RedisAddress) -> list[bytes]:
    commands: list[bytes] = []
    if address.password:
        commands.append(pack(("AUTH", address.user or "default", address.password)))
    if address.database:
        commands.append(pack(("SELECT", address.database)))
    return commands


async def _exchange(address: RedisAddress, commands: list[bytes], timeout_s: float) -> tuple[Connection, list[Any]]:
    answers: list[Any] = []
    done = asyncio.get_running_loop().create_future()

    def on_answer(answer: Any) -> None:
        answers.append(answer)
        if len(answers) == len(commands) and not done.done():
            done.set_result(None)

    def on_lost() -> None:
        if not done.done():
            done.set_exception(ConnectionResetError("the connection was lost"))

    connection = await connect(address, answer=on_answer, lost=on_lost, timeout_s=timeout_s)
    try:
        for command in commands:
            connection.write(command)
        await done
    except BaseException:
        connection.abort()
        raise
    return connection, answers


def _find_run_id(info: bytes) -> str:
    fields = dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)
    return fields["run_id"]
