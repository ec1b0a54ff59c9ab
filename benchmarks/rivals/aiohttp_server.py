"""aiohttp on uvloop: a loop of `send_str` over all connections, uncompressed."""

import uvloop
from aiohttp import WSMsgType, web

from benchmarks.rivals.commands import obey


async def main() -> None:
    """Serve until stdin ends."""
    connections: list[web.WebSocketResponse] = []

    async def hold(request: web.Request) -> web.WebSocketResponse:
        connection = web.WebSocketResponse(compress=False)
        await connection.prepare(request)
        connections.append(connection)
        async for message in connection:
            if message.type is WSMsgType.ERROR:
                break
        return connection

    async def publish(text: str) -> None:
        for connection in connections:
            await connection.send_str(text)

    app = web.Application()
    app.router.add_get("/", hold)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
    await obey(publish, runner.addresses[0][1])
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(main())
