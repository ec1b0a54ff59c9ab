"""The rows that files of messages begin with: an id, and a time until which a message must have the file."""

from api.services.ids import IdSource
from core.domain.channels.channel import Channel
from core.domain.messages.attachment import FileState, StoredFile
from core.runtime.clock import Clock


class FileRows:
    """Makes rows, which `StoredFiles.add` stores."""

    __slots__ = ("_clock", "_ids", "lifetime_s")

    def __init__(self, *, ids: IdSource, clock: Clock, lifetime_s: float) -> None:
        """`lifetime_s` is the time that a file has until a message must have it."""
        self._ids = ids
        self._clock = clock
        self.lifetime_s = lifetime_s

    def compute_expiry_ms(self) -> int:
        """Return the end of the time of a file whose time begins now."""
        return self._clock.now_ms() + int(self.lifetime_s * 1000)

    def make(  # noqa: PLR0913 - what is known of a file, by name
        self,
        channel: Channel,
        user_id: int,
        *,
        state: FileState,
        filename: str,
        size: int,
        content_type: str = "",
        width: int = 0,
        height: int = 0,
        message_id: int = 0,
    ) -> StoredFile:
        """Make the row of a user's file in a channel. `message_id` is that of a message that is there already."""
        return StoredFile(
            id=self._ids.next(),
            channel_id=channel.id,
            guild_id=channel.guild_id,
            user_id=user_id,
            message_id=message_id,
            state=int(state),
            filename=filename,
            content_type=content_type,
            size=size,
            width=width,
            height=height,
            expires_ms=self.compute_expiry_ms(),
        )
