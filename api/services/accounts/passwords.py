"""Password hashing: argon2id, in threads, so that the event loop does not stand still.

The parameters are OWASP's second choice (19 MiB, two passes, one lane): about 25 ms of one core, so that a small machine
bears a burst of registrations. Hashes carry their parameters; changing these changes new hashes only.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_TIME_COST: Final = 2
_MEMORY_KIB: Final = 19 * 1024
_PARALLELISM: Final = 1
_THREADS: Final = 2
"""Bounds both memory and how much of the machine logins may take from everything else."""


class Passwords:
    """Hashes and verifies. Owns its threads until `close`."""

    __slots__ = ("_decoy", "_hasher", "_threads")

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=_TIME_COST, memory_cost=_MEMORY_KIB, parallelism=_PARALLELISM)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="password")
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """A new salted hash."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password. Takes as long without a hash, so that time does not tell who has an account."""
        if password_hash is None:
            if self._decoy is None:
                self._decoy = await self.hash("")
            await self._verify(self._decoy, password)
            return False
        return await self._verify(password_hash, password)

    async def _verify(self, password_hash: str, password: str) -> bool:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, _matches, self._hasher, password_hash, password
        )

    def close(self) -> None:
        """Let the threads end; what is being hashed is finished first."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _matches(hasher: PasswordHasher, password_hash: str, password: str) -> bool:
    try:
        return hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
