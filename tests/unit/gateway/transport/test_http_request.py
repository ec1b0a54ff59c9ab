"""The HTTP request before a WebSocket, and its answers."""

from http import HTTPStatus

import pytest

from gateway.transport.admission import HttpAnswer
from gateway.transport.http_request import encode_answer, encode_upgrade, parse_request

HANDSHAKE = b"GET /?v=10 HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%b\r\n"


def test_request_gives_its_target_and_headers_whatever_their_case() -> None:
    request = parse_request(HANDSHAKE % b"connection: Upgrade\r\nCONNECTION: keep-alive\r\nUpgrade: websocket\r\n")
    assert request is not None
    assert request.target == "/?v=10"
    assert list(request.values_of("Connection")) == ["Upgrade", "keep-alive"]
    assert list(request.values_of("X-None")) == []


@pytest.mark.parametrize("extra", [b"", b"Content-Length: 0\r\n", b"X: \xe9\r\n", b"Expect: 100-continue\r\n"])
def test_request_with_harmless_headers_is_taken(extra: bytes) -> None:
    assert parse_request(HANDSHAKE % extra) is not None


@pytest.mark.parametrize(
    "data",
    [
        HANDSHAKE.replace(b"GET", b"POST") % b"",
        HANDSHAKE.replace(b"1.1", b"2.0") % b"",
        HANDSHAKE % b"Content-Length: 5\r\n",
        HANDSHAKE % b"Content-Length: 0\r\nContent-Length: 5\r\n",
        HANDSHAKE % b"Transfer-Encoding: chunked\r\n",
        HANDSHAKE % b"no colon\r\n",
        HANDSHAKE % (b"X: y\r\n" * 99),
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"\r\n\r\n",
        bytes(100),
    ],
)
def test_anything_but_a_get_or_head_without_a_body_is_none(data: bytes) -> None:
    assert parse_request(data) is None


@pytest.mark.parametrize(
    ("data", "may_upgrade", "is_head"),
    [
        (HANDSHAKE % b"", True, False),
        (HANDSHAKE.replace(b"GET", b"HEAD") % b"", False, True),
        (HANDSHAKE.replace(b"1.1", b"1.0") % b"", False, False),
        (b"HEAD /health HTTP/1.0\r\n\r\n", False, True),
    ],
)
def test_only_a_get_of_today_may_be_upgraded(data: bytes, *, may_upgrade: bool, is_head: bool) -> None:
    request = parse_request(data)
    assert request is not None
    assert (request.may_upgrade, request.is_head) == (may_upgrade, is_head)


def test_upgrade_answers_the_key_of_the_rfc() -> None:
    request = parse_request(HANDSHAKE % b"")
    assert request is not None
    answer = encode_upgrade(request)
    assert answer.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert answer.endswith(b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")


def test_answer_says_its_length_and_that_the_connection_ends() -> None:
    answer = encode_answer(HttpAnswer(status=HTTPStatus.NOT_FOUND, text="é", headers={"X": "y"}))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 404 Not Found",
        b"X: y",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Length: 2",
        b"Connection: close",
    ]
    assert body == "é".encode()
