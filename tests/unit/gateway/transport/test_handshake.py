"""The rules for headers of a handshake. tests/integration/transport/websocket/test_handshake.py has more cases."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from gateway.transport.handshake import asks_upgrade, compute_accept, find_fault

RIGHT = {
    "host": ["gateway"],
    "connection": ["Upgrade"],
    "upgrade": ["websocket"],
    "sec-websocket-version": ["13"],
    "sec-websocket-key": ["dGhlIHNhbXBsZSBub25jZQ=="],
}


def judged(headers: dict[str, list[str]]) -> tuple[bool, str | None]:
    def values(name: str) -> Sequence[str]:
        return headers.get(name.lower(), [])

    return asks_upgrade(values), find_fault(values)


def test_accept_is_that_of_the_rfcs_example() -> None:
    assert compute_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_whole_handshake_has_no_fault() -> None:
    assert judged(RIGHT) == (True, None)


def test_handshake_without_one_of_its_headers_is_none_or_has_a_fault() -> None:
    for name in RIGHT:
        is_one, fault = judged({other: values for other, values in RIGHT.items() if other != name})
        assert not is_one or fault is not None


@given(name=st.sampled_from(sorted(RIGHT)), values=st.lists(st.text(max_size=30), max_size=3))
def test_any_values_are_judged(name: str, values: list[str]) -> None:
    is_one, fault = judged({**RIGHT, name: values})
    assert isinstance(is_one, bool)
    assert fault is None or fault.endswith(("header", "websocket", "13", "base64"))
