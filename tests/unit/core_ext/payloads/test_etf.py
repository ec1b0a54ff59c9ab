"""The ETF codec against golden documents, the erlpack library, fuzzed bytes, and its own twin."""

import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import erlpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of, outcome_of

GOLDEN: dict[str, list[dict[str, Any]]] = json.loads((Path(__file__).parents[3] / "golden" / "etf.json").read_text())
"""Written by erlpack 1.0.1; documents that it does not write, to be read; and such as must be refused."""


def golden(*sections: str) -> list[object]:
    return [pytest.param(case, id=case["name"]) for section in sections for case in GOLDEN[section]]


def textual(value: object) -> object:
    """erlpack reads binaries as bytes; we as str."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return [textual(item) for item in value]
    if isinstance(value, dict):
        return {textual(key): textual(item) for key, item in value.items()}
    return value


texts = st.text(st.characters(codec="utf-8"), max_size=20)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(1 << 64) + 1, (1 << 64) - 1), floats, texts)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(texts, inner, max_size=5)),
    max_leaves=25,
)
# What erlpack can hold: a signed long long when negative.
plain_documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(1 << 63) + 1, (1 << 64) - 1), floats, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(texts, inner, max_size=5)),
    max_leaves=25,
)


@pytest.mark.parametrize("case", golden("written_by_erlpack"))
@pytest.mark.parametrize("module", each("etf"))
def test_encode_golden_value_gives_erlpacks_bytes(module: ModuleType, case: dict[str, Any]) -> None:
    assert module.etf_encode(case["value"]).hex() == case["hex"]
    assert erlpack.pack(case["value"]).hex() == case["hex"]


@pytest.mark.parametrize("case", golden("written_by_erlpack", "read"))
@pytest.mark.parametrize("module", each("etf"))
def test_decode_golden_document_gives_its_value(module: ModuleType, case: dict[str, Any]) -> None:
    value = module.etf_decode(bytes.fromhex(case["hex"]))
    assert value == case["value"]
    assert type(value) is type(case["value"])


@pytest.mark.parametrize("case", golden("refused"))
@pytest.mark.parametrize("module", each("etf"))
def test_decode_golden_refused_document_raises(module: ModuleType, case: dict[str, Any]) -> None:
    with pytest.raises(module.EtfError):
        module.etf_decode(bytes.fromhex(case["hex"]))


@pytest.mark.parametrize("module", each("etf"))
def test_etf_error_is_a_value_error(module: ModuleType) -> None:
    assert issubclass(module.EtfError, ValueError)


@pytest.mark.parametrize("module", each("etf"))
def test_encode_bytes_and_tuples_are_written_as_binary_and_list(module: ModuleType) -> None:
    assert module.etf_encode(b"\x00\xff") == b"\x83m\x00\x00\x00\x02\x00\xff"
    assert module.etf_encode((1, ())) == module.etf_encode([1, []])


@pytest.mark.parametrize(
    "value",
    [
        1 << 64,
        -(1 << 64),
        1 << 4096,
        math.nan,
        math.inf,
        -math.inf,
        "\ud800",
        {"\udfff": 1},
        {1: 2},
        {None: 1},
        {b"a": 1},
        {1, 2},
        object(),
        bytearray(b"a"),
        [1, {"a": [object()]}],
    ],
)
@pytest.mark.parametrize("module", each("etf"))
def test_encode_value_without_a_form_raises(module: ModuleType, value: object) -> None:
    with pytest.raises(module.EtfError):
        module.etf_encode(value)


@pytest.mark.parametrize("module", each("etf"))
def test_encode_deeper_than_allowed_raises(module: ModuleType) -> None:
    assert module.etf_encode([[{}]], max_depth=3)
    for value in ([[{"a": []}]], [[[[]]]], {"a": {"a": {"a": {}}}}):
        with pytest.raises(module.EtfError, match="deep"):
            module.etf_encode(value, max_depth=3)
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(module.EtfError, match="deep"):
        module.etf_encode(endless)


@pytest.mark.parametrize("module", each("etf"))
def test_decode_deeper_than_allowed_raises(module: ModuleType) -> None:
    document = module.etf_encode([[{}]])
    assert module.etf_decode(document, max_depth=3) == [[{}]]
    with pytest.raises(module.EtfError, match="deep"):
        module.etf_decode(document, max_depth=2)
    assert module.etf_decode(b"\x83a\x07", max_depth=0) == 7


@pytest.mark.parametrize("module", each("etf"))
def test_decode_more_terms_than_allowed_raises(module: ModuleType) -> None:
    for value, terms in (([1, 2, 3], 4), ({"a": 1, "b": [2]}, 6)):
        document = module.etf_encode(value)
        assert module.etf_decode(document, max_terms=terms) == value
        with pytest.raises(module.EtfError, match="many"):
            module.etf_decode(document, max_terms=terms - 1)
    assert module.etf_decode(b"\x83k\x00\x02ab", max_terms=3) == [97, 98]
    with pytest.raises(module.EtfError, match="many"):
        module.etf_decode(b"\x83k\x00\x02ab", max_terms=2)


@pytest.mark.parametrize("module", each("etf"))
def test_decode_every_prefix_of_a_document_raises(module: ModuleType) -> None:
    document = module.etf_encode({"op": 2, "d": [1, -1, 1 << 40, 1.5, None, True, "text", {"a": []}]})
    for size in range(len(document)):
        with pytest.raises(module.EtfError):
            module.etf_decode(document[:size])


@pytest.mark.parametrize("whole", [0.0, -0.0, 5.0, -5.0, 2.0**53 - 1])
@pytest.mark.parametrize("module", each("etf"))
def test_decode_whole_float_gives_an_int(module: ModuleType, whole: float) -> None:
    value = module.etf_decode(module.etf_encode(whole))
    assert value == whole
    assert type(value) is int
    assert type(module.etf_decode(module.etf_encode(2.0**53))) is float


@given(value=documents)
def test_encode_then_decode_gives_the_value_back(value: object) -> None:
    for module in implementations_of("etf"):
        assert module.etf_decode(module.etf_encode(value)) == value


@given(value=plain_documents)
def test_erlpack_reads_what_we_write_and_we_read_what_it_writes(value: object) -> None:
    for module in implementations_of("etf"):
        assert textual(erlpack.unpack(module.etf_encode(value))) == value
        assert module.etf_decode(erlpack.pack(value)) == value


unencodable = st.one_of(
    scalars,
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.frozensets(st.integers(), max_size=2),
)
anything = st.recursive(
    unencodable,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner),
        st.dictionaries(st.one_of(texts, st.integers()), inner, max_size=4),
    ),
    max_leaves=15,
)


@given(value=anything, max_depth=st.integers(0, 5))
def test_encode_anything_behaves_alike(value: object, max_depth: int) -> None:
    modules = implementations_of("etf")
    outcomes = [outcome_of(lambda m=module: m.etf_encode(value, max_depth=max_depth)) for module in modules]
    assert_alike(outcomes)
    assert outcomes[0][0] == "gave" or outcomes[0][1] == "EtfError"


TAGS = bytes([70, 77, 80, 97, 98, 99, 100, 104, 105, 106, 107, 108, 109, 110, 111, 115, 116, 118, 119])
tagged = st.lists(
    st.one_of(
        st.sampled_from([bytes((tag,)) for tag in TAGS]),
        st.binary(max_size=6),
        st.integers(0, 5).map(lambda n: n.to_bytes(4)),
    ),
    max_size=30,
).map(b"".join)


@given(garbage=st.one_of(st.binary(max_size=200), tagged), versioned=st.booleans())
def test_decode_garbage_raises_etf_error_or_gives_a_value_alike(garbage: bytes, versioned: bool) -> None:
    data = b"\x83" + garbage if versioned else garbage
    outcomes = [outcome_of(lambda m=module: m.etf_decode(data)) for module in implementations_of("etf")]
    assert_alike(outcomes)
    assert outcomes[0][0] == "gave" or outcomes[0][1] == "EtfError"


@given(
    value=documents,
    position=st.integers(0, 10_000),
    byte=st.integers(0, 255),
    depth=st.integers(0, 6),
    terms=st.integers(0, 40),
)
def test_decode_damaged_document_raises_etf_error_or_gives_a_value_alike(
    value: object, position: int, byte: int, depth: int, terms: int
) -> None:
    modules = implementations_of("etf")
    data = bytearray(modules[0].etf_encode(value))
    data[position % len(data)] = byte
    outcomes = [
        outcome_of(lambda m=module: m.etf_decode(bytes(data), max_depth=depth, max_terms=terms)) for module in modules
    ]
    assert_alike(outcomes)
    assert outcomes[0][0] == "gave" or outcomes[0][1] == "EtfError"
