"""The hooks by which a gateway and the process around it tell each other of events and state."""

from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any, Final

import msgspec


def _ignore(_about: object) -> None:
    pass


async def _count_nothing(_address: str) -> None:
    pass


async def _settle_nothing(_user_ids: Collection[int]) -> None:
    pass


def _find_nothing() -> str | None:
    return None


def _is_not() -> bool:
    return False


class Surroundings(msgspec.Struct, kw_only=True, frozen=True):
    """The hooks and bounds of the process. By default the gateway stands alone."""

    on_logins: Callable[[int], None] = _ignore
    """Called with the number of sessions that have become ready."""
    on_bad_token: Callable[[str], Coroutine[Any, Any, None]] = _count_nothing
    """Called with the address of a client that has identified with an unknown token."""
    settle_places: Callable[[Collection[int]], Awaitable[None]] = _settle_nothing
    """Called with the people who log in, before their read states are read: some of these may not be written yet."""
    find_fault: Callable[[], str | None] = _find_nothing
    """Returns why the process cannot do its work; None when it can."""
    is_drained: Callable[[], bool] = _is_not
    """Returns whether clients shall go to other workers."""
    max_sockets: int = 1_000_000_000
    """The most sockets. Past it only /health and /ready are answered."""


ALONE: Final = Surroundings()
