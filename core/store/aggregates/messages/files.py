"""The rows of files. The bytes are in the blob store (`core.store.blob`).

The row comes first and goes last, so no file is ever without one:

    add ─→ EXPECTED ─ store ─→ STORED ─ claim ─→ CLAIMED ─ use ─→ USED ─ retire ─→ GONE ─ (bytes removed) ─ delete
               │                  ↑ └── release ───┘ │                      ↗
               └──────────────────┴──────────────────┴───────── retire ────┘
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from core.domain.messages.attachment import StoredFile


class FileReader(Protocol):
    async def find(self, file_id: int) -> StoredFile | None: ...

    async def list_expired(self, *, now_ms: int, limit: int) -> list[StoredFile]:
        """Return files that no message has, whose time is over, in no order."""

    async def list_after(self, file_id: int, *, limit: int) -> list[StoredFile]:
        """Return files with greater ids, in the order of their ids."""

    async def list_of_messages(self, message_ids: Collection[int]) -> list[StoredFile]:
        """Return the files that these messages have, in no order."""

    async def measure_waiting(self, user_id: int) -> tuple[int, int]:
        """Return how many files of a user no message has taken yet, and their bytes as they were announced."""

    async def measure(self, *, user_id: int = 0, guild_id: int = 0) -> int:
        """Return the bytes of a user's files, or of a guild's."""


class FileWriter(FileReader, Protocol):
    async def add(self, files: Sequence[StoredFile]) -> None: ...

    async def begin(self, file_id: int) -> bool:
        """Note that the bytes of an expected file are about to be put in their place. Tell whether it was expected."""

    async def expect_again(self, file_id: int) -> None:
        """Note that nothing has come of what was begun."""

    async def store(self, file: StoredFile) -> bool:
        """Note that the bytes of an arriving file are there, with what was found out. Tell whether it was arriving."""

    async def claim(
        self, file_ids: Collection[int], *, user_id: int, channel_id: int, expires_ms: int, message_id: int = 0
    ) -> list[StoredFile]:
        """Take stored files for a message, whose id is given when it is there already.

        Return those that are this user's and this channel's, in no order.
        """

    async def release(self, file_ids: Collection[int]) -> None:
        """Give claimed files back: their message was not sent, and may be sent again."""

    async def use(self, file_ids: Collection[int], *, message_id: int) -> None:
        """Note which message has the claimed files."""

    async def retire(self, file_ids: Collection[int], *, unused_since_ms: int | None = None) -> list[StoredFile]:
        """Give files up and return them. With `unused_since_ms` only those that no message has and whose time was over
        then.
        """

    async def delete(self, file_ids: Collection[int]) -> None:
        """Remove the rows of files that are given up and whose bytes are removed."""
