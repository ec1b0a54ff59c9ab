"""How much room the files and pictures of one user and of one guild may take, and how many uploads may wait."""

from collections.abc import Collection

import msgspec

from core.domain.errors import LimitReached, TooLarge
from core.domain.messages.attachment import StoredFile
from core.store.interfaces import Transaction


class QuotaReached(TooLarge):
    """The user's or the guild's files take as much as they may."""

    message = "Request entity too large: there is no more room for files"


class TooManyUploads(LimitReached):
    """As many files wait for a message of the user as may."""

    def __init__(self, most: int) -> None:
        super().__init__(30015, f"Maximum number of uploads that wait for a message reached ({most})")


class UploadsTooLarge(TooLarge):
    """The files that wait for a message of the user are as large as they may be."""

    message = "Request entity too large: send or cancel earlier uploads first"


class Quotas(msgspec.Struct, kw_only=True, frozen=True):
    """The most bytes of all files and pictures of one user and of one guild, and the most files and bytes of a user
    that no message has taken yet; 0 sets no bound.
    """

    user_bytes: int = 0
    guild_bytes: int = 0
    waiting_files: int = 0
    waiting_bytes: int = 0

    def list_owners(self, guild_id: int) -> list[int]:
        """Return the guilds that a unit must name which takes room in this one, 0 for none."""
        return [guild_id] if self.guild_bytes and guild_id else []

    async def require_room(self, tx: Transaction, more_bytes: int, *, user_id: int, guild_id: int) -> None:
        """Check that so much more may come. The unit names the user and `list_owners`. Raises QuotaReached."""
        if self.user_bytes:
            taken = await tx.files.measure(user_id=user_id) + await tx.pictures.measure(user_id=user_id)
            if taken + more_bytes > self.user_bytes:
                raise QuotaReached
        if self.guild_bytes and guild_id:
            taken = await tx.files.measure(guild_id=guild_id) + await tx.pictures.measure(guild_id=guild_id)
            if taken + more_bytes > self.guild_bytes:
                raise QuotaReached

    async def require_waiting(self, tx: Transaction, files: Collection[StoredFile], *, user_id: int) -> None:
        """Check that these may wait for a message, too. The unit names the user.

        Raises:
            TooManyUploads, UploadsTooLarge.
        """
        if not self.waiting_files and not self.waiting_bytes:
            return
        count, size = await tx.files.measure_waiting(user_id)
        if self.waiting_files and count + len(files) > self.waiting_files:
            raise TooManyUploads(self.waiting_files)
        if self.waiting_bytes and size + sum(file.size for file in files) > self.waiting_bytes:
            raise UploadsTooLarge
