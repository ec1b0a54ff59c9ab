"""The gateway's opcodes: Discord's numbers (documentation, "Gateway Opcodes"; 13 to 20, 35–37 and 40 as in clients)."""

import enum
from typing import Final


class Opcode(enum.IntEnum):
    """`op` of a gateway payload."""

    DISPATCH = 0
    """An event to a client. From a client it is our extension: a message to send (`t` MESSAGE_CREATE)."""
    HEARTBEAT = 1
    """A client sends it as a sign of life, and the server to ask for one."""
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11
    CALL_CONNECT = 13
    LAZY_GUILDS = 14
    STREAM_CREATE = 18
    STREAM_DELETE = 19
    STREAM_WATCH = 20
    REQUEST_SOUNDBOARD_SOUNDS = 31
    SEARCH_RECENT_MEMBERS = 35
    REQUEST_CHANNEL_STATUSES = 36
    GUILD_SUBSCRIPTIONS = 37
    QOS_HEARTBEAT = 40
    """A heartbeat of people's clients, with statistics about them."""
    REQUEST_CHANNEL_INFO = 43


_SERVERS: Final = frozenset({Opcode.RECONNECT, Opcode.INVALID_SESSION, Opcode.HELLO, Opcode.HEARTBEAT_ACK})

BOT_OPCODES: Final = frozenset(range(44)) - _SERVERS - {5, 12}
"""Opcodes that bots may send. Discord's documentation ends at 43 (channel info); those between that are for people's
clients get no answer. 5 and 12 belong to clients that no longer exist."""

CLIENT_OPCODES: Final = frozenset(range(61)) - _SERVERS
"""Opcodes that any client may send. People's clients often get new ones, and work without an answer."""
