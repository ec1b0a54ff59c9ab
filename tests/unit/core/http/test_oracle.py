"""The same bytes, however they are cut, are the same requests and the same refusals to this server and to h11.

Where both differ on purpose, the difference is in the table with its reason. What one of them refuses and the other
reads is where requests are smuggled past a proxy, so that every laxity needs a reason why it cannot be used for that.
"""

import enum
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.http.bounds import MAX_HEAD_BYTES
from tests.unit.core.http.oracle import Asked, Reading, read_as_h11_does, read_as_we_do


class Way(enum.Enum):
    """The ways in which this server differs."""

    STRICTER = "refuses what h11 reads"
    LAXER = "reads what h11 refuses"


class Difference(NamedTuple):
    way: Way
    reason: str
    pattern: bytes
    """A pattern that matches the bytes that are read differently."""


S, L = Way.STRICTER, Way.LAXER
DIFFERENCES: Final = [
    Difference(S, "two lengths are an attack or a fault: RFC 9112 section 6.3 lets a server refuse them",
               rb"(content-length|transfer-encoding).*(content-length|transfer-encoding)"),
    Difference(S, "a list of equal lengths is a fault that h11 mends and nobody needs", rb"content-length:[^\r\n]*,"),
    Difference(S, "lengths past 64 bits are nobody's", rb"[0-9a-f]{17}"),
    Difference(S, "blanks behind a chunk's size are in no grammar", rb"[0-9a-f][ \t]+\r\n"),
    Difference(S, "lines end with CR LF: where a proxy takes a bare LF for a part of a value, requests are smuggled",
               rb"(?<!\r)\n"),
    Difference(S, "a folded header is obsolete, and servers may refuse it (RFC 9112 section 5.2)", rb"\r\n[ \t]"),
    Difference(S, "controls are in no header's value (RFC 9110 section 5.5)", rb"[\x01-\x08\x0b-\x1f\x7f]"),
    Difference(S, "HTTP/1.0 has no Transfer-Encoding (RFC 9112 section 6.1 calls it a faulty message)",
               rb"http/1\.0\r\n.*transfer-encoding"),
    Difference(S, "a target is a path, an asterisk or a whole address; CONNECT is for proxies",
               rb"[a-z]+ (?![/*]|[a-z]+://[^/?# ]+/)|connect "),
    Difference(S, "an address has no second fragment", rb"#[^ \r\n]*#"),
    Difference(S, "only HTTP/1.0 and HTTP/1.1 are spoken", rb"http/(?!1\.[01]\r)"),
    Difference(S, "methods are those that httptools knows, in capitals",
               rb"(^|\n)(?-i:(?!(GET|POST|PUT|DELETE) )[^\s:]*) [^\r\n]* http/"),
    Difference(S, "an expectation that nobody meets is refused (RFC 9110 section 10.1.1)", rb"expect:"),
    Difference(S, "a Host that is no host is refused (RFC 9112 section 3.2), which h11 leaves to the application",
               rb"\nhost:[ \t]*(?![\w.~!$&'()*+,;=-]*(:\d*)?[ \t]*\r\n)"),
    Difference(L, "blanks around a target have one reading, as a target neither begins nor ends with one", rb"\S  +\S"),
    Difference(L, "zeros before a chunk's size do not change it", rb"0{17}"),
    Difference(L, "RTSP and ICE look like HTTP/1.0 to httptools and are framed alike; no proxy passes them on",
               rb"(rtsp|ice)/\d"),
]  # fmt: skip


def compare(data: bytes, cuts: Sequence[int]) -> tuple[Reading, Reading]:
    """Both readings, after it is checked that they agree or differ for a reason of the table."""
    pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True) if start != end]
    ours, theirs = read_as_we_do(pieces), read_as_h11_does(data)
    assert ours == read_as_we_do([data])
    mine, yours = [plain(each) for each in ours.whole], [plain(each) for each in theirs.whole]
    way = find_way(ours, theirs)
    if way is None:
        assert mine == yours
        return ours, theirs
    fewer, more = (mine, yours) if way is Way.STRICTER else (yours, mine)
    assert fewer == more[: len(fewer)]
    assert any(re.search(each.pattern, data, re.IGNORECASE | re.DOTALL) for each in DIFFERENCES if each.way is way), (
        f"{way}: {data!r}"
    )
    return ours, theirs


def find_way(ours: Reading, theirs: Reading) -> Way | None:
    """Return how they differ: the one that refuses sooner is the stricter one."""
    if ours.refusal and (not theirs.refusal or len(ours.whole) < len(theirs.whole)):
        return Way.STRICTER
    if theirs.refusal and (not ours.refusal or len(theirs.whole) < len(ours.whole)):
        return Way.LAXER
    return None


def plain(asked: Asked) -> Asked:
    """With what h11 leaves to others or makes the same: addresses in their parts, the wish for another protocol, which
    is not granted, and the spelling of the one coding.
    """
    target = re.sub(rb"^[a-zA-Z]+://[^/?#]*", b"", asked.target).partition(b"#")[0].removesuffix(b"?")
    wanted = [header for header in asked.headers if header[0] != b"upgrade"]
    headers = [(name, value.lower() if name == b"transfer-encoding" else value) for name, value in wanted]
    return Asked(asked.method, target, asked.version, headers, asked.body, asked.is_whole)


HOST = b"host: x\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n"
NEXT = b"GET /next HTTP/1.1\r\nhost: y\r\n\r\n"


def post(headers: bytes, body: bytes = b"", *, line: bytes = b"POST /a HTTP/1.1") -> bytes:
    return line + b"\r\n" + HOST + headers + b"\r\n" + body + NEXT


def get(line: bytes) -> bytes:
    return post(b"", line=line)


REFUSED: Final = {
    "both lengths": post(b"content-length: 5\r\n" + CHUNKED, b"0\r\n\r\n"),
    "both lengths, chunks first": post(CHUNKED + b"content-length: 5\r\n", b"0\r\n\r\n"),
    "equal lengths": post(b"content-length: 3\r\n" * 2, b"abc"),
    "unequal lengths": post(b"content-length: 3\r\ncontent-length: 4\r\n", b"abcd"),
    "list of lengths": post(b"content-length: 3, 3\r\n", b"abc"),
    "signed length": post(b"content-length: +3\r\n", b"abc"),
    "negative length": post(b"content-length: -1\r\n"),
    "hexadecimal length": post(b"content-length: 0x3\r\n", b"abc"),
    "two numbers": post(b"content-length: 3 4\r\n", b"abc"),
    "no number": post(b"content-length: \r\n"),
    "length past 64 bits": post(b"content-length: 18446744073709551619\r\n", b"abc"),
    "length behind a control": post(b"content-length: \x0b3\r\n", b"abc"),
    "folded length": post(b"content-length:\r\n 3\r\n", b"abc"),
    "blank before the colon of a length": post(b"content-length : 3\r\n", b"abc"),
    "blank before the colon of a coding": post(b"transfer-encoding : chunked\r\n", b"0\r\n\r\n"),
    "blank behind a chunk's size": post(CHUNKED, b"3 \r\nabc\r\n0\r\n\r\n"),
    "blank before a chunk's size": post(CHUNKED, b" 3\r\nabc\r\n0\r\n\r\n"),
    "prefix of a chunk's size": post(CHUNKED, b"0x3\r\nabc\r\n0\r\n\r\n"),
    "negative chunk": post(CHUNKED, b"-3\r\nabc\r\n0\r\n\r\n"),
    "chunk past 64 bits": post(CHUNKED, b"ffffffffffffffff3\r\nabc\r\n0\r\n\r\n"),
    "LF behind a chunk's size": post(CHUNKED, b"3\nabc\r\n0\r\n\r\n"),
    "LF behind an extension": post(CHUNKED, b"3;a\nabc\r\n0\r\n\r\n"),
    "LF behind a chunk": post(CHUNKED, b"3\r\nabc\n0\r\n\r\n"),
    "nothing behind a chunk": post(CHUNKED, b"3\r\nabc0\r\n\r\n"),
    "chunk longer than its size": post(CHUNKED, b"3\r\nabcd\r\n0\r\n\r\n"),
    "length in a trailer": post(CHUNKED, b"0\r\ncontent-length: 5\r\n\r\n"),
    "coding in a trailer": post(CHUNKED, b"0\r\ntransfer-encoding: chunked\r\n\r\n"),
    "trailer without colon": post(CHUNKED, b"0\r\nbad\r\n\r\n"),
    "bare LF everywhere": b"GET / HTTP/1.1\nhost: x\n\n",
    "bare LF behind a header": b"GET / HTTP/1.1\r\nhost: x\na: b\r\n\r\n",
    "bare CR in a value": post(b"a: b\rtransfer-encoding: chunked\r\n"),
    "CR CR LF": b"GET / HTTP/1.1\r\nhost: x\r\r\n\r\n",
    "folded header": post(b"a: b\r\n c\r\n"),
    "folded first header": b"GET / HTTP/1.1\r\n host: x\r\n\r\n",
    "no colon": post(b"abc\r\n"),
    "no name": post(b": b\r\n"),
    "name that is no token": post(b"a(b): c\r\n"),
    "NUL in a value": post(b"a: b\0c\r\n"),
    "NUL in a name": post(b"a\0b: c\r\n"),
    "NUL in a target": get(b"GET /\0 HTTP/1.1"),
    "control in a value": post(b"a: b\x01c\r\n"),
    "coding unknown": post(b"transfer-encoding: gzip\r\n"),
    "coding of two": post(b"transfer-encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
    "coding not last": post(b"transfer-encoding: chunked, gzip\r\n", b"0\r\n\r\n"),
    "coding nearly": post(b"transfer-encoding: xchunked\r\n", b"0\r\n\r\n"),
    "coding with a parameter": post(b"transfer-encoding: chunked;q=1\r\n", b"0\r\n\r\n"),
    "coding twice": post(CHUNKED * 2, b"0\r\n\r\n"),
    "coding behind a control": post(b"transfer-encoding: \x0bchunked\r\n", b"0\r\n\r\n"),
    "coding in quotes": post(b'transfer-encoding: "chunked"\r\n', b"0\r\n\r\n"),
    "coding of nothing": post(b"transfer-encoding:\r\n"),
    "coding of identity": post(b"transfer-encoding: identity\r\n"),
    "coding in HTTP/1.0": post(CHUNKED, b"0\r\n\r\n", line=b"POST / HTTP/1.0"),
    "two hosts": post(HOST),
    "two hosts in HTTP/1.0": post(HOST, line=b"GET / HTTP/1.0"),
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "host with a path": b"GET / HTTP/1.1\r\nhost: x/y\r\n\r\n",
    "host with a user": b"GET / HTTP/1.1\r\nhost: u@x\r\n\r\n",
    "hosts in one line": b"GET / HTTP/1.1\r\nhost: x y\r\n\r\n",
    "host past ASCII": b"GET / HTTP/1.0\r\nhost: \xff\r\n\r\n",
    "authority as target": get(b"GET x:1 HTTP/1.1"),
    "relative target": get(b"GET a HTTP/1.1"),
    "whole address without a path": get(b"GET http://x HTTP/1.1"),
    "target past ASCII": get(b"GET /\xff HTTP/1.1"),
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/1.2": get(b"GET / HTTP/1.2"),
    "HTTP/2.0": get(b"GET / HTTP/2.0"),
    "HTTP/1.10": get(b"GET / HTTP/1.10"),
    "small http": get(b"GET / http/1.1"),
    "small method": get(b"get / HTTP/1.1"),
    "tabs in the line": get(b"GET\t/\tHTTP/1.1"),
    "blank behind the version": get(b"GET / HTTP/1.1 "),
    "blank before the line": b" " + NEXT,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}  # fmt: skip

TAKEN: Final = {
    "nothing special": get(b"GET /a?b=c HTTP/1.1"),
    "length": post(b"Content-Length:  3 \t\r\n", b"abc"),
    "length with zeros": post(b"content-length: 003\r\n", b"abc"),
    "chunks": post(b"Transfer-Encoding:  ChunKed \r\n", b'3\r\nabc\r\nA;x=y;z="w;"\r\n0123456789\r\n0\r\n\r\n'),
    "zeros before a chunk's size": post(CHUNKED, b"00000000000000000003\r\nabc\r\n0\r\n\r\n"),
    "trailers": post(CHUNKED, b"0\r\nx: y\r\nhost: z\r\n\r\n"),
    "body of a GET": post(b"content-length: 3\r\n", b"abc", line=b"GET / HTTP/1.1"),
    "value past ASCII": post(b"a: \xff\xfe\r\n"),
    "value of nothing": post(b"a:\r\n"),
    "underscore": post(b"content_length: 3\r\n"),
    "whole address": get(b"GET http://x:1/a?b HTTP/1.1"),
    "asterisk": get(b"OPTIONS * HTTP/1.1"),
    "two slashes": get(b"GET //x/y HTTP/1.1"),
    "empty lines before": b"\r\n\r\n" + NEXT + NEXT,
    "empty line between": post(b"content-length: 3\r\n", b"abc\r\n"),
    "two blanks": get(b"GET  /a HTTP/1.1"),
    "host of nothing": b"GET / HTTP/1.1\r\nhost: \r\n\r\n" + NEXT,
    "IPv6 host with blanks": b"GET / HTTP/1.1\r\nhost:  [::1]:80 \t\r\n\r\n" + NEXT,
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("is_cut", [False, True])
def test_what_could_smuggle_is_refused(name: str, *, is_cut: bool) -> None:
    data = REFUSED[name]
    ours, _ = compare(data, list(range(1, len(data))) if is_cut else [])
    assert ours.refusal
    assert ours.whole == []


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nx: ",
        b"POST / HTTP/1.1\r\nhost: x\r\n" + CHUNKED + b"\r\n0\r\nx: ",
        b"POST / HTTP/1.1\r\nhost: x\r\n" + CHUNKED + b"\r\n1;",
    ],
    ids=["target", "header", "trailer", "extension"],
)
def test_what_has_no_end_is_refused(begun: bytes) -> None:
    pieces = [begun] + [b"a" * 4096] * (MAX_HEAD_BYTES // 4096 + 1)
    assert read_as_we_do(pieces).refusal == 431
    assert read_as_h11_does(b"".join(pieces)).refusal in (400, 431)


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_a_request_is_taken(name: str) -> None:
    ours, _ = compare(TAKEN[name], [])
    assert not ours.refusal
    assert [asked.target for asked in ours.whole][1:] == [b"/next"]


def test_request_that_closes_is_the_last_one() -> None:
    for line in (b"connection: close\r\n", b"connection: x, Close\r\n"):
        ours, _ = compare(post(line), [])
        assert (len(ours.whole), ours.is_over) == (1, True)


methods = st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE"])
targets = st.sampled_from([b"/", b"/a%20b?c=d", b"//x", b"http://x/y", b"*", b"/a?", b"/#f"])
versions = st.sampled_from([b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0"])
others = st.sampled_from([b"a: b\r\n", b"a:\t\xff \r\n", b"connection: close\r\n", b"connection: Keep-Alive\r\n",
                          b"upgrade: h2c\r\nconnection: upgrade\r\n", b"X-Y: " + b"z" * 50 + b"\r\n"])  # fmt: skip
bodies = st.one_of(
    st.just((b"", b"")),
    st.binary(max_size=20).map(lambda body: (b"content-length: %d\r\n" % len(body), body)),
    st.lists(st.binary(min_size=1, max_size=20), max_size=3).map(
        lambda parts: (CHUNKED, b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n")
    ),
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    length, body = draw(bodies)
    headers = draw(st.permutations([HOST, length, *draw(st.lists(others, max_size=3))]))
    line = b" ".join((draw(methods), draw(targets), draw(versions)))
    return line + b"\r\n" + b"".join(headers) + b"\r\n" + body


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Requests, some bytes of which were taken out, doubled or made others."""
    data = bytearray(b"".join(draw(st.lists(requests(), min_size=1, max_size=3))))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(data) - 1))
        length = draw(st.integers(0, 1))
        data[place : place + length] = draw(st.sampled_from(
            [b"", b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b":", b",", b";", b"0", b"a", b"\x7f", b"\xff",
             b"content-length: 3\r\n", CHUNKED, b"expect: x\r\n"]))  # fmt: skip
    return bytes(data)


@given(damaged(), st.lists(st.integers(0, 400), max_size=12))
@settings(max_examples=200)
@example(post(CHUNKED, b"3\r\nabc\r\n0\r\n\r\n"), list(range(120)))
def test_same_bytes_are_the_same_requests(data: bytes, cuts: list[int]) -> None:
    compare(data, sorted(min(cut, len(data)) for cut in cuts))


@pytest.mark.parametrize("wishes", range(3))
def test_refusal_behind_wishes_for_another_protocol_says_what_it_is(wishes: int) -> None:
    wish = b"connection: upgrade\r\nupgrade: h2c\r\n"
    data = b"GET / HTTP/1.1\r\n" + HOST + wish + b"\r\n"
    reading = read_as_we_do([data * wishes + b"CONNECT x:1 HTTP/1.1\r\n" + HOST + b"\r\n"])
    assert (len(reading.whole), reading.refusal) == (wishes, 501)
