"""Settings as protobuf: fields are replaced whole and kept byte for byte, and the version grows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.people.settings.merging import MAX_BYTES, merge
from core.domain.people.settings.protobuf import MAX_FIELDS, BadProto


def varint(value: int) -> bytes:
    written = b""
    while value >= 0x80:
        written += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return written + bytes((value,))


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def message(field: int, *parts: bytes) -> bytes:
    inner = b"".join(parts)
    return varint(field << 3 | 2) + varint(len(inner)) + inner


def versions(data_version: int, *others: bytes) -> bytes:
    return message(1, *others, number(3, data_version))


fields = st.dictionaries(
    st.integers(2, 40),
    st.one_of(
        st.integers(0, 1 << 63).map(lambda value: ("number", value)),
        st.binary(max_size=200).map(lambda value: ("bytes", value)),
        st.binary(min_size=4, max_size=4).map(lambda value: ("fixed", value)),
    ),
    max_size=6,
)


def encode(content: dict[int, tuple[str, object]]) -> bytes:
    parts = []
    for field, (kind, value) in content.items():
        if kind == "number":
            parts.append(number(field, value))  # type: ignore[arg-type]
        elif kind == "bytes":
            parts.append(message(field, value))  # type: ignore[arg-type]
        else:
            parts.append(varint(field << 3 | 5) + value)  # type: ignore[operator]
    return b"".join(parts)


@given(changes=st.lists(fields, max_size=5))
def test_stored_message_has_the_newest_bytes_of_each_field(changes: list[dict[int, tuple[str, object]]]) -> None:
    stored, expected = b"", {}
    for change in changes:
        stored = merge(stored, encode(change)).proto
        expected |= change
    version = versions(len(changes)) if changes else b""
    assert stored == version + encode(dict(sorted(expected.items())))


def test_field_that_comes_several_times_is_replaced_with_all_its_occurrences() -> None:
    stored = merge(b"", message(5, b"a") + number(6, 1) + message(5, b"b")).proto
    assert stored == versions(1) + message(5, b"a") + message(5, b"b") + number(6, 1)
    assert merge(stored, message(5, b"c")).proto == versions(2) + message(5, b"c") + number(6, 1)


def test_other_versions_are_the_clients() -> None:
    stored = merge(b"", versions(77, number(1, 14), number(2, 3))).proto
    assert stored == versions(1, number(1, 14), number(2, 3))


def test_stored_message_that_is_newer_than_required_is_not_changed() -> None:
    stored = merge(merge(b"", number(9, 1)).proto, number(9, 2)).proto
    assert merge(stored, number(9, 3), required_version=1) == (stored, True)
    changed = merge(stored, number(9, 3), required_version=2)
    assert (changed.proto, changed.is_out_of_date) == (versions(3) + number(9, 3), False)


@pytest.mark.parametrize(
    "broken",
    [b"\x08", b"\x80" * 11 + b"\x01", b"\x12\x05abc", b"\x0b", b"\x0d\x01", b"\x02\x00", b"\x00\x00", b"\xff"],
)
def test_bytes_that_are_no_message_are_refused(broken: bytes) -> None:
    with pytest.raises(BadProto):
        merge(b"", broken)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_whatever_is_taken_can_be_changed_again(first: bytes, second: bytes) -> None:
    try:
        stored = merge(b"", first).proto
    except BadProto:
        return
    assert merge(stored, number(30, 1)).proto.endswith(number(30, 1)) or stored
    try:
        merge(stored, second)
    except BadProto:
        with pytest.raises(BadProto):
            merge(b"", second)


@pytest.mark.parametrize("partial", [number(2, 1) * (MAX_FIELDS + 1), message(2, bytes(MAX_BYTES))])
def test_more_than_any_client_stores_is_refused(partial: bytes) -> None:
    with pytest.raises(BadProto, match="too many"):
        merge(b"", partial)


def test_fields_do_not_pile_up_over_many_changes() -> None:
    stored = merge(b"", b"".join(number(field, 1) for field in range(2, MAX_FIELDS - 10))).proto
    with pytest.raises(BadProto, match="too many"):
        merge(stored, b"".join(number(MAX_FIELDS + field, 1) for field in range(20)))
    assert merge(stored, number(2, 5)).proto.startswith(versions(2))
