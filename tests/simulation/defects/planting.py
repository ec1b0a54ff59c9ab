"""Planted defects: one small mistake each in the product, made at run time, which the simulation must find.

    with planted("answer before commit"):
        run_seed(7, database)

They answer the question whether the checks can fail. A defect patches a method of the product for as long as the
context lasts; `tests/simulation/test_defects.py` runs each until a seed finds it. The defects themselves are in the
modules beside this one, by the part of the simulation that finds them.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from unittest.mock import patch

import msgspec

Original = Callable[..., Any]


class Defect(msgspec.Struct, frozen=True, kw_only=True):
    """A mistake: `wrong` gets the method that it replaces, and returns the wrong one."""

    owner: type
    method: str
    wrong: Callable[[Original], Any]
    seeds: Sequence[int] = ()
    """The seeds that have found it, where the first ones do not: the test begins with them."""


class Defects:
    """The defects that one part of the simulation finds, by their names."""

    def __init__(self) -> None:
        self.by_name: dict[str, Defect] = {}

    def plant(
        self, name: str, owner: type, method: str, *, seeds: Sequence[int] = ()
    ) -> Callable[[Callable[[Original], Any]], None]:
        """Make a function a defect of this name, which replaces the method of `owner`. `seeds` are known to find it."""

        def keep(wrong: Callable[[Original], Any]) -> None:
            self.by_name[name] = Defect(owner=owner, method=method, wrong=wrong, seeds=seeds)

        return keep


@contextlib.contextmanager
def planted(defects: Mapping[str, Defect], name: str | None) -> Iterator[None]:
    """Make the mistake of this name while the context lasts; none for None."""
    if name is None:
        yield
        return
    defect = defects[name]
    original = defect.owner.__dict__[defect.method]
    with patch.object(defect.owner, defect.method, defect.wrong(original)):
        yield
