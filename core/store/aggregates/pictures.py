"""The rows of pictures (`core.domain.picture`). The bytes are in the blob store (`core.store.blob`).

A row comes before its bytes and goes after them. It is unused from its beginning until somebody has seen that an
entity shows the picture:

    begin ─→ unused ─ note_shown ─→ shown ─ note_unused, or another one begins in its folder ─→ unused
               └─ retire ─→ gone ─ (bytes removed) ─ delete
"""

from collections.abc import Collection
from typing import Protocol

from core.domain.picture import Picture


class PictureReader(Protocol):
    async def find(self, folder: str, name: str) -> Picture | None: ...

    async def list_unused(self, *, before_ms: int, limit: int) -> list[Picture]:
        """Return pictures that are unused since before this time, and those that are gone, in no order."""

    async def list_shown_after(self, folder: str, name: str, *, limit: int) -> list[Picture]:
        """Return pictures that were shown when somebody looked last, by folder and name, after these."""

    async def find_shown(self, pictures: Collection[Picture]) -> list[Picture]:
        """Return those of the pictures that an entity shows now, in no order."""

    async def measure(self, *, user_id: int = 0, guild_id: int = 0) -> int:
        """Return the bytes of the pictures that a user has brought, or of a guild's."""


class PictureWriter(PictureReader, Protocol):
    async def begin(self, picture: Picture) -> bool:
        """Note a picture whose bytes are about to be stored, also again, and that the shown ones of its folder may be
        unused from now on (its `unused_since_ms`).

        Return False, and note nothing, when the bytes of this very picture are being removed.
        """

    async def note_shown(self, pictures: Collection[Picture]) -> None:
        """Note that pictures are shown, but for those that have begun again since they were read."""

    async def note_unused(self, pictures: Collection[Picture], *, now_ms: int) -> None:
        """Note that shown pictures are unused from now on."""

    async def retire(self, pictures: Collection[Picture]) -> list[Picture]:
        """Note that pictures are gone, but for those that have begun again since they were read. Return the gone."""

    async def delete(self, pictures: Collection[Picture]) -> None:
        """Remove the rows of pictures that are gone and whose bytes are removed."""
