"""A site of the web on loopback, which answers what a test says, in whole or slowly, and keeps what it was asked."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

Handler = Callable[[asyncio.StreamWriter], Awaitable[None]]


class WebSite:
    """The site. `requests` are (path, headers in small letters), in their order."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        self.port = 0
        self._handlers: dict[str, Handler] = {}

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """Return the address of a path, by a name of this machine."""
        return f"http://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for."""
        return [path for path, _ in self.requests]

    def serve(
        self, path: str, body: bytes | str, content_type: str = "text/html", status: int = 200, **headers: str
    ) -> str:
        """Answer a path so; return its address. Names of headers have `_` for `-`."""
        data = body.encode() if isinstance(body, str) else body
        lines = {"Content-Type": content_type, "Content-Length": str(len(data))}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}

        async def answer(writer: asyncio.StreamWriter) -> None:
            writer.write(make_head(status, lines) + data)

        return self.handle(path, answer)

    def serve_gzip(self, path: str, data: bytes, content_type: str = "text/html") -> str:
        """Answer a path with compressed content."""
        return self.serve(path, gzip.compress(data), content_type, Content_Encoding="gzip")

    def redirect(self, path: str, target: str, status: int = 302) -> str:
        """Send a path elsewhere."""
        return self.serve(path, b"", status=status, Location=target)

    def handle(self, path: str, handler: Handler) -> str:
        """Answer a path by a function that writes the whole answer; the connection is closed after it."""
        self._handlers[path] = handler
        return self.url(path)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request of a connection."""
        with contextlib.closing(writer), contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = head[0].split()[1]
            pairs = (line.partition(":") for line in head[1:] if line)
            self.requests.append((path, {name.lower(): value.strip() for name, _, value in pairs}))
            handler = self._handlers.get(path)
            if handler is None:
                writer.write(make_head(404, {"Content-Length": "0"}))
            else:
                await handler(writer)
            await writer.drain()


def make_head(status: int, headers: Mapping[str, str]) -> bytes:
    """Return the head of an answer."""
    lines = [f"HTTP/1.1 {status} Some", *(f"{name}: {value}" for name, value in headers.items()), "Connection: close"]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


@contextlib.asynccontextmanager
async def open_site() -> AsyncIterator[WebSite]:
    """Run a site until the body ends."""
    site = WebSite()
    running: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(site.answer(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
