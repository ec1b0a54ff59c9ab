"""`websockets` on uvloop: its `broadcast` to all connections, uncompressed."""

import asyncio

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from benchmarks.rivals.commands import obey


async def main() -> None:
    """Serve until stdin ends."""
    connections: set[ServerConnection] = set()

    async def hold(connection: ServerConnection) -> None:
        connections.add(connection)
        await connection.wait_closed()

    async def publish(text: str) -> None:
        broadcast(connections, text)

    async with serve(hold, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=4096) as server:
        serving = asyncio.create_task(server.serve_forever())
        await obey(publish, next(iter(server.sockets)).getsockname()[1])
        serving.cancel()


if __name__ == "__main__":
    uvloop.run(main())
