"""Heads that are not answered as if they had been done."""

import pytest

from core.http.head import encode_without_upgrade, find_refusal

HOST = (b"host", b"x")


@pytest.mark.parametrize(
    ("method", "version", "headers", "status"),
    [
        (b"GET", "1.1", [HOST], None),
        (b"GET", "1.0", [], None),
        (b"POST", "1.1", [HOST, (b"transfer-encoding", b"Chunked")], None),
        (b"POST", "1.1", [HOST, (b"expect", b"100-Continue ")], None),
        (b"POST", "1.1", [HOST, (b"content-type", b"application/json")], None),
        (b"GET", "2.0", [HOST], 505),
        (b"GET", "0.9", [], 505),
        (b"CONNECT", "1.1", [HOST], 501),
        (b"GET", "1.1", [], 400),
        (b"GET", "1.1", [HOST, HOST], 400),
        (b"POST", "1.1", [HOST, (b"expect", b"200-ok")], 417),
        (b"POST", "1.0", [HOST, (b"expect", b"200-ok")], None),
        (b"POST", "1.1", [HOST, (b"transfer-encoding", b"gzip, chunked")], 501),
        (b"POST", "1.1", [HOST, (b"transfer-encoding", b"gzip"), (b"transfer-encoding", b"chunked")], 501),
        (b"POST", "1.0", [(b"transfer-encoding", b"chunked")], 400),
        (b"POST", "1.0", [(b"content-type", b"application/json")], 411),
        (b"POST", "1.0", [(b"content-type", b"application/json"), (b"content-length", b"0")], None),
        (b"PUT", "1.0", [], None),
        (b"GET", "1.0", [HOST, HOST], 400),
    ],
)
def test_find_refusal_names_what_cannot_be_done(
    method: bytes, version: str, headers: list[tuple[bytes, bytes]], status: int | None
) -> None:
    refusal = find_refusal(method, version, headers)
    assert (refusal and int(refusal.split()[1])) == status
    assert refusal is None or b"\r\nconnection: close\r\n" in refusal


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize(
    "host",
    [
        b"chat.example.com",
        b"chat.example.com:8080",
        b"chat.example.com.",
        b"localhost:",
        b"xn--bcher-kva.example",
        b"my_guild-1.internal:80",
        b"caf%C3%A9.example",
        b"127.0.0.1:8080",
        b"[::1]",
        b"[2001:db8::1]:443",
        b"[::ffff:127.0.0.1]",
        b"",
        b":80",
    ],
)
def test_find_refusal_takes_any_host(host: bytes, version: str) -> None:
    assert find_refusal(b"GET", version, [(b"host", host)]) is None


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize(
    "host",
    [
        b"a b",
        b"a\tb",
        b"a\x0b",
        b"a\x7f",
        b"a\n",
        b"b\xc3\xbccher.example",
        b"http://a",
        b"a/b",
        b"a?b",
        b"a#b",
        b"a\\b",
        b"user@a",
        b"a<b>",
        b'"a"',
        b"a:80:81",
        b"a::80",
        b"a:http",
        b"a:-1",
        b"a:80 ",
        b"::1",
        b"[::1",
        b"::1]",
        b"[::1]80",
        b"[::1%eth0]",
        b"[127.0.0.1]",
        b"[a]",
        b"[]",
        b"a%",
        b"a%2",
        b"a%gg",
    ],
)
def test_find_refusal_of_a_host_that_is_none_is_400(host: bytes, version: str) -> None:
    refusal = find_refusal(b"GET", version, [(b"host", host)])
    assert refusal is not None
    assert int(refusal.split()[1]) == 400


def test_encode_without_upgrade_keeps_everything_else() -> None:
    headers = [HOST, (b"connection", b"Upgrade, HTTP2-Settings"), (b"upgrade", b"h2c"), (b"x", b"")]
    head = encode_without_upgrade(b"POST", b"/a?b", "1.1", headers)
    assert head == b"POST /a?b HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\nx: \r\n\r\n"
