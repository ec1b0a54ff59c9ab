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


def test_encode_without_upgrade_keeps_everything_else() -> None:
    headers = [HOST, (b"connection", b"Upgrade, HTTP2-Settings"), (b"upgrade", b"h2c"), (b"x", b"")]
    head = encode_without_upgrade(b"POST", b"/a?b", "1.1", headers)
    assert head == b"POST /a?b HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\nx: \r\n\r\n"
