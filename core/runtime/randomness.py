"""The interface of randomness. Only composition roots name its source; everything else takes it as an argument."""

import secrets
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

T = TypeVar("T")


class Randomness(Protocol):
    """Values that nobody can guess."""

    def token_bytes(self, nbytes: int) -> bytes:
        """Return so many random bytes."""

    def token_hex(self, nbytes: int) -> str:
        """Return so many random bytes as hexadecimal digits, two for each."""

    def choice(self, seq: Sequence[T]) -> T:
        """Return one item of a sequence that is not empty."""


class SystemRandomness:
    """The operating system's randomness."""

    __slots__ = ()

    token_bytes = staticmethod(secrets.token_bytes)
    token_hex = staticmethod(secrets.token_hex)
    choice = staticmethod(secrets.choice)


SYSTEM_RANDOMNESS: Final = SystemRandomness()
