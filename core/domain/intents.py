"""Gateway intents: which events a session asked for, and with that which events there are.

The tables are closed: each event that is dispatched stands in a row, those that need no intent too. A name in no row is a fault
of ours and raises, or a forgotten row would send an event to sessions that never asked for it. A guild's events and those of
users and direct channels have tables of their own, because one name may need another intent there.

Source: Discord's documentation, "Gateway Intents" and "Gateway Events". Rows also hold events that this server does not send yet.
"""

import enum
from typing import Final


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


ALL_INTENTS: Final = int(sum(Intent))
"""Every known bit: what a user's own session has, since people's clients send no intents."""

_WITHOUT_EVENTS: Final = sum(1 << bit for bit in (17, 18, 19, 22, 23, 26, 27, 28))
"""Bits that Discord takes as well and that name nothing here; defaults of some libraries have them."""

ACCEPTED_INTENTS: Final = ALL_INTENTS | _WITHOUT_EVENTS
"""What an Identify may ask for."""

PRIVILEGED = int(Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT)

_GUILD_EVENTS: Final[dict[Intent, tuple[str, ...]]] = {
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
    Intent.GUILD_EXPRESSIONS: (
        "GUILD_EMOJIS_UPDATE",
        "GUILD_STICKERS_UPDATE",
        "GUILD_SOUNDBOARD_SOUND_CREATE",
        "GUILD_SOUNDBOARD_SOUND_UPDATE",
        "GUILD_SOUNDBOARD_SOUND_DELETE",
        "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
    ),
    Intent.GUILD_INTEGRATIONS: (
        "GUILD_INTEGRATIONS_UPDATE",
        "INTEGRATION_CREATE",
        "INTEGRATION_UPDATE",
        "INTEGRATION_DELETE",
    ),
    Intent.GUILD_WEBHOOKS: ("WEBHOOKS_UPDATE",),
    Intent.GUILD_INVITES: ("INVITE_CREATE", "INVITE_DELETE"),
    Intent.GUILD_VOICE_STATES: ("VOICE_STATE_UPDATE", "VOICE_CHANNEL_EFFECT_SEND"),
    Intent.GUILD_PRESENCES: ("PRESENCE_UPDATE",),
    Intent.GUILD_MESSAGES: ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK"),
    Intent.GUILD_MESSAGE_REACTIONS: (
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "MESSAGE_REACTION_REMOVE_ALL",
        "MESSAGE_REACTION_REMOVE_EMOJI",
    ),
    Intent.GUILD_MESSAGE_TYPING: ("TYPING_START",),
    Intent.GUILD_SCHEDULED_EVENTS: (
        "GUILD_SCHEDULED_EVENT_CREATE",
        "GUILD_SCHEDULED_EVENT_UPDATE",
        "GUILD_SCHEDULED_EVENT_DELETE",
        "GUILD_SCHEDULED_EVENT_USER_ADD",
        "GUILD_SCHEDULED_EVENT_USER_REMOVE",
    ),
    Intent.AUTO_MODERATION_CONFIGURATION: (
        "AUTO_MODERATION_RULE_CREATE",
        "AUTO_MODERATION_RULE_UPDATE",
        "AUTO_MODERATION_RULE_DELETE",
    ),
    Intent.AUTO_MODERATION_EXECUTION: ("AUTO_MODERATION_ACTION_EXECUTION",),
    Intent.GUILD_MESSAGE_POLLS: ("MESSAGE_POLL_VOTE_ADD", "MESSAGE_POLL_VOTE_REMOVE"),
}
_DIRECT_EVENTS: Final[dict[Intent, tuple[str, ...]]] = {
    Intent.DIRECT_MESSAGES: ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "CHANNEL_PINS_UPDATE"),
    Intent.DIRECT_MESSAGE_REACTIONS: (
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "MESSAGE_REACTION_REMOVE_ALL",
        "MESSAGE_REACTION_REMOVE_EMOJI",
    ),
    Intent.DIRECT_MESSAGE_TYPING: ("TYPING_START",),
    Intent.DIRECT_MESSAGE_POLLS: ("MESSAGE_POLL_VOTE_ADD", "MESSAGE_POLL_VOTE_REMOVE"),
}
_GUILD_EVENTS_OF_ALL: Final = (
    # Answers to what a session asked for, and what is for one session's eyes.
    "GUILD_MEMBERS_CHUNK",
    "GUILD_MEMBER_LIST_UPDATE",
    "PASSIVE_UPDATE_V1",
    "MESSAGE_SEND_ERROR",
    "SOUNDBOARD_SOUNDS",
    "VOICE_SERVER_UPDATE",
    "APPLICATION_COMMAND_PERMISSIONS_UPDATE",
    "INTERACTION_CREATE",
)
"""Events of guilds that need no intent."""
_DIRECT_EVENTS_OF_ALL: Final = (
    "READY",
    "RESUMED",
    "SESSIONS_REPLACE",
    "USER_UPDATE",
    "CHANNEL_CREATE",
    "CHANNEL_UPDATE",
    "CHANNEL_DELETE",
    "MESSAGE_SEND_ERROR",
    "INTERACTION_CREATE",
    "ENTITLEMENT_CREATE",
    "ENTITLEMENT_UPDATE",
    "ENTITLEMENT_DELETE",
    "SUBSCRIPTION_CREATE",
    "SUBSCRIPTION_UPDATE",
    "SUBSCRIPTION_DELETE",
)
"""Events of users and direct channels that need no intent."""


def _index(rows: dict[Intent, tuple[str, ...]], of_all: tuple[str, ...]) -> dict[str, int]:
    return dict.fromkeys(of_all, 0) | {event: int(intent) for intent, events in rows.items() for event in events}


_GUILD_INTENT: Final = _index(_GUILD_EVENTS, _GUILD_EVENTS_OF_ALL)
_DIRECT_INTENT: Final = _index(_DIRECT_EVENTS, _DIRECT_EVENTS_OF_ALL)

EVENTS: Final = frozenset(_GUILD_INTENT) | frozenset(_DIRECT_INTENT)
"""The name of every event that a client can get."""

CONTENT_EVENTS = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE"})
"""Events whose content is emptied for sessions without MESSAGE_CONTENT."""


_OF_TEXT: Final = (
    Intent.GUILD_MESSAGES,
    Intent.GUILD_MESSAGE_REACTIONS,
    Intent.GUILD_MESSAGE_TYPING,
    Intent.GUILD_MESSAGE_POLLS,
)
TEXT_EVENTS: Final = frozenset(
    {"CHANNEL_PINS_UPDATE", *(event for intent in _OF_TEXT for event in _GUILD_EVENTS[intent])}
)
"""Events of what is written in a guild's channel: for those who may read it, which in voice channels not all viewers may."""


class UnknownEvent(LookupError):
    """An event in no table: a fault of ours. It is sent to nobody."""


def required_intent(event: str, *, in_guild: bool) -> int:
    """The intent bit that an event needs, 0 when it needs none.

    Raises:
        UnknownEvent: for an event that has no row there.
    """
    intent = (_GUILD_INTENT if in_guild else _DIRECT_INTENT).get(event)
    if intent is None:
        raise UnknownEvent(event)
    return intent
