"""Files that a message is about to have, from their rows to the message's row."""

from types import TracebackType
from typing import Self

from api.services.files.stored_files import StoredFiles
from core.domain.errors import OutcomeUnknown
from core.domain.messages.attachment import Attachment


class AttachedFiles:
    """A context, at whose end the files that no message has are removed or released.

    When it is not known whether the message was stored, they stay, and the sweep looks whether a message has them.
    """

    __slots__ = ("_files", "attachments", "claimed_ids", "is_kept", "made_ids")

    def __init__(self, files: StoredFiles) -> None:
        self._files = files
        self.attachments: tuple[Attachment, ...] = ()
        self.made_ids: list[int] = []
        """The files that are there for this message alone."""
        self.claimed_ids: list[int] = []
        """The files that were uploaded ahead."""
        self.is_kept = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self.is_kept and not isinstance(error, OutcomeUnknown):
            await self._files.try_give_up(self.made_ids)
            await self._files.try_release(self.claimed_ids)

    async def use(self, message_id: int) -> None:
        """Note that the message is stored. What cannot be noted now, the sweep notes later."""
        self.is_kept = True
        await self._files.try_use([each.id for each in self.attachments], message_id)
