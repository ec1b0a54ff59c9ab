"""The checks of a request's head, before the application gets the request (RFC 9110, RFC 9112).

A request for something that this server cannot do is refused, with a text that names it, and never answered as if it
had been done. The module is pure.
"""

import functools
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

Headers = Iterable[tuple[bytes, bytes]]

_KNOWN_VERSIONS: Final = frozenset({"1.0", "1.1"})
_WITH_BODY: Final = frozenset({b"POST", b"PUT", b"PATCH"})
_HOST: Final = b"host"
EXPECT: Final = b"expect"
_LENGTH: Final = b"content-length"
_TYPE: Final = b"content-type"
_TRANSFER_ENCODING: Final = b"transfer-encoding"
JUDGED: Final = frozenset({_HOST, EXPECT, _LENGTH, _TYPE, _TRANSFER_ENCODING})

_NAME: Final = rb"[\w.~!$&'()*+,;=-]*"
_match_host: Final = re.compile(
    rb"(?:" + _NAME + rb"(?:%[0-9A-Fa-f]{2}" + _NAME + rb")*|\[[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*\])(?::[0-9]*)?"
).fullmatch
"""A name or an address and perhaps a port (RFC 9112 section 3.2, RFC 3986 section 3.2.2), either of which may be empty.
The digits of an IPv6 address are not counted.
"""

_KNOWN_HOSTS: Final = 64
"""A server has few names, so the expression hardly ever runs. A client can fill 4 MiB with invented names."""


def encode_error(status: HTTPStatus, text: str) -> bytes:
    """Encode a body in the shape of the API's errors."""
    return b'{"message":"%b","code":0}' % f"{status.value}: {text}".encode()


def encode_refusal(status: HTTPStatus, text: str, *headers: tuple[str, str]) -> bytes:
    """Encode an answer in the shape of the API's errors, after which the connection closes."""
    body = encode_error(status, text)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", "content-type: application/json"]
    lines += [f"content-length: {len(body)}", "connection: close", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join((*lines, "", "")).encode("ascii") + body


MALFORMED: Final = encode_refusal(HTTPStatus.BAD_REQUEST, "This is not an HTTP request")
TOO_LARGE: Final = encode_refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large")
TOO_SLOW: Final = encode_refusal(HTTPStatus.REQUEST_TIMEOUT, "The request's body came too slowly")
TOO_MANY: Final = encode_refusal(
    HTTPStatus.TOO_MANY_REQUESTS, "Too many connections from this address", ("retry-after", "1")
)
OTHER_VERSION: Final = encode_refusal(
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "Only HTTP/1.1 and HTTP/1.0 are spoken here"
)

_CONNECT: Final = encode_refusal(HTTPStatus.NOT_IMPLEMENTED, "This server is no proxy")
_CODING: Final = encode_refusal(HTTPStatus.NOT_IMPLEMENTED, "The only transfer coding is chunked")
_OLD_CODING: Final = encode_refusal(HTTPStatus.BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding")
_HOSTS: Final = encode_refusal(HTTPStatus.BAD_REQUEST, "There must be one Host header")
_BAD_HOST: Final = encode_refusal(HTTPStatus.BAD_REQUEST, "The Host header is no host")
_EXPECTATION: Final = encode_refusal(HTTPStatus.EXPECTATION_FAILED, "The only expectation is 100-continue")
_NO_LENGTH: Final = encode_refusal(HTTPStatus.LENGTH_REQUIRED, "A body needs its Content-Length")


def find_refusal(method: bytes, version: str, headers: Headers) -> bytes | None:
    """Return the answer to a request that cannot be done as it is asked; None when it can.

    `headers` are those whose names are in `JUDGED`, in lower case; others do not matter.
    """
    if version not in _KNOWN_VERSIONS:
        return OTHER_VERSION
    if method == b"CONNECT":
        return _CONNECT
    return _judge_old(method, headers) if version == "1.0" else _judge(headers)


def _judge_old(method: bytes, headers: Headers) -> bytes | None:
    names = [name for name, _ in headers]
    if _TRANSFER_ENCODING in names:
        return _OLD_CODING
    hosts = [value for name, value in headers if name == _HOST]
    if len(hosts) > 1:  # HTTP/1.0 may have none
        return _HOSTS
    if hosts and not _is_host(hosts[0]):
        return _BAD_HOST
    # Without a length the body ends with the connection, which a client that waits for an answer does not close.
    is_body_lost = _TYPE in names and _LENGTH not in names and method in _WITH_BODY
    return _NO_LENGTH if is_body_lost else None


def _judge(headers: Headers) -> bytes | None:
    hosts = 0
    for name, value in headers:
        if name == _HOST:
            hosts += 1
            if not _is_host(value):
                return _BAD_HOST
        elif name == _TRANSFER_ENCODING and value.strip().lower() != b"chunked":
            return _CODING
        elif name == EXPECT and value.strip().lower() != b"100-continue":
            return _EXPECTATION
    return None if hosts == 1 else _HOSTS


@functools.lru_cache(_KNOWN_HOSTS)
def _is_host(value: bytes) -> bool:
    return _match_host(value) is not None


def encode_without_upgrade(method: bytes, target: bytes, version: str, headers: Headers) -> bytes:
    """Encode the head once more, without the wish for another protocol."""
    lines = [b"%b %b HTTP/%b" % (method, target, version.encode("ascii"))]
    lines += [b"%b: %b" % header for header in headers if header[0] != b"upgrade"]
    return b"\r\n".join((*lines, b"", b""))
