"""Secrets that all processes of a server share, such as the key that signs links to files."""

from typing import Protocol


class Secrets(Protocol):
    """Secrets by name. None is ever changed."""

    async def ensure(self, name: str, candidate: bytes) -> bytes:
        """Return the secret; `candidate` becomes it when there is none. Raises Unavailable."""
