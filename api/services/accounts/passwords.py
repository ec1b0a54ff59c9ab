"""Password hashing: argon2id, in threads, so that the event loop does not stand still.

The cost is the operator's (`api.password_memory_kib`, `api.password_passes`), with one lane. A hash carries the cost that it was
made with and is verified at that cost; a login that verifies a hash of another cost replaces it (`renew`).
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_LANES: Final = 1
_THREADS: Final = 2
"""Bounds both memory and how much of the machine logins may take from everything else."""


class Passwords:
    """Hashes and verifies. Owns its threads until `close`."""

    __slots__ = ("_decoy", "_hasher", "_threads")

    def __init__(self, *, memory_kib: int, passes: int) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=_LANES)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="password")
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """Return a new salted hash."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether it is the password.

        Without a hash it takes as long as with one of the present cost, so that time does not tell who has an account. A hash
        of another cost takes another time, until its owner logs in.
        """
        if password_hash is None:
            if self._decoy is None:
                self._decoy = await self.hash("")
            await self._verify(self._decoy, password)
            return False
        return await self._verify(password_hash, password)

    async def renew(self, password_hash: str, password: str) -> str | None:
        """Return a new hash of a password that has just been verified; None while the old one has the present cost."""
        return await self.hash(password) if self._hasher.check_needs_rehash(password_hash) else None

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
