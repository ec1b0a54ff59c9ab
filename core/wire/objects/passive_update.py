"""PASSIVE_UPDATE_V1 on the wire."""

import msgspec


class UnreadChannel(msgspec.Struct):
    """A channel with new messages."""

    id: str
    last_message_id: str


class PassiveUpdate(msgspec.Struct):
    """PASSIVE_UPDATE_V1."""

    guild_id: str
    channels: list[UnreadChannel]
    voice_states: list[msgspec.Raw] = []
    members: list[msgspec.Raw] = []
