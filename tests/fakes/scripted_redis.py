"""A server that speaks Redis' protocol and answers what a test tells it to.

It knows no data. It greets a client as Redis does, and keeps every command that comes after that.
"""

import asyncio
from collections.abc import Callable, Sequence

import hiredis

from core.redis.address import RedisAddress
from deploy.services.definition import find_free_port

Command = list[bytes]

OK = b"+OK\r\n"


def bulk(data: bytes) -> bytes:
    """Encode a string as an answer."""
    return b"$%d\r\n%s\r\n" % (len(data), data)


class ScriptedRedis:
    """A server on a free port of this machine."""

    def __init__(self) -> None:
        self.run_id = "first"
        self.commands: list[Command] = []
        """The commands after the greeting, of all connections."""
        self.reads: list[int] = []
        """The number of commands in each read that brought some."""
        self.answer: Callable[[Command], bytes | None] = lambda _: OK
        """Answers a command; None answers nothing."""
        self.changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._port = find_free_port()

    @property
    def address(self) -> RedisAddress:
        """Where it listens."""
        return RedisAddress(port=self._port)

    async def start(self) -> None:
        """Listen, on the same port as before when it was stopped."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            self._server.close()
        self.drop()
        await asyncio.sleep(0)

    def drop(self) -> None:
        """Reset all connections."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def push(self, data: bytes) -> None:
        """Send something that nobody has asked for, as a publication is."""
        for writer in self._writers:
            writer.write(data)

    async def wait_commands(self, count: int) -> Sequence[Command]:
        """Wait until so many commands have come."""
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.commands) >= count)
        return self.commands

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        parser = hiredis.Reader()
        try:
            while data := await reader.read(65536):
                parser.feed(data)
                before = len(self.commands)
                while (command := parser.gets()) is not False:
                    self._take(command, writer)
                if len(self.commands) > before:
                    self.reads.append(len(self.commands) - before)
                async with self.changed:
                    self.changed.notify_all()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _take(self, command: Command, writer: asyncio.StreamWriter) -> None:
        if command[0] == b"INFO":
            writer.write(bulk(f"# Server\r\nrun_id:{self.run_id}\r\n".encode()))
        elif command[0] in (b"SCRIPT", b"AUTH", b"SELECT"):
            writer.write(OK)
        else:
            self.commands.append(command)
            answer = self.answer(command)
            if answer is not None:
                writer.write(answer)
