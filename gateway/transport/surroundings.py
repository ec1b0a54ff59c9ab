"""What a gateway tells the process that it is a part of, and what it is told by it."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec


def _ignore(_about: object) -> None:
    pass


async def _count_nothing(_address: str) -> None:
    pass


def _find_nothing() -> str | None:
    return None


class Surroundings(msgspec.Struct, kw_only=True, frozen=True):
    """By default the gateway stands alone."""

    on_logins: Callable[[int], None] = _ignore
    """So many sessions have come."""
    on_bad_token: Callable[[str], Coroutine[Any, Any, None]] = _count_nothing
    """Somebody at this address has identified with a token that is nobody's."""
    find_fault: Callable[[], str | None] = _find_nothing
    """Why the process cannot do its work; None when it can."""
    max_sockets: int = 1_000_000_000
    """Past it only the question how the process is is answered."""


ALONE: Final = Surroundings()
