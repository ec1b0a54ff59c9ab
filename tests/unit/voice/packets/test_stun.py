"""Checks of browsers and their answers, against aioice, which reads and writes STUN of all kinds."""

import hmac
import struct
from typing import Any

import pytest
from aioice.stun import ATTRIBUTES, Class, Message, Method, message_fingerprint, parse_message
from hypothesis import example, given
from hypothesis import strategies as st

from voice.packets.stun import Check, SigningKey, is_stun, parse_check

PASSWORD = "0123456789abcdef0123456789abcdef"
KEY = SigningKey(PASSWORD)
TRANSACTION = bytes(range(12))
HERE = ("192.0.2.1", 5000)

NETWORK_INFO = struct.pack(">HHI", 0xC057, 4, 0x00010032)
"""What Chromium adds of its own: of which kind its network is, and what that costs."""

TEXTS = st.text(max_size=20)
ATTRIBUTES_OF_CHECKS = st.fixed_dictionaries(
    {"USERNAME": st.text(min_size=1, max_size=60)},
    optional={
        "PRIORITY": st.integers(0, 2**32 - 1),
        "USE-CANDIDATE": st.none(),
        "ICE-CONTROLLING": st.integers(0, 2**64 - 1),
        "ICE-CONTROLLED": st.integers(0, 2**64 - 1),
        "SOFTWARE": TEXTS,
    },
)
ADDRESSES = st.tuples(st.ip_addresses().map(str), st.integers(0, 2**16 - 1))
CHANGES = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=3)


def make_check(attributes: dict[str, Any], password: str = PASSWORD) -> bytes:
    """A signed check by aioice."""
    check = Message(Method.BINDING, Class.REQUEST, TRANSACTION, attributes)
    check.add_message_integrity(password.encode())
    return bytes(check)


def assemble(*attributes: bytes, kind: int = 1) -> bytes:
    """A message of attributes as they are."""
    body = b"".join(attributes)
    return struct.pack(">HHI", kind, len(body), 0x2112A442) + TRANSACTION + body


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute with its padding."""
    return struct.pack(">HH", kind, len(value)) + value + bytes(-len(value) % 4)


def read(datagram: bytes) -> Check:
    """Read a check that is one."""
    check = parse_check(datagram)
    assert check is not None
    return check


def is_taken_by_aioice(datagram: bytes) -> bool:
    """Whether aioice reads a check with a name."""
    try:
        message = parse_message(datagram)
    except (ValueError, struct.error):
        return False
    is_check = (message.message_method, message.message_class) == (Method.BINDING, Class.REQUEST)
    return is_check and bool(message.attributes.get("USERNAME"))


NAME = attribute(0x0006, b"node:them")


@given(ATTRIBUTES_OF_CHECKS)
def test_check_of_another_library_is_read(attributes: dict[str, Any]) -> None:
    datagram = make_check(attributes)
    check = read(datagram)
    assert is_stun(datagram)
    assert check.name == attributes["USERNAME"].partition(":")[0]
    assert check.is_signed_with(KEY)
    assert not check.is_signed_with(SigningKey(PASSWORD[:-1]))


@given(ATTRIBUTES_OF_CHECKS, CHANGES)
def test_changed_check_is_not_signed_nor_taken_where_the_other_library_refuses_it(
    attributes: dict[str, Any], changes: list[tuple[int, int]]
) -> None:
    datagram = make_check(attributes)
    changed = bytearray(datagram)
    for at, value in changes:
        changed[at % len(changed)] = value
    check = parse_check(bytes(changed))
    if check is not None:
        assert is_taken_by_aioice(bytes(changed))
        assert check.is_signed_with(KEY) == parse_message(bytes(changed)).check_message_integrity(PASSWORD.encode())


@given(
    st.lists(st.tuples(st.sampled_from([each[0] for each in ATTRIBUTES] + [0x7000, 0xC057]), st.binary(max_size=24)))
)
@example([(0x0006, b"node:them"), (0x802B, b"")])
@example([(0x0006, b"node:them"), (0x8022, b"\xff")])
@example([(0x0006, b"node:them"), (0x0006, b"\xff")])
def test_whatever_attributes_come_nothing_is_taken_that_the_other_library_refuses(
    attributes: list[tuple[int, bytes]],
) -> None:
    datagram = assemble(*(attribute(kind, value) for kind, value in attributes))
    assert parse_check(datagram) is None or is_taken_by_aioice(datagram)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(rest: bytes) -> None:
    for datagram in (rest, assemble(rest), assemble(NAME, rest)):
        assert parse_check(datagram) is None or is_taken_by_aioice(datagram)


@given(ADDRESSES)
@example(("2001:db8::1", 0x2112))
def test_answer_is_what_another_library_reads(address: tuple[str, int]) -> None:
    answer = read(make_check({"USERNAME": "node:them"})).answer(KEY, address)
    message = parse_message(answer)
    assert (message.message_method, message.message_class) == (Method.BINDING, Class.RESPONSE)
    assert message.transaction_id == TRANSACTION
    assert list(message.attributes) == ["XOR-MAPPED-ADDRESS", "MESSAGE-INTEGRITY", "FINGERPRINT"]
    assert message.check_message_integrity(PASSWORD.encode())
    expected = Message(Method.BINDING, Class.RESPONSE, TRANSACTION, {"XOR-MAPPED-ADDRESS": address})
    expected.add_message_integrity(PASSWORD.encode())
    assert answer == bytes(expected)


@given(st.text(max_size=16), st.binary(max_size=200))
@example("p" * 64, b"message")
def test_signature_is_that_of_the_standard_library(password: str, message: bytes) -> None:
    assert SigningKey(password).sign(message) == hmac.digest(password.encode(), message, "sha1")


def test_answer_to_a_link_local_address_leaves_the_link_out() -> None:
    check = read(make_check({"USERNAME": "node:them"}))
    assert check.answer(KEY, ("fe80::1%2", 5)) == check.answer(KEY, ("fe80::1", 5))


def test_check_of_the_standard_is_read() -> None:
    # RFC 5769 section 2.1, whose padding is spaces.
    datagram = bytes.fromhex(
        "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff"
        "80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249"
        "c1b571a280280004e57a3bcf"
    )
    check = read(datagram)
    assert check.name == "evtj"
    assert check.is_signed_with(SigningKey("VOkJxbRl1RmTxUk/WvJxBt"))


def test_what_a_browser_adds_of_its_own_is_passed_over() -> None:
    assert read(assemble(NAME, NETWORK_INFO, NETWORK_INFO)).name == "node"


def test_what_follows_the_signature_is_not_taken() -> None:
    whole = make_check({"USERNAME": "node:them"})
    signed = whole[20:-8]
    assert read(assemble(signed, attribute(0x0006, b"other:them"), attribute(0x001C, bytes(32)))).name == "node"
    late = assemble(signed.replace(NAME, b""), NAME)
    assert parse_check(late) is None


@pytest.mark.parametrize(
    "datagram",
    [
        assemble(NAME[:-4]),  # longer than what is left
        assemble(NAME)[:-2],
        assemble(NAME) + bytes(4),
        assemble(NAME, b"\x80\x22"),
        assemble(),
        assemble(attribute(0x0006, b"")),
        assemble(NAME, NAME),
        assemble(NAME, attribute(0x0008, bytes(19))),
        assemble(NAME, attribute(0x0024, bytes(5))),
        assemble(NAME, attribute(0x7000, b"")),  # must be understood
        assemble(NAME, attribute(0x0020, bytes(8))),
        assemble(NAME, attribute(0x8028, bytes(4))),
        assemble(NAME, kind=0x0011),
        assemble(NAME, kind=0x0101),
        assemble(NAME, kind=0x0003),
        assemble(NAME, kind=0xC001),
        assemble(NAME).replace(b"\x21\x12", b"\x21\x13", 1),
        assemble(NAME, attribute(0xC057, bytes(1024))),
    ],
)
def test_what_is_no_check_is_refused(datagram: bytes) -> None:
    assert parse_check(datagram) is None


def test_fingerprint_stands_last() -> None:
    length = len(assemble(NAME)) - 20
    fingerprint = attribute(0x8028, message_fingerprint(assemble(NAME)).to_bytes(4, "big"))
    assert read(assemble(NAME, fingerprint)).name == "node"
    message = assemble(NAME, fingerprint, NETWORK_INFO)
    assert parse_check(message) is None
    assert length % 4 == 0


def test_check_without_a_signature_is_not_signed() -> None:
    check = read(assemble(NAME))
    assert not check.is_signed_with(SigningKey(""))
    assert not check.is_signed_with(KEY)
