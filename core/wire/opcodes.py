"""The gateway's opcodes: Discord's numbers (documentation, "Gateway Opcodes"; 14, 31 and 37 as its own clients use them)."""

import enum


class Opcode(enum.IntEnum):
    """`op` of a gateway payload."""

    DISPATCH = 0
    """An event to a client. From a client: an extension of ours, a message to send (`t` MESSAGE_CREATE)."""
    HEARTBEAT = 1
    """From a client: it lives. To a client: beat now."""
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11
    LAZY_GUILDS = 14
    REQUEST_SOUNDBOARD_SOUNDS = 31
    GUILD_SUBSCRIPTIONS = 37
