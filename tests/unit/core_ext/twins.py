"""Both implementations of a kernel, so that one suite runs on each and compares them."""

import importlib
from collections.abc import Callable, Hashable, Sequence
from types import ModuleType

import pytest


def implementations_of(kernel: str) -> list[ModuleType]:
    """The plain twin, and the compiled one when it has been built; test_chooser insists that it has in a normal run."""
    found = [importlib.import_module(f"core_ext.{kernel}_py")]
    try:
        found.append(importlib.import_module(f"core_ext.{kernel}_c"))
    except ImportError:
        return found
    return found


def each(kernel: str) -> list[object]:
    """The implementations as parameters of a test."""
    return [pytest.param(module, id=module.__name__.removeprefix("core_ext.")) for module in implementations_of(kernel)]


def sibling_of(module: ModuleType, kernel: str) -> ModuleType:
    """Another kernel in the implementation that `module` is of: classes of both do not go together."""
    return importlib.import_module(f"core_ext.{kernel}_{module.__name__.rpartition('_')[2]}")


def twin_of(module: ModuleType, kernel: str) -> ModuleType:
    """Another kernel in the same implementation as `module`."""
    return importlib.import_module(f"core_ext.{kernel}_{module.__name__.rpartition('_')[2]}")


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
