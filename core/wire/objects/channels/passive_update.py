"""The three forms in which a person's client hears of new messages in a guild that it does not look at."""

from collections.abc import Sequence
from typing import Final

import msgspec

from core.domain.events import CHANNEL_UNREAD_UPDATE, PASSIVE_UPDATE_V1, PASSIVE_UPDATE_V2


class UnreadChannel(msgspec.Struct, frozen=True, omit_defaults=True):
    """A channel with new messages."""

    id: str
    last_message_id: str
    last_pin_timestamp: str | None = None


class ChannelUnreadUpdate(msgspec.Struct):
    """CHANNEL_UNREAD_UPDATE, the oldest form."""

    guild_id: str
    channel_unread_updates: Sequence[UnreadChannel]


class PassiveUpdate(msgspec.Struct):
    """PASSIVE_UPDATE_V1."""

    guild_id: str
    channels: Sequence[UnreadChannel]
    voice_states: Sequence[msgspec.Raw] = ()
    members: Sequence[msgspec.Raw] = ()


class PassiveUpdate2(msgspec.Struct):
    """PASSIVE_UPDATE_V2, which tells changes of voice states instead of all."""

    guild_id: str
    updated_channels: Sequence[UnreadChannel]
    updated_voice_states: Sequence[msgspec.Raw] = ()
    removed_voice_states: Sequence[str] = ()
    updated_members: Sequence[msgspec.Raw] = ()


_FORMS: Final = {
    CHANNEL_UNREAD_UPDATE: ChannelUnreadUpdate,
    PASSIVE_UPDATE_V1: PassiveUpdate,
    PASSIVE_UPDATE_V2: PassiveUpdate2,
}


def encode_passive_update(event: str, guild_id: int, channels: Sequence[UnreadChannel]) -> bytes:
    """Return `d` of one of the three events, as JSON."""
    return msgspec.json.encode(_FORMS[event](str(guild_id), channels))
