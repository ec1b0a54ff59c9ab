"""Templates: frames as their modes' layouts say, the same from both implementations."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_ext.payloads import framing_py
from tests.unit.core_ext.twins import assert_alike, each, implementations_of, outcome_of

HEADS = (b"head", b"", b"", b"", b"head")
both = pytest.mark.parametrize("module", each("template"))
tails = st.one_of(st.binary(max_size=130), st.integers(65_500, 65_550).map(bytes))


@pytest.mark.parametrize("rest", [(), (b"one",), (b"", b"two", b"x" * 70_000)])
@pytest.mark.parametrize("seq", [0, 9, 10, 65_536, (1 << 31) - 1])
@both
def test_template_of_each_mode_is_what_its_layout_says(module: ModuleType, seq: int, rest: tuple[bytes, ...]) -> None:
    prefix = b'{"s":%d,' % seq
    size = len(prefix)
    stored = bytes((0, size, 0, 255 - size, 255)) + prefix
    raw = bytes((size << 3, 0, 0)) + prefix
    befores = [b"head" + seq.to_bytes(4, "big"), prefix, stored, raw, b"head" + str(seq).encode().ljust(10)]
    for mode, before in enumerate(befores):
        frame = framing_py.frame(2, before + b"tail" + b"".join(rest))
        assert module.Template(2, mode, HEADS[mode], b"tail", rest).encode(seq) == frame


@both
def test_template_of_parts_that_are_no_bytes_is_refused(module: ModuleType) -> None:
    with pytest.raises(TypeError):
        module.Template(2, 0, b"", b"", (bytearray(b"x"),))


@given(
    opcode=st.integers(-1, 17),
    mode=st.integers(-1, 5),
    head=st.binary(max_size=20),
    tail=tails,
    rest=st.lists(tails, max_size=3).map(tuple),
    seq=st.one_of(st.integers(0, (1 << 31) + 1), st.integers()),
)
def test_templates_with_any_arguments_behave_alike(
    opcode: int, mode: int, head: bytes, tail: bytes, rest: tuple[bytes, ...], seq: int
) -> None:
    assert_alike(
        [
            outcome_of(lambda m=module: m.Template(opcode, mode, head, tail, rest).encode(seq))
            for module in implementations_of("template")
        ]
    )
