"""Gateway intents: which events a session asked for.

The table is Discord's (documentation, "Gateway Intents"). An event in no row always passes.
"""

import enum


class Intent(enum.IntFlag):
    """Bits of Identify's `intents`."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


ALL_INTENTS = int(sum(Intent))
"""Every known bit: what a user's own session has, since people's clients send no intents."""

PRIVILEGED = int(Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT)

_GUILD_EVENTS: dict[Intent, tuple[str, ...]] = {
    Intent.GUILDS: (
        "GUILD_CREATE",
        "GUILD_UPDATE",
        "GUILD_DELETE",
        "GUILD_ROLE_CREATE",
        "GUILD_ROLE_UPDATE",
        "GUILD_ROLE_DELETE",
        "CHANNEL_CREATE",
        "CHANNEL_UPDATE",
        "CHANNEL_DELETE",
        "CHANNEL_PINS_UPDATE",
        "THREAD_CREATE",
        "THREAD_UPDATE",
        "THREAD_DELETE",
        "THREAD_LIST_SYNC",
        "THREAD_MEMBER_UPDATE",
        "STAGE_INSTANCE_CREATE",
        "STAGE_INSTANCE_UPDATE",
        "STAGE_INSTANCE_DELETE",
    ),
    Intent.GUILD_MEMBERS: ("GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE", "THREAD_MEMBERS_UPDATE"),
    Intent.GUILD_MODERATION: ("GUILD_AUDIT_LOG_ENTRY_CREATE", "GUILD_BAN_ADD", "GUILD_BAN_REMOVE"),
    Intent.GUILD_INVITES: ("INVITE_CREATE", "INVITE_DELETE"),
    Intent.GUILD_VOICE_STATES: ("VOICE_STATE_UPDATE",),
    Intent.GUILD_PRESENCES: ("PRESENCE_UPDATE",),
    Intent.GUILD_MESSAGES: ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK"),
    Intent.GUILD_MESSAGE_TYPING: ("TYPING_START",),
}
_DIRECT_EVENTS: dict[Intent, tuple[str, ...]] = {
    Intent.DIRECT_MESSAGES: ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "CHANNEL_PINS_UPDATE"),
    Intent.DIRECT_MESSAGE_TYPING: ("TYPING_START",),
}
_GUILD_INTENT = {event: int(intent) for intent, events in _GUILD_EVENTS.items() for event in events}
_DIRECT_INTENT = {event: int(intent) for intent, events in _DIRECT_EVENTS.items() for event in events}

CONTENT_EVENTS = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE"})
"""Events whose content is emptied for sessions without MESSAGE_CONTENT."""


def required_intent(event: str, *, in_guild: bool) -> int:
    """The intent bit that an event needs, 0 when it always passes."""
    return (_GUILD_INTENT if in_guild else _DIRECT_INTENT).get(event, 0)
