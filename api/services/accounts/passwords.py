"""Password hashing: argon2id, in threads, so that the event loop does not block.

The operator sets the cost (`api.password_memory_kib`, `api.password_passes`), with one lane. A hash carries its cost
and is verified at that cost. After a right password, a hash of another cost is replaced (`renew`).
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_LANES: Final = 1
_THREADS: Final = 2
"""The bound of memory, and of the share of the machine that password hashing may take."""


class Passwords:
    """Hashes and verifies passwords. Owns its threads until `close`."""

    __slots__ = ("_decoy", "_hasher", "_threads")

    def __init__(self, *, memory_kib: int, passes: int) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=_LANES)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="password")
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """Compute a new salted hash."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether it is the password.

        Without a hash it takes as long as with one of the present cost, so that the time does not tell whether an
        account exists. A hash of another cost takes another time, until its owner logs in.
        """
        if password_hash is None:
            if self._decoy is None:
                self._decoy = await self.hash("")
            await self._verify(self._decoy, password)
            return False
        return await self._verify(password_hash, password)

    async def renew(self, password_hash: str, password: str) -> str | None:
        """Compute a new hash of a verified password, or return None if the old one has the present cost."""
        return await self.hash(password) if self._hasher.check_needs_rehash(password_hash) else None

    async def _verify(self, password_hash: str, password: str) -> bool:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, _matches, self._hasher, password_hash, password
        )

    def close(self) -> None:
        """Let the threads end when they have finished their present work."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _matches(hasher: PasswordHasher, password_hash: str, password: str) -> bool:
    try:
        return hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
