"""An empty cluster for tests of what fills one: a database and a keyspace with tables, and a data folder."""

import asyncio
import contextlib
import io
import os
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import asyncpg  # type: ignore[import-untyped]  # it has no types

from core.runtime.settings.settings import CassandraSettings
from guildway.cli import main

NUM_SHARDS = 8
"""Not the embedded server's number."""


class EmptyCluster:
    """The servers of a cluster without processes, and the commands that an operator gives."""

    def __init__(self, url: str, cassandra: CassandraSettings, folder: Path) -> None:
        self.url = url
        self.cassandra = cassandra
        self.folder = folder

    @property
    def settings(self) -> dict[str, str]:
        """The settings of commands and processes, as variables."""
        settings = {
            "GUILDWAY_POSTGRES_URL": self.url,
            "GUILDWAY_STORE_DATA_DIR": str(self.folder),
            "GUILDWAY_STORE_NUM_SHARDS": str(NUM_SHARDS),
        }
        if self.cassandra.contact_points:
            settings |= {
                "GUILDWAY_CASSANDRA_CONTACT_POINTS": ",".join(self.cassandra.contact_points),
                "GUILDWAY_CASSANDRA_PORT": str(self.cassandra.port),
                "GUILDWAY_CASSANDRA_KEYSPACE": self.cassandra.keyspace,
                "GUILDWAY_CASSANDRA_REPLICATION": "1",
            }
        return settings

    def write_settings(self, file: Path, *, redis: str) -> None:
        """Write the settings as an operator's file."""
        parts = {"store": f'data_dir = "{self.folder}"\nnum_shards = {NUM_SHARDS}', "redis": f'url = "{redis}"'}
        parts["postgres"] = f'url = "{self.url}"'
        if found := self.cassandra.contact_points:
            names = ", ".join(f'"{each}"' for each in found)
            place = f"contact_points = [{names}]\nport = {self.cassandra.port}"
            parts["cassandra"] = f'{place}\nkeyspace = "{self.cassandra.keyspace}"\nreplication = 1'
        file.write_text("".join(f"[{name}]\n{lines}\n\n" for name, lines in parts.items()))

    async def start(self, command: str, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "guildway", command, *arguments, env={**os.environ, **self.settings},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip

    async def run(self, command: str, *arguments: str) -> tuple[int | None, str]:
        """Run a command to its end; return its status and what it said."""
        process = await self.start(command, *arguments)
        output, _ = await process.communicate()
        return process.returncode, output.decode()

    async def command(self, *words: str | Path) -> str:
        """Give a command in a thread, which spares the start of a process; return what it has said."""

        def run() -> str:
            with mock.patch.dict(os.environ, self.settings), contextlib.redirect_stdout(io.StringIO()) as out:
                assert main([str(word) for word in words]) == 0, words
            return out.getvalue()

        return await asyncio.to_thread(run)

    async def take(self, folder: Path, *arguments: str) -> tuple[int | None, str]:
        return await self.run("import-embedded", "--data", str(folder), *arguments)

    async def query(self, statement: str) -> Any:
        """Run statements; return the value that one SELECT asks for."""
        connection = await asyncpg.connect(self.url)
        try:
            if statement.startswith("SELECT"):
                return await connection.fetchval(statement)
            return await connection.execute(statement)
        finally:
            await connection.close()
