"""The implementations of a kernel, so that one suite runs on each and compares them.

Beside the compiled kernel there is its plain code in `core_ext`, or a model in `tests.models`.
"""

import importlib
from collections.abc import Callable, Hashable, Sequence
from types import ModuleType

import pytest

_FOLDERS = {
    "delivery": "delivery",
    "etf": "payloads",
    "framing": "payloads",
    "arrivals": "media",
    "intake": "sockets",
    "nonces": "media",
    "numbering": "media",
    "openings": "media",
    "passing": "media",
    "ring": "media",
    "rtp": "media",
    "senders": "media",
    "speakers": "media",
    "streams": "media",
    "views": "media",
    "vp8": "media",
    "departures": "media",
    "permissions": "guild",
    "slot_set": "guild",
    "slot_words": "guild",
    "snowflake": "ids",
    "sockets": "sockets",
    "template": "payloads",
    "view_index": "guild",
    "websocket": "sockets",
}
_MODELLED = {"delivery", "intake", "sockets", "template", "websocket"}


def implementations_of(kernel: str) -> list[ModuleType]:
    """The plain code or the model, and the compiled kernel."""
    return [importlib.import_module(name) for name in (_name_plain(kernel), _name_compiled(kernel))]


def each(kernel: str) -> list[object]:
    """The implementations as parameters of a test."""
    return [pytest.param(module, id=module.__name__.rpartition(".")[2]) for module in implementations_of(kernel)]


def sibling_of(module: ModuleType, kernel: str) -> ModuleType:
    """Another kernel in the implementation that `module` is of: classes of both do not go together."""
    is_compiled = module.__name__.endswith("_c")
    return importlib.import_module((_name_compiled if is_compiled else _name_plain)(kernel))


def _name_plain(kernel: str) -> str:
    return f"tests.models.{kernel}" if kernel in _MODELLED else f"core_ext.{_FOLDERS[kernel]}.{kernel}_py"


def _name_compiled(kernel: str) -> str:
    return f"core_ext.{_FOLDERS[kernel]}.{kernel}_c"


def outcome_of(call: Callable[[], object]) -> tuple[str, object]:
    """What a call gave, or the name of what it raised: the same for both implementations."""
    try:
        return "gave", call()
    except Exception as error:
        return "raised", type(error).__name__


def assert_alike(outcomes: Sequence[Hashable | object]) -> None:
    """All outcomes are equal, types of top-level values included."""
    first = outcomes[0]
    for other in outcomes[1:]:
        assert other == first
        assert repr(other) == repr(first)
