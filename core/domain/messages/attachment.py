"""Attachments of messages, and the files that they are of.

A file has a row of its own from the moment at which its bytes may begin to come (`StoredFile`), so that whatever was
left half done can be found and removed. A message carries a copy of what it shows of its files (`Attachment`). Both
have the same id, and no other message has it.
"""

import enum

import msgspec

SPOILER_PREFIX = "SPOILER_"
"""Clients hide a picture whose name begins so until it is clicked."""

IS_SPOILER = 1 << 3
"""The flag of an attachment that is hidden until it is clicked."""


class Attachment(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A file as a message shows it. `width` and `height` are in pixels, and 0 for what is no picture."""

    id: int
    filename: str
    size: int
    """In bytes."""
    content_type: str = ""
    title: str | None = None
    description: str | None = None
    width: int = 0
    height: int = 0
    duration_s: float | None = None
    waveform: str | None = None
    flags: int = 0


class FileState(enum.IntEnum):
    """The stages of a file, each after the one before, but for the last one."""

    EXPECTED = 0
    """The bytes may come."""
    STORED = 1
    """The bytes are there, and a message may take them."""
    CLAIMED = 2
    """A message is being sent with it."""
    USED = 3
    """A message has it."""
    GONE = 4
    """Nothing refers to it any more; the bytes are removed, then the row."""
    ARRIVING = 5
    """Between EXPECTED and STORED: all bytes of one request have come, and only that one puts them in their place."""


class StoredFile(msgspec.Struct, kw_only=True, frozen=True):
    """A file, as the store knows it. `expires_ms` counts until a message has it."""

    id: int
    channel_id: int
    guild_id: int
    user_id: int
    message_id: int = 0
    """The message that has the file, or is to have it; 0 while that is not known."""
    state: int = FileState.EXPECTED
    filename: str
    content_type: str = ""
    size: int
    """In bytes. Until the bytes are there, the most that may come."""
    width: int = 0
    height: int = 0
    expires_ms: int
