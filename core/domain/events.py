"""Events: their names, the intent that each of them needs, and its audience.

This is the one table of events. The rest of the code uses the names that are bound here, so that a misspelt name or a
forgotten row fails when a module is imported. The table is closed: an event without a row raises, or it would reach
sessions that never asked for it. An event may need one intent in guilds and another one among users and in direct
channels, so a row has both.

Source: Discord's documentation, "Gateway Intents" and "Gateway Events". The table also has events that this server does
not send yet.
"""

import enum
from typing import Final

import msgspec

from core.domain.intents import Intent


class Audience(enum.IntEnum):
    """The sessions that may see an event. Its intent narrows them further."""

    GUILD = 0
    """Every session attached to the guild."""
    CHANNEL = 1
    """The sessions attached to the guild that can view the channel, and for messages may read them."""
    GUILD_PERMISSION = 2
    """The sessions attached to the guild whose members have one of some permissions, in the channel if there is one."""
    USER = 3
    """Every session of the user."""


class EventKind(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table."""

    name: str
    guild_intent: int | None
    """The intent bit that the event needs in guilds: 0 for none, None when guilds have no such event."""
    direct_intent: int | None
    """The intent bit that it needs for users and in direct channels, alike."""
    audience: Audience | None
    """The audience in a guild, or USER where only users have it. None when the gateway makes it for one session."""


class UnknownEvent(LookupError):
    """The event is in no table, which is a fault of the server. It is sent to nobody."""


class WrongAudience(ValueError):
    """The event has an audience that may not see it, which is a fault of the server. It is sent to nobody."""


_KINDS: Final[dict[str, EventKind]] = {}


def _row(name: str, guild: int | None = None, audience: Audience | None = None, *, direct: int | None = None) -> str:
    guild_intent, direct_intent = (None if intent is None else int(intent) for intent in (guild, direct))
    _KINDS[name] = EventKind(name=name, guild_intent=guild_intent, direct_intent=direct_intent, audience=audience)
    return name


# GUILDS
GUILD_CREATE: Final = _row("GUILD_CREATE", Intent.GUILDS)
GUILD_UPDATE: Final = _row("GUILD_UPDATE", Intent.GUILDS, Audience.GUILD)
GUILD_DELETE: Final = _row("GUILD_DELETE", Intent.GUILDS, Audience.GUILD)
GUILD_ROLE_CREATE: Final = _row("GUILD_ROLE_CREATE", Intent.GUILDS, Audience.GUILD)
GUILD_ROLE_UPDATE: Final = _row("GUILD_ROLE_UPDATE", Intent.GUILDS, Audience.GUILD)
GUILD_ROLE_DELETE: Final = _row("GUILD_ROLE_DELETE", Intent.GUILDS, Audience.GUILD)
CHANNEL_CREATE: Final = _row("CHANNEL_CREATE", Intent.GUILDS, Audience.CHANNEL, direct=0)
CHANNEL_UPDATE: Final = _row("CHANNEL_UPDATE", Intent.GUILDS, Audience.CHANNEL, direct=0)
CHANNEL_DELETE: Final = _row("CHANNEL_DELETE", Intent.GUILDS, Audience.CHANNEL, direct=0)
CHANNEL_PINS_UPDATE: Final = _row("CHANNEL_PINS_UPDATE", Intent.GUILDS, Audience.CHANNEL, direct=Intent.DIRECT_MESSAGES)
CHANNEL_RECIPIENT_ADD: Final = _row("CHANNEL_RECIPIENT_ADD", direct=0, audience=Audience.USER)
CHANNEL_RECIPIENT_REMOVE: Final = _row("CHANNEL_RECIPIENT_REMOVE", direct=0, audience=Audience.USER)
THREAD_CREATE: Final = _row("THREAD_CREATE", Intent.GUILDS, Audience.CHANNEL)
THREAD_UPDATE: Final = _row("THREAD_UPDATE", Intent.GUILDS, Audience.CHANNEL)
THREAD_DELETE: Final = _row("THREAD_DELETE", Intent.GUILDS, Audience.CHANNEL)
THREAD_LIST_SYNC: Final = _row("THREAD_LIST_SYNC", Intent.GUILDS, Audience.USER)
THREAD_MEMBER_UPDATE: Final = _row("THREAD_MEMBER_UPDATE", Intent.GUILDS, Audience.USER)
VOICE_CHANNEL_STATUS_UPDATE: Final = _row("VOICE_CHANNEL_STATUS_UPDATE", Intent.GUILDS, Audience.CHANNEL)
STAGE_INSTANCE_CREATE: Final = _row("STAGE_INSTANCE_CREATE", Intent.GUILDS, Audience.CHANNEL)
STAGE_INSTANCE_UPDATE: Final = _row("STAGE_INSTANCE_UPDATE", Intent.GUILDS, Audience.CHANNEL)
STAGE_INSTANCE_DELETE: Final = _row("STAGE_INSTANCE_DELETE", Intent.GUILDS, Audience.CHANNEL)

# GUILD_MEMBERS
GUILD_MEMBER_ADD: Final = _row("GUILD_MEMBER_ADD", Intent.GUILD_MEMBERS, Audience.GUILD)
GUILD_MEMBER_UPDATE: Final = _row("GUILD_MEMBER_UPDATE", Intent.GUILD_MEMBERS, Audience.GUILD)
GUILD_MEMBER_REMOVE: Final = _row("GUILD_MEMBER_REMOVE", Intent.GUILD_MEMBERS, Audience.GUILD)
THREAD_MEMBERS_UPDATE: Final = _row("THREAD_MEMBERS_UPDATE", Intent.GUILD_MEMBERS, Audience.CHANNEL)

# GUILD_MODERATION
GUILD_AUDIT_LOG_ENTRY_CREATE: Final = _row(
    "GUILD_AUDIT_LOG_ENTRY_CREATE", Intent.GUILD_MODERATION, Audience.GUILD_PERMISSION
)
GUILD_BAN_ADD: Final = _row("GUILD_BAN_ADD", Intent.GUILD_MODERATION, Audience.GUILD_PERMISSION)
GUILD_BAN_REMOVE: Final = _row("GUILD_BAN_REMOVE", Intent.GUILD_MODERATION, Audience.GUILD_PERMISSION)

# GUILD_EXPRESSIONS
GUILD_EMOJIS_UPDATE: Final = _row("GUILD_EMOJIS_UPDATE", Intent.GUILD_EXPRESSIONS, Audience.GUILD)
GUILD_STICKERS_UPDATE: Final = _row("GUILD_STICKERS_UPDATE", Intent.GUILD_EXPRESSIONS, Audience.GUILD)
GUILD_SOUNDBOARD_SOUND_CREATE: Final = _row("GUILD_SOUNDBOARD_SOUND_CREATE", Intent.GUILD_EXPRESSIONS, Audience.GUILD)
GUILD_SOUNDBOARD_SOUND_UPDATE: Final = _row("GUILD_SOUNDBOARD_SOUND_UPDATE", Intent.GUILD_EXPRESSIONS, Audience.GUILD)
GUILD_SOUNDBOARD_SOUND_DELETE: Final = _row("GUILD_SOUNDBOARD_SOUND_DELETE", Intent.GUILD_EXPRESSIONS, Audience.GUILD)
GUILD_SOUNDBOARD_SOUNDS_UPDATE: Final = _row("GUILD_SOUNDBOARD_SOUNDS_UPDATE", Intent.GUILD_EXPRESSIONS, Audience.GUILD)

# GUILD_INTEGRATIONS
GUILD_INTEGRATIONS_UPDATE: Final = _row("GUILD_INTEGRATIONS_UPDATE", Intent.GUILD_INTEGRATIONS, Audience.GUILD)
INTEGRATION_CREATE: Final = _row("INTEGRATION_CREATE", Intent.GUILD_INTEGRATIONS, Audience.GUILD)
INTEGRATION_UPDATE: Final = _row("INTEGRATION_UPDATE", Intent.GUILD_INTEGRATIONS, Audience.GUILD)
INTEGRATION_DELETE: Final = _row("INTEGRATION_DELETE", Intent.GUILD_INTEGRATIONS, Audience.GUILD)

# GUILD_WEBHOOKS
WEBHOOKS_UPDATE: Final = _row("WEBHOOKS_UPDATE", Intent.GUILD_WEBHOOKS, Audience.CHANNEL)

# GUILD_INVITES
INVITE_CREATE: Final = _row("INVITE_CREATE", Intent.GUILD_INVITES, Audience.GUILD_PERMISSION)
INVITE_DELETE: Final = _row("INVITE_DELETE", Intent.GUILD_INVITES, Audience.GUILD_PERMISSION)

# GUILD_VOICE_STATES
VOICE_STATE_UPDATE: Final = _row("VOICE_STATE_UPDATE", Intent.GUILD_VOICE_STATES, Audience.CHANNEL, direct=0)
VOICE_CHANNEL_EFFECT_SEND: Final = _row("VOICE_CHANNEL_EFFECT_SEND", Intent.GUILD_VOICE_STATES, Audience.CHANNEL)

# GUILD_PRESENCES
PRESENCE_UPDATE: Final = _row("PRESENCE_UPDATE", Intent.GUILD_PRESENCES, Audience.GUILD, direct=0)

# GUILD_MESSAGES
MESSAGE_CREATE: Final = _row("MESSAGE_CREATE", Intent.GUILD_MESSAGES, Audience.CHANNEL, direct=Intent.DIRECT_MESSAGES)
MESSAGE_UPDATE: Final = _row("MESSAGE_UPDATE", Intent.GUILD_MESSAGES, Audience.CHANNEL, direct=Intent.DIRECT_MESSAGES)
MESSAGE_DELETE: Final = _row("MESSAGE_DELETE", Intent.GUILD_MESSAGES, Audience.CHANNEL, direct=Intent.DIRECT_MESSAGES)
MESSAGE_DELETE_BULK: Final = _row("MESSAGE_DELETE_BULK", Intent.GUILD_MESSAGES, Audience.CHANNEL)

# GUILD_MESSAGE_REACTIONS
MESSAGE_REACTION_ADD: Final = _row(
    "MESSAGE_REACTION_ADD", Intent.GUILD_MESSAGE_REACTIONS, Audience.CHANNEL, direct=Intent.DIRECT_MESSAGE_REACTIONS
)
MESSAGE_REACTION_REMOVE: Final = _row(
    "MESSAGE_REACTION_REMOVE", Intent.GUILD_MESSAGE_REACTIONS, Audience.CHANNEL, direct=Intent.DIRECT_MESSAGE_REACTIONS
)
MESSAGE_REACTION_REMOVE_ALL: Final = _row(
    "MESSAGE_REACTION_REMOVE_ALL",
    Intent.GUILD_MESSAGE_REACTIONS,
    Audience.CHANNEL,
    direct=Intent.DIRECT_MESSAGE_REACTIONS,
)
MESSAGE_REACTION_REMOVE_EMOJI: Final = _row(
    "MESSAGE_REACTION_REMOVE_EMOJI",
    Intent.GUILD_MESSAGE_REACTIONS,
    Audience.CHANNEL,
    direct=Intent.DIRECT_MESSAGE_REACTIONS,
)

# GUILD_MESSAGE_TYPING
TYPING_START: Final = _row(
    "TYPING_START", Intent.GUILD_MESSAGE_TYPING, Audience.CHANNEL, direct=Intent.DIRECT_MESSAGE_TYPING
)

# GUILD_SCHEDULED_EVENTS
GUILD_SCHEDULED_EVENT_CREATE: Final = _row(
    "GUILD_SCHEDULED_EVENT_CREATE", Intent.GUILD_SCHEDULED_EVENTS, Audience.GUILD
)
GUILD_SCHEDULED_EVENT_UPDATE: Final = _row(
    "GUILD_SCHEDULED_EVENT_UPDATE", Intent.GUILD_SCHEDULED_EVENTS, Audience.GUILD
)
GUILD_SCHEDULED_EVENT_DELETE: Final = _row(
    "GUILD_SCHEDULED_EVENT_DELETE", Intent.GUILD_SCHEDULED_EVENTS, Audience.GUILD
)
GUILD_SCHEDULED_EVENT_USER_ADD: Final = _row(
    "GUILD_SCHEDULED_EVENT_USER_ADD", Intent.GUILD_SCHEDULED_EVENTS, Audience.GUILD
)
GUILD_SCHEDULED_EVENT_USER_REMOVE: Final = _row(
    "GUILD_SCHEDULED_EVENT_USER_REMOVE", Intent.GUILD_SCHEDULED_EVENTS, Audience.GUILD
)

# AUTO_MODERATION_CONFIGURATION
AUTO_MODERATION_RULE_CREATE: Final = _row(
    "AUTO_MODERATION_RULE_CREATE", Intent.AUTO_MODERATION_CONFIGURATION, Audience.GUILD_PERMISSION
)
AUTO_MODERATION_RULE_UPDATE: Final = _row(
    "AUTO_MODERATION_RULE_UPDATE", Intent.AUTO_MODERATION_CONFIGURATION, Audience.GUILD_PERMISSION
)
AUTO_MODERATION_RULE_DELETE: Final = _row(
    "AUTO_MODERATION_RULE_DELETE", Intent.AUTO_MODERATION_CONFIGURATION, Audience.GUILD_PERMISSION
)

# AUTO_MODERATION_EXECUTION
AUTO_MODERATION_ACTION_EXECUTION: Final = _row(
    "AUTO_MODERATION_ACTION_EXECUTION", Intent.AUTO_MODERATION_EXECUTION, Audience.GUILD_PERMISSION
)

# GUILD_MESSAGE_POLLS
MESSAGE_POLL_VOTE_ADD: Final = _row(
    "MESSAGE_POLL_VOTE_ADD", Intent.GUILD_MESSAGE_POLLS, Audience.CHANNEL, direct=Intent.DIRECT_MESSAGE_POLLS
)
MESSAGE_POLL_VOTE_REMOVE: Final = _row(
    "MESSAGE_POLL_VOTE_REMOVE", Intent.GUILD_MESSAGE_POLLS, Audience.CHANNEL, direct=Intent.DIRECT_MESSAGE_POLLS
)

# Events of guilds, without an intent
GUILD_MEMBERS_CHUNK: Final = _row("GUILD_MEMBERS_CHUNK", 0)
GUILD_MEMBER_LIST_UPDATE: Final = _row("GUILD_MEMBER_LIST_UPDATE", 0)
CHANNEL_UNREAD_UPDATE: Final = _row("CHANNEL_UNREAD_UPDATE", 0)
PASSIVE_UPDATE_V1: Final = _row("PASSIVE_UPDATE_V1", 0)
PASSIVE_UPDATE_V2: Final = _row("PASSIVE_UPDATE_V2", 0)
MESSAGE_SEND_ERROR: Final = _row("MESSAGE_SEND_ERROR", 0, direct=0)
STREAM_DELETE: Final = _row("STREAM_DELETE", 0, direct=0)
SOUNDBOARD_SOUNDS: Final = _row("SOUNDBOARD_SOUNDS", 0)
CHANNEL_INFO: Final = _row("CHANNEL_INFO", 0)
CHANNEL_STATUSES: Final = _row("CHANNEL_STATUSES", 0)
VOICE_SERVER_UPDATE: Final = _row("VOICE_SERVER_UPDATE", 0, Audience.USER)
APPLICATION_COMMAND_PERMISSIONS_UPDATE: Final = _row("APPLICATION_COMMAND_PERMISSIONS_UPDATE", 0, Audience.GUILD)
INTERACTION_CREATE: Final = _row("INTERACTION_CREATE", 0, Audience.USER, direct=0)

# Events of users, without an intent
READY: Final = _row("READY", direct=0)
READY_SUPPLEMENTAL: Final = _row("READY_SUPPLEMENTAL", direct=0)
RESUMED: Final = _row("RESUMED", direct=0)
SESSIONS_REPLACE: Final = _row("SESSIONS_REPLACE", direct=0)
CALL_CREATE: Final = _row("CALL_CREATE", direct=0, audience=Audience.USER)
CALL_UPDATE: Final = _row("CALL_UPDATE", direct=0, audience=Audience.USER)
CALL_DELETE: Final = _row("CALL_DELETE", direct=0, audience=Audience.USER)
CALL_PEERS_UPDATE: Final = _row("CALL_PEERS_UPDATE", direct=0, audience=Audience.USER)
CALL_PEER_SIGNAL: Final = _row("CALL_PEER_SIGNAL", direct=0, audience=Audience.USER)
MESSAGE_ACK: Final = _row("MESSAGE_ACK", direct=0, audience=Audience.USER)
CHANNEL_PINS_ACK: Final = _row("CHANNEL_PINS_ACK", direct=0, audience=Audience.USER)
READ_RECEIPT_UPDATE: Final = _row("READ_RECEIPT_UPDATE", direct=0, audience=Audience.USER)
READ_RECEIPT_SETTINGS_UPDATE: Final = _row("READ_RECEIPT_SETTINGS_UPDATE", direct=0, audience=Audience.USER)
RECENT_MENTION_DELETE: Final = _row("RECENT_MENTION_DELETE", direct=0, audience=Audience.USER)
USER_UPDATE: Final = _row("USER_UPDATE", direct=0, audience=Audience.USER)
USER_SETTINGS_UPDATE: Final = _row("USER_SETTINGS_UPDATE", direct=0, audience=Audience.USER)
USER_SETTINGS_PROTO_UPDATE: Final = _row("USER_SETTINGS_PROTO_UPDATE", direct=0, audience=Audience.USER)
USER_GUILD_SETTINGS_UPDATE: Final = _row("USER_GUILD_SETTINGS_UPDATE", direct=0, audience=Audience.USER)
NOTIFICATION_SETTINGS_UPDATE: Final = _row("NOTIFICATION_SETTINGS_UPDATE", direct=0, audience=Audience.USER)
USER_NOTE_UPDATE: Final = _row("USER_NOTE_UPDATE", direct=0, audience=Audience.USER)
RELATIONSHIP_ADD: Final = _row("RELATIONSHIP_ADD", direct=0, audience=Audience.USER)
RELATIONSHIP_UPDATE: Final = _row("RELATIONSHIP_UPDATE", direct=0, audience=Audience.USER)
RELATIONSHIP_REMOVE: Final = _row("RELATIONSHIP_REMOVE", direct=0, audience=Audience.USER)
ENTITLEMENT_CREATE: Final = _row("ENTITLEMENT_CREATE", direct=0, audience=Audience.USER)
ENTITLEMENT_UPDATE: Final = _row("ENTITLEMENT_UPDATE", direct=0, audience=Audience.USER)
ENTITLEMENT_DELETE: Final = _row("ENTITLEMENT_DELETE", direct=0, audience=Audience.USER)
SUBSCRIPTION_CREATE: Final = _row("SUBSCRIPTION_CREATE", direct=0, audience=Audience.USER)
SUBSCRIPTION_UPDATE: Final = _row("SUBSCRIPTION_UPDATE", direct=0, audience=Audience.USER)
SUBSCRIPTION_DELETE: Final = _row("SUBSCRIPTION_DELETE", direct=0, audience=Audience.USER)

EVENTS: Final = frozenset(_KINDS)
"""The name of every event that a client can get."""

# Internal events go between tiers and never reach a client. Their bodies are in `core.wire.internal_events`.
SESSION_REVOKED: Final = "_SESSION_REVOKED"
"""An auth session ended. Its gateway sessions are closed with 4004."""
GUILD_JOINED: Final = "_GUILD_JOINED"
"""The user became a member. Its sessions are attached to the guild and get GUILD_CREATE."""
USER_OFFLINE: Final = "_USER_OFFLINE"
"""The last of the user's gateway sessions is gone. An invisible user is not offline. The event is volatile."""
USER_UNSEEN: Final = "_USER_UNSEEN"
"""Others see the user as offline from now on, who went so or became invisible. The event is volatile."""
LIMITS_CHANGED: Final = "_LIMITS_CHANGED"
"""Staff has set limits of the instance. The event is the operator's, whose log each process follows, as it does all."""
INTERNAL_EVENTS: Final = frozenset({SESSION_REVOKED, GUILD_JOINED, USER_OFFLINE, USER_UNSEEN, LIMITS_CHANGED})

RELATIONSHIP_EVENTS: Final = frozenset({RELATIONSHIP_ADD, RELATIONSHIP_UPDATE, RELATIONSHIP_REMOVE})
"""Events of a person's friends, requests and blocks."""

PRIVATE_CHANNEL_EVENTS: Final = frozenset(
    {CHANNEL_CREATE, CHANNEL_UPDATE, CHANNEL_DELETE, CHANNEL_RECIPIENT_ADD, CHANNEL_RECIPIENT_REMOVE}
)
"""Events of a user after which a private channel is another one, or seen by others."""

PRIVATE_RIGHTS_EVENTS: Final = RELATIONSHIP_EVENTS | PRIVATE_CHANNEL_EVENTS | {USER_SETTINGS_UPDATE}
"""Events of a user after which somebody may no longer write to the user, or the user to others."""

MEMBER_EVENTS: Final = frozenset({GUILD_MEMBER_ADD, GUILD_MEMBER_UPDATE, GUILD_MEMBER_REMOVE})
"""Events about the members of a guild."""

RIGHTS_EVENTS: Final = frozenset(
    {
        GUILD_UPDATE,
        GUILD_DELETE,
        GUILD_ROLE_UPDATE,
        GUILD_ROLE_DELETE,
        CHANNEL_UPDATE,
        CHANNEL_DELETE,
        GUILD_MEMBER_UPDATE,
        GUILD_MEMBER_REMOVE,
    }
)
"""Events after which somebody may have fewer rights in a guild. What is new takes none away."""

CONTENT_EVENTS: Final = frozenset({MESSAGE_CREATE, MESSAGE_UPDATE})
"""Events whose content is emptied for sessions without MESSAGE_CONTENT."""

_OF_TEXT: Final = frozenset(
    {
        Intent.GUILD_MESSAGES,
        Intent.GUILD_MESSAGE_REACTIONS,
        Intent.GUILD_MESSAGE_TYPING,
        Intent.GUILD_MESSAGE_POLLS,
    }
)
TEXT_EVENTS: Final = frozenset(
    {CHANNEL_PINS_UPDATE, *(kind.name for kind in _KINDS.values() if kind.guild_intent in _OF_TEXT)}
)
"""Events of messages in a guild's channel, for those who may read it. In voice channels not all viewers may."""


def required_intent(event: str, *, in_guild: bool) -> int:
    """Return the intent bit that an event needs, 0 when it needs none.

    Raises:
        UnknownEvent: for an event without a row there.
    """
    kind = _KINDS.get(event)
    intent = None if kind is None else kind.guild_intent if in_guild else kind.direct_intent
    if intent is None:
        raise UnknownEvent(event)
    return intent


def check_audience(event: str, audience: Audience, *, in_guild: bool) -> None:
    """Return whether an event may be announced to this audience: the one in its row; outside guilds, the user.

    Raises:
        UnknownEvent: for an event without a row there.
        WrongAudience: for another audience, and for an event that the gateway makes for single sessions.
    """
    if event in INTERNAL_EVENTS:
        expected: Audience | None = Audience.USER
    else:
        required_intent(event, in_guild=in_guild)
        expected = _KINDS[event].audience
        if expected is not None and not in_guild:
            expected = Audience.USER
    if audience is not expected:
        raise WrongAudience(f"{event}: {audience.name}")
