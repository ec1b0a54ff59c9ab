"""The reference for sends: Litestar, uvicorn and a group commit, with nothing else to do.

POST /messages writes a row for the message and a row for the log, in one SQLite transaction with all requests that wait
(`synchronous=FULL`), and then answers. There are no tokens, permissions, limits, nonces or events.
"""

import asyncio
import contextlib
import itertools
import signal
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec
import uvicorn
import uvloop
from litestar import Litestar, Response, post
from litestar.params import JSONBody

from core.runtime.sockets import bind_socket, local_authority

_SCHEMA: Final = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
CREATE TABLE messages (id INTEGER PRIMARY KEY, content TEXT NOT NULL, nonce TEXT);
CREATE TABLE log (position INTEGER PRIMARY KEY, payload BLOB NOT NULL);
"""


class Post(msgspec.Struct):
    """The body of a request."""

    content: str
    nonce: str | None = None


class Stored(msgspec.Struct):
    """The body of an answer."""

    id: str
    content: str
    nonce: str | None


Row = tuple[int, str, str | None, bytes]


class GroupCommit:
    """A thread that writes. While it commits, the next group gathers."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._database = self._thread.submit(_open, path).result()
        self._waiting: list[tuple[Row, asyncio.Future[None]]] = []
        self._came = asyncio.Event()

    async def add(self, row: Row) -> None:
        """Add a message, and return when it is durable."""
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, committed))
        self._came.set()
        await committed

    async def run(self) -> None:
        """Write groups until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._came.wait()
            self._came.clear()
            group, self._waiting = self._waiting, []
            await loop.run_in_executor(self._thread, self._write, [row for row, _ in group])
            for _, committed in group:
                committed.set_result(None)

    def _write(self, rows: list[Row]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT INTO messages VALUES (?, ?, ?)", [row[:3] for row in rows])
        self._database.executemany("INSERT INTO log VALUES (?, ?)", [(row[0], row[3]) for row in rows])
        self._database.execute("COMMIT")


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(_SCHEMA)
    return database


async def serve(path: Path) -> None:
    """Serve until SIGTERM."""
    commits = GroupCommit(path)
    numbers = itertools.count(1)
    encode = msgspec.json.Encoder().encode

    async def send(data: JSONBody[Post]) -> Response[bytes]:
        number = next(numbers)
        body = encode(Stored(str(number), data.content, data.nonce))
        await commits.add((number, data.content, data.nonce, body))
        return Response(body, media_type="application/json")

    app = Litestar([post("/messages", status_code=200)(send)], openapi_config=None, logging_config=None)
    config = uvicorn.Config(
        app, http="httptools", loop="none", access_log=False, log_config=None, server_header=False, date_header=False
    )
    sock = bind_socket("127.0.0.1", 0)
    print(f"ready api=http://{local_authority(sock)}", flush=True)
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(commits.run())
        await uvicorn.Server(config).serve(sockets=[sock])
        writing.cancel()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(Path(sys.argv[1])))
