"""Fetches from a server on loopback that is hostile: where it sends to, how long it takes, and how much it gives."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Sequence

import pytest

from core.web.address_rules import AddressRules
from core.web.connections import Lookup
from core.web.errors import (
    FailedFetch,
    LargeContent,
    LateFetch,
    RefusedTarget,
    TooManyRedirects,
    WebError,
    WrongContent,
)
from core.web.fetcher import WebFetcher
from core.web.lookup import find_addresses
from core.web.pages import read_head
from tests.support.web_site import WebSite, make_head, open_site

LOOPBACK = ("127.0.0.1/32",)
PUBLIC = "93.184.216.34"


@pytest.fixture
async def site() -> AsyncIterator[WebSite]:
    """A site."""
    async with open_site() as opened:
        yield opened


class Fetch:
    """Fetches as the product does, from where a test allows."""

    def __init__(
        self, site: WebSite, *, allowed: Sequence[str] = LOOPBACK, lookup: Lookup = find_addresses, timeout_s: float = 5
    ) -> None:
        rules = AddressRules(allowed_networks=allowed, ports=(80, 443, site.port))
        self.fetcher = WebFetcher(rules=rules, lookup=lookup, timeout_s=timeout_s)

    async def read(self, url: str, max_bytes: int = 100_000) -> bytes:
        """Return the content."""
        try:
            async with self.fetcher.open(url, accept="*/*", max_bytes=max_bytes) as content:
                return b"".join([piece async for piece in content.pieces])
        finally:
            await self.fetcher.close()

    async def fail(self, url: str, error: type[WebError], max_bytes: int = 100_000) -> str:
        """Fetch what fails so, and return why."""
        with pytest.raises(WebError) as failure:
            await self.read(url, max_bytes)
        assert type(failure.value) is error, failure.value
        return str(failure.value)


async def test_content_is_read_with_its_type_and_charset(site: WebSite) -> None:
    url = site.serve("/page", "<title>x", "Text/HTML; charset=ISO-8859-1")
    fetch = Fetch(site)
    async with fetch.fetcher.open(f"{url}#part", accept="text/html", max_bytes=100) as content:
        assert (content.content_type, content.charset, content.size_bytes) == ("text/html", "ISO-8859-1", 8)
        assert b"".join([piece async for piece in content.pieces]) == b"<title>x"
        assert str(content.url) == url
    await fetch.fetcher.close()


async def test_request_tells_nothing_of_this_server(site: WebSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    site.serve("/one", "x", Set_Cookie="a=b; Path=/")
    fetch = Fetch(site)
    for _ in range(2):
        async with fetch.fetcher.open(site.url("/one"), accept="*/*", max_bytes=100):
            pass
    await fetch.fetcher.close()
    assert [sorted(headers) for _, headers in site.requests] == [
        ["accept", "accept-encoding", "connection", "host", "user-agent"]
    ] * 2


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.0.0.1", "127.1", "[::ffff:127.0.0.1]", "0"]
)
async def test_this_machine_is_not_reached_by_any_of_its_names(site: WebSite, host: str) -> None:
    site.serve("/", "secret")
    fetch = Fetch(site, allowed=())
    with pytest.raises((RefusedTarget, FailedFetch)):
        await fetch.read(site.url("/", host=host))
    assert site.requests == []


async def test_refusal_is_told_from_a_failure(site: WebSite) -> None:
    site.serve("/", "secret")
    await Fetch(site, allowed=()).fail(site.url("/"), RefusedTarget)
    await Fetch(site, allowed=()).fail(site.url("/", host="localhost"), RefusedTarget)
    await Fetch(site).fail(site.url("/none"), FailedFetch)
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    site.port = port
    await Fetch(site).fail(site.url("/"), FailedFetch)


@pytest.mark.parametrize("target", ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/"])
async def test_redirect_to_a_private_address_is_refused(site: WebSite, target: str) -> None:
    await Fetch(site).fail(site.redirect("/away", target), RefusedTarget)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://127.0.0.1:1/", "http://u:p@127.0.0.1/"]
)
async def test_redirect_to_another_scheme_port_or_user_is_refused(site: WebSite, target: str) -> None:
    await Fetch(site).fail(site.redirect("/away", target), RefusedTarget)


async def test_redirect_is_looked_up_anew(site: WebSite) -> None:
    asked = []

    async def lookup(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if host == "good.test" else ["10.1.2.3"]

    site.redirect("/away", f"http://bad.test:{site.port}/secret")
    await Fetch(site, lookup=lookup).fail(site.url("/away", host="good.test"), RefusedTarget)
    assert asked == ["good.test", "bad.test"]
    assert site.paths == ["/away"]


async def test_few_redirects_are_followed(site: WebSite) -> None:
    site.serve("/0", "here")
    for number in range(1, 6):
        site.redirect(f"/{number}", f"/{number - 1}", status=(301, 302, 303, 307, 308)[number - 1])
    assert await Fetch(site).read(site.url("/4")) == b"here"
    await Fetch(site).fail(site.url("/5"), TooManyRedirects)
    site.redirect("/round", "/round")
    await Fetch(site).fail(site.url("/round"), TooManyRedirects)


async def test_name_with_a_private_address_beside_a_public_one_is_refused(site: WebSite) -> None:
    async def lookup(host: str, port: int) -> list[str]:
        return [PUBLIC, "127.0.0.1"]

    await Fetch(site, allowed=(), lookup=lookup).fail(site.url("/", host="both.test"), RefusedTarget)


async def test_name_that_changes_its_address_is_connected_to_where_it_was_checked(
    site: WebSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server answers the check with a public address, and whoever asks afterwards with this machine."""
    answers = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
    connected = []

    async def lookup(host: str, port: int) -> list[str]:
        return next(answers)

    async def note(_loop: object, _sock: socket.socket, address: tuple[str, int]) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(type(asyncio.get_running_loop()), "sock_connect", note)
    await Fetch(site, allowed=(), lookup=lookup).fail(site.url("/", host="turning.test"), FailedFetch)
    assert set(connected) == {PUBLIC}
    await Fetch(site, allowed=(), lookup=lookup).fail(site.url("/", host="turning.test"), RefusedTarget)
    assert set(connected) == {PUBLIC}


async def test_connection_is_checked_whatever_the_lookup_let_pass(
    site: WebSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last check stands alone: with a resolver that checks nothing, nothing is connected to either."""
    monkeypatch.setattr("core.web.connections.GuardedResolver.resolve", _resolve_to_loopback)
    site.serve("/", "secret")
    await Fetch(site, allowed=()).fail(site.url("/", host="any.test"), RefusedTarget)
    assert site.requests == []


async def _resolve_to_loopback(_self: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
    return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]


async def test_name_without_an_address_cannot_be_fetched(site: WebSite) -> None:
    async def lookup(host: str, port: int) -> list[str]:
        return []

    await Fetch(site, lookup=lookup).fail(site.url("/", host="nothing.test"), FailedFetch)


async def test_server_that_does_not_answer_is_left(site: WebSite) -> None:
    async def wait(_writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    await Fetch(site, timeout_s=0.2).fail(site.handle("/slow", wait), LateFetch)


async def test_server_that_stops_in_the_middle_is_left(site: WebSite) -> None:
    async def begin(writer: asyncio.StreamWriter) -> None:
        writer.write(make_head(200, {"Content-Length": "1000"}) + b"some")
        await writer.drain()
        await asyncio.Event().wait()

    await Fetch(site, timeout_s=0.2).fail(site.handle("/slow", begin), LateFetch)


async def test_answer_that_breaks_off_fails(site: WebSite) -> None:
    async def begin(writer: asyncio.StreamWriter) -> None:
        writer.write(make_head(200, {"Content-Length": "1000"}) + b"some")

    await Fetch(site).fail(site.handle("/short", begin), FailedFetch)


@pytest.mark.parametrize("head", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", b""])
async def test_answer_that_is_none_fails(site: WebSite, head: bytes) -> None:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(head)

    await Fetch(site).fail(site.handle("/odd", answer), FailedFetch)


async def test_content_that_is_announced_too_large_is_not_read(site: WebSite) -> None:
    async def begin(writer: asyncio.StreamWriter) -> None:
        writer.write(make_head(200, {"Content-Length": str(1 << 40)}))
        await writer.drain()

    await Fetch(site).fail(site.handle("/huge", begin), LargeContent)


async def test_content_without_an_end_is_left_at_the_bound(site: WebSite) -> None:
    sent = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(make_head(200, {"Content-Type": "text/html"}))
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    await Fetch(site).fail(site.handle("/endless", flood), LargeContent, max_bytes=1_000_000)
    assert sent < 50_000_000  # what the kernel's buffers take


async def test_gzip_bomb_is_left_at_the_bound(site: WebSite) -> None:
    url = site.serve("/bomb", gzip.compress(bytes(200_000_000)), Content_Encoding="gzip")
    await Fetch(site).fail(url, LargeContent, max_bytes=1_000_000)


async def test_encoded_content_is_decoded(site: WebSite) -> None:
    assert await Fetch(site).read(site.serve_gzip("/page", b"<title>x" * 1000)) == b"<title>x" * 1000


async def test_encoding_that_was_not_asked_for_is_refused(site: WebSite) -> None:
    await Fetch(site).fail(site.serve("/br", b"xyz", Content_Encoding="br"), WrongContent)


async def test_head_of_a_page_is_read_and_its_rest_left(site: WebSite) -> None:
    async def flood(writer: asyncio.StreamWriter) -> None:
        writer.write(make_head(200, {"Content-Type": "text/html"}) + b"<title>x</title></head>")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    url = site.handle("/endless", flood)
    fetch = Fetch(site)
    async with fetch.fetcher.open(url, accept="*/*", max_bytes=1 << 30) as content:
        assert (await read_head(content.pieces, 1_000_000)).startswith(b"<title>x</title></head")
    await fetch.fetcher.close()
