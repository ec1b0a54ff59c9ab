"""The gateway's address, as clients write it."""

import pytest

from core.wire import close_codes
from core.wire.close_codes import CloseCode
from gateway.payloads.compression import Compression
from gateway.payloads.encodings import Encoding
from gateway.transport.connection_options import parse_connection_options


@pytest.mark.parametrize(
    ("query", "encoding", "compression"),
    [
        ("v=10&encoding=json", Encoding.JSON, Compression.NONE),
        ("v=9&encoding=etf", Encoding.ETF, Compression.NONE),
        ("encoding=msgpack&v=10", Encoding.MSGPACK, Compression.NONE),
        ("v=10&encoding=json&compress=zlib-stream", Encoding.JSON, Compression.ZLIB_STREAM),
        ("compress=zstd-stream&v=10&encoding=etf", Encoding.ETF, Compression.ZSTD_STREAM),
        ("v=10&encoding=json&compress=", Encoding.JSON, Compression.NONE),
        ("v=10&encoding=json&unknown=1", Encoding.JSON, Compression.NONE),
        ("", Encoding.JSON, Compression.NONE),
    ],
)
def test_parse_known_names_are_chosen(query: str, encoding: Encoding, compression: Compression) -> None:
    options = parse_connection_options(query)
    assert options.refusal is None
    assert (options.encoding, options.compression) == (encoding, compression)


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("v=8", close_codes.INVALID_API_VERSION),
        ("v=11&encoding=json", close_codes.INVALID_API_VERSION),
        ("v=ten", close_codes.INVALID_API_VERSION),
        ("v=10&encoding=xml", close_codes.UNKNOWN_TRANSPORT),
        ("v=10&encoding=JSON", close_codes.UNKNOWN_TRANSPORT),
        ("v=10&compress=gzip", close_codes.UNKNOWN_TRANSPORT),
        ("&".join(f"a{index}=1" for index in range(100)), close_codes.UNKNOWN_TRANSPORT),
    ],
)
def test_parse_unknown_names_are_refused(query: str, refusal: CloseCode) -> None:
    assert parse_connection_options(query).refusal is refusal
