"""Files as answers, over real sockets and to a stock client."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import uvloop

from core.http.files import FileAnswer, encode_disposition
from core.http.writer import ClientGoneError
from tests.support.http_streams import connect, read_answer

SIZE = 3 * 1024 * 1024 + 17
CONTENT = random.Random(1).randbytes(SIZE)
ANSWER = FileAnswer(
    content_type="image/png", etag="a", modified_s=784_111_777, headers=((b"cache-control", b"no-cache"),)
)

App = Callable[[Any, Any, Any], Awaitable[None]]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> asyncio.Runner:
    """Run tests of sockets on both loops: each sends files its own way, or not at all."""
    return asyncio.Runner(loop_factory=request.param)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


def count_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def serve(path: Path, answer: FileAnswer = ANSWER, *, is_copied: bool = False) -> App:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        if is_copied:
            scope = {**scope, "extensions": {}}
        await answer.send(scope, send, path)

    return app


@contextlib.asynccontextmanager
async def client_of(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with connect(app) as (_, writer):
        host, port = writer.get_extra_info("peername")
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
            yield client


@pytest.mark.parametrize("is_copied", [False, True], ids=["sendfile", "copied"])
def test_file_arrives_whole_and_the_connection_goes_on(runner: asyncio.Runner, path: Path, *, is_copied: bool) -> None:
    async def check() -> None:
        async with connect(serve(path, is_copied=is_copied)) as (reader, writer):
            for extra, status, content in (
                (b"", 200, CONTENT),
                (b"range: bytes=5-14\r\n", 206, CONTENT[5:15]),
                (b"range: bytes=%d-\r\n" % SIZE, 416, b""),
                (b'if-none-match: "a"\r\n', 304, b""),
                (b'if-match: "b"\r\n', 412, b""),
                (b"", 200, CONTENT),
            ):
                writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n" + extra + b"\r\n")
                got, headers, body = await read_answer(reader)
                assert (got, body) == (status, content)
                assert (headers["etag"], headers["cache-control"], headers["accept-ranges"]) == (
                    '"a"', "no-cache", "bytes",
                )  # fmt: skip
                assert ("content-type" in headers) is (status in (200, 206))

    with runner:
        runner.run(check())


def test_pipelined_files_come_in_order(runner: asyncio.Runner, path: Path) -> None:
    async def check() -> None:
        async with connect(serve(path)) as (reader, writer):
            for start in range(5):
                writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nrange: bytes=%d-\r\n\r\n" % start)
            for start in range(5):
                assert (await read_answer(reader))[2] == CONTENT[start:]

    with runner:
        runner.run(check())


def test_client_that_goes_half_way_ends_the_sending(runner: asyncio.Runner, path: Path) -> None:
    async def check() -> None:
        told: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            try:
                await serve(path)(scope, receive, send)
            except OSError as error:
                told.set_result(error)
                raise

        with path.open("ab") as file:
            file.truncate(200_000_000)  # more than kernels hold
        async with connect(app) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            await reader.readexactly(100_000)
            writer.transport.abort()
            assert isinstance(await asyncio.wait_for(told, 60), ClientGoneError)

    async def check_twice() -> None:
        await check()
        before = count_descriptors()
        await check()
        async with asyncio.timeout(60):
            while count_descriptors() > before:  # noqa: ASYNC110 - nothing tells when a descriptor is closed
                await asyncio.sleep(0)

    with runner:
        runner.run(check_twice())


def test_old_client_gets_the_file_and_the_end(runner: asyncio.Runner, path: Path) -> None:
    async def check() -> None:
        async with connect(serve(path)) as (reader, writer):
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            assert b"connection: close" in head
            assert body == CONTENT

    with runner:
        runner.run(check())


async def test_head_tells_the_size_and_sends_nothing(path: Path) -> None:
    async with connect(serve(path)) as (reader, writer):
        writer.write(b"HEAD / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\nrange: bytes=0-1\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"content-length: %d\r\n" % SIZE in head
        assert (await read_answer(reader))[2] == CONTENT[:2]


async def test_parts_of_files_are_chunks_where_no_length_is_told(path: Path) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"before", "more_body": True})
        with path.open("rb") as file:
            kind = "http.response.zerocopysend"
            await send({"type": kind, "file": file, "count": 10, "more_body": True})
            await send({"type": kind, "file": file, "count": 5, "more_body": True})
            await send({"type": kind, "file": file, "offset": SIZE - 3, "more_body": True})
            await send({"type": kind, "file": file, "offset": SIZE, "more_body": True})
        await send({"type": "http.response.body", "body": b"behind"})

    async with client_of(app) as client:
        for _ in range(2):
            answer = await client.get("/")
            assert answer.headers["transfer-encoding"] == "chunked"
            assert answer.content == b"before" + CONTENT[:15] + CONTENT[-3:] + b"behind"


async def test_file_that_becomes_shorter_has_no_end(path: Path) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        with path.open("rb") as file:
            await send({"type": "http.response.zerocopysend", "file": file, "count": SIZE + 1})

    async with client_of(app) as client:
        with pytest.raises(httpx.HTTPError):
            await client.get("/")


async def test_stock_clients_go_on_with_a_download(path: Path) -> None:
    async with client_of(serve(path)) as client:
        first = await client.get("/", headers={"range": "bytes=0-999999"})
        etag = first.headers["etag"]
        rest = await client.get("/", headers={"range": "bytes=1000000-", "if-range": etag})
        assert (first.status_code, rest.status_code) == (206, 206)
        assert rest.headers["content-range"] == f"bytes 1000000-{SIZE - 1}/{SIZE}"
        assert first.content + rest.content == CONTENT
        changed = await client.get("/", headers={"range": "bytes=1000000-", "if-range": '"b"'})
        assert (changed.status_code, changed.content) == (200, CONTENT)
        async with aiohttp.ClientSession(str(client.base_url)) as session:
            async with session.get("/", headers={"range": "bytes=-7"}) as answer:
                assert (answer.status, await answer.read()) == (206, CONTENT[-7:])
            async with session.get("/", headers={"if-modified-since": "Sun, 06 Nov 1994 08:49:37 GMT"}) as answer:
                assert (answer.status, await answer.read()) == (304, b"")


@pytest.mark.parametrize(
    ("filename", "is_attachment", "expected"),
    [
        (None, True, "attachment"),
        ("a b.png", False, 'inline; filename="a b.png"'),
        ('a"\r\nb.png', True, "attachment; filename=\"a___b.png\"; filename*=UTF-8''a%22%0D%0Ab.png"),
        ("größe.png", True, "attachment; filename=\"gr__e.png\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.png"),
        ("\ud800", True, "attachment; filename=\"_\"; filename*=UTF-8''%3F"),
    ],
)
def test_disposition_carries_any_name(filename: str | None, is_attachment: bool, expected: str) -> None:
    assert encode_disposition(filename, is_attachment=is_attachment).decode() == expected
