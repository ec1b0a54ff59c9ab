"""A chat on the wire: a channel with its newest message and what of it is unread. Discord has no such object."""

import msgspec


class ChatObject(msgspec.Struct, kw_only=True):
    """An entry of the list of chats."""

    channel: msgspec.Raw
    """A `ChannelObject` or a `DirectChannelObject`."""
    last_message: msgspec.Raw | None
    """The newest message that still exists; None where the viewer may not read what was said."""
    last_read_id: str
    unread_count: int
    """The messages of others after the last one read; 100 stands for more."""
    mention_count: int
