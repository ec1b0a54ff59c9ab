"""The gateway's opcodes: Discord's numbers (documentation, "Gateway Opcodes"; 14, 37 and 40 as its own clients use them)."""

import enum
from typing import Final


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
    QOS_HEARTBEAT = 40
    """A heartbeat of people's clients, which also says how they are."""


_SERVERS: Final = frozenset({Opcode.RECONNECT, Opcode.INVALID_SESSION, Opcode.HELLO, Opcode.HEARTBEAT_ACK})

BOT_OPCODES: Final = frozenset(range(44)) - _SERVERS - {5, 12}
"""What bots may send: Discord's documentation ends at 43 (channel info); of those between that are for people's clients nothing
comes. 5 and 12 are of clients that are long gone."""

CLIENT_OPCODES: Final = frozenset(range(61)) - _SERVERS
"""What any client may send. People's clients learn new ones all the time, and do without an answer."""
