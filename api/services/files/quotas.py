"""How much room the files and pictures of one user and of one guild may take, and how many uploads may wait."""

from collections.abc import Collection

from core.domain.errors import LimitReached, TooLarge
from core.domain.messages.attachment import StoredFile
from core.runtime.settings.current_limits import CurrentLimits
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


class Quotas:
    """The most bytes of all files and pictures of one user and of one guild, and the most files and bytes of a user
    that no message has taken yet; 0 sets no bound. Each question asks for the limits of now.
    """

    __slots__ = ("_current",)

    def __init__(self, current_limits: CurrentLimits) -> None:
        self._current = current_limits

    def list_owners(self, guild_id: int) -> list[int]:
        """Return the guilds that a unit must name which takes room in this one, 0 for none."""
        return [guild_id] if self._current.files.guild_quota_bytes and guild_id else []

    async def require_room(self, tx: Transaction, more_bytes: int, *, user_id: int, guild_id: int) -> None:
        """Check that so much more may come. The unit names the user and `list_owners`. Raises QuotaReached."""
        of_user, of_guild = self._current.files.user_quota_bytes, self._current.files.guild_quota_bytes
        if of_user:
            taken = await tx.files.measure(user_id=user_id) + await tx.pictures.measure(user_id=user_id)
            if taken + more_bytes > of_user:
                raise QuotaReached
        if of_guild and guild_id:
            taken = await tx.files.measure(guild_id=guild_id) + await tx.pictures.measure(guild_id=guild_id)
            if taken + more_bytes > of_guild:
                raise QuotaReached

    async def require_waiting(self, tx: Transaction, files: Collection[StoredFile], *, user_id: int) -> None:
        """Check that these may wait for a message, too. The unit names the user.

        Raises:
            TooManyUploads, UploadsTooLarge.
        """
        most, most_bytes = self._current.files.waiting_uploads, self._current.files.waiting_upload_bytes
        if not most and not most_bytes:
            return
        count, size = await tx.files.measure_waiting(user_id)
        if most and count + len(files) > most:
            raise TooManyUploads(most)
        if most_bytes and size + sum(file.size for file in files) > most_bytes:
            raise UploadsTooLarge
