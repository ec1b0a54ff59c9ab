"""What each event means for a replay: whether those who got it then can be told from how things are now.

A session that comes back is sent what it missed by the views that it has now. That is exact as long as nothing has
changed its views since. So every event that can be in a log has a rule, and one without fails a test:

* A new role is nobody's yet, so its creation changes no view. A changed or deleted one may.
* A new channel is seen by whoever sees it now: what changes that later is an event of its own.
* A changed channel may have other overwrites. A deleted one is no more in the index that would tell who saw it.
* A changed guild may have another owner.
* A member's events change the views of that member alone: its roles, its timeout, its being a member.
* Threads are seen by their members, which no index here knows.
* Everything else, such as messages, bans or invites, leaves views alone.

Where views may have changed, the guild is taken back to how it was (`gateway.guilds.guild_replay`), if its events tell.

A user's own events depend on nothing that changes: each session gets them by its intents and its client shard.
"""

import enum
from collections.abc import Mapping
from typing import Final

from core.domain import events


class ReplayRule(enum.Enum):
    EXACT = enum.auto()
    """Its recipients of then are those of now."""
    MEMBER = enum.auto()
    """It is exact for all but the user that it is about."""
    VIEWS = enum.auto()
    """It may have changed anybody's views."""
    JOINED = enum.auto()
    """The user has joined a guild, which the session is not in."""
    REVOKED = enum.auto()
    """An auth session of the user has ended."""
    NOBODY = enum.auto()
    """It is about no client."""
    VOLATILE = enum.auto()
    """It says how somebody was then, and is not told again."""


_GUILD_EVENTS: Final[Mapping[ReplayRule, frozenset[str]]] = {
    ReplayRule.EXACT: frozenset(
        {
            events.GUILD_ROLE_CREATE,
            events.CHANNEL_CREATE,
            events.CHANNEL_PINS_UPDATE,
            events.STAGE_INSTANCE_CREATE,
            events.STAGE_INSTANCE_UPDATE,
            events.STAGE_INSTANCE_DELETE,
            events.GUILD_AUDIT_LOG_ENTRY_CREATE,
            events.GUILD_BAN_ADD,
            events.GUILD_BAN_REMOVE,
            events.GUILD_EMOJIS_UPDATE,
            events.GUILD_STICKERS_UPDATE,
            events.GUILD_SOUNDBOARD_SOUND_CREATE,
            events.GUILD_SOUNDBOARD_SOUND_UPDATE,
            events.GUILD_SOUNDBOARD_SOUND_DELETE,
            events.GUILD_SOUNDBOARD_SOUNDS_UPDATE,
            events.GUILD_INTEGRATIONS_UPDATE,
            events.INTEGRATION_CREATE,
            events.INTEGRATION_UPDATE,
            events.INTEGRATION_DELETE,
            events.WEBHOOKS_UPDATE,
            events.INVITE_CREATE,
            events.INVITE_DELETE,
            events.VOICE_STATE_UPDATE,
            events.VOICE_CHANNEL_EFFECT_SEND,
            events.VOICE_CHANNEL_STATUS_UPDATE,
            events.MESSAGE_CREATE,
            events.MESSAGE_UPDATE,
            events.MESSAGE_DELETE,
            events.MESSAGE_DELETE_BULK,
            events.MESSAGE_REACTION_ADD,
            events.MESSAGE_REACTION_REMOVE,
            events.MESSAGE_REACTION_REMOVE_ALL,
            events.MESSAGE_REACTION_REMOVE_EMOJI,
            events.GUILD_SCHEDULED_EVENT_CREATE,
            events.GUILD_SCHEDULED_EVENT_UPDATE,
            events.GUILD_SCHEDULED_EVENT_DELETE,
            events.GUILD_SCHEDULED_EVENT_USER_ADD,
            events.GUILD_SCHEDULED_EVENT_USER_REMOVE,
            events.AUTO_MODERATION_RULE_CREATE,
            events.AUTO_MODERATION_RULE_UPDATE,
            events.AUTO_MODERATION_RULE_DELETE,
            events.AUTO_MODERATION_ACTION_EXECUTION,
            events.MESSAGE_POLL_VOTE_ADD,
            events.MESSAGE_POLL_VOTE_REMOVE,
            events.VOICE_SERVER_UPDATE,
            events.APPLICATION_COMMAND_PERMISSIONS_UPDATE,
            events.INTERACTION_CREATE,
        }
    ),
    ReplayRule.MEMBER: events.MEMBER_EVENTS,
    ReplayRule.VIEWS: frozenset(
        {
            events.GUILD_UPDATE,
            events.GUILD_DELETE,
            events.GUILD_ROLE_UPDATE,
            events.GUILD_ROLE_DELETE,
            events.CHANNEL_UPDATE,
            events.CHANNEL_DELETE,
            events.THREAD_CREATE,
            events.THREAD_UPDATE,
            events.THREAD_DELETE,
            events.THREAD_LIST_SYNC,
            events.THREAD_MEMBER_UPDATE,
            events.THREAD_MEMBERS_UPDATE,
        }
    ),
    ReplayRule.VOLATILE: frozenset({events.PRESENCE_UPDATE, events.TYPING_START}),
}

_USER_EVENTS: Final[Mapping[ReplayRule, frozenset[str]]] = {
    ReplayRule.EXACT: frozenset(
        {
            *events.PRIVATE_CHANNEL_EVENTS,
            events.CHANNEL_PINS_UPDATE,
            events.MESSAGE_CREATE,
            events.MESSAGE_UPDATE,
            events.MESSAGE_DELETE,
            events.MESSAGE_REACTION_ADD,
            events.MESSAGE_REACTION_REMOVE,
            events.MESSAGE_REACTION_REMOVE_ALL,
            events.MESSAGE_REACTION_REMOVE_EMOJI,
            events.MESSAGE_POLL_VOTE_ADD,
            events.MESSAGE_POLL_VOTE_REMOVE,
            events.INTERACTION_CREATE,
            events.USER_UPDATE,
            *events.RELATIONSHIP_EVENTS,
            events.MESSAGE_ACK,
            events.CHANNEL_PINS_ACK,
            events.READ_RECEIPT_UPDATE,
            events.READ_RECEIPT_SETTINGS_UPDATE,
            events.RECENT_MENTION_DELETE,
            events.USER_SETTINGS_UPDATE,
            events.USER_SETTINGS_PROTO_UPDATE,
            events.USER_GUILD_SETTINGS_UPDATE,
            events.NOTIFICATION_SETTINGS_UPDATE,
            events.USER_NOTE_UPDATE,
            events.ENTITLEMENT_CREATE,
            events.ENTITLEMENT_UPDATE,
            events.ENTITLEMENT_DELETE,
            events.SUBSCRIPTION_CREATE,
            events.SUBSCRIPTION_UPDATE,
            events.SUBSCRIPTION_DELETE,
            events.VOICE_STATE_UPDATE,
            events.CALL_CREATE,
            events.CALL_UPDATE,
            events.CALL_DELETE,
            events.CALL_PEERS_UPDATE,
        }
    ),
    ReplayRule.JOINED: frozenset({events.GUILD_JOINED}),
    ReplayRule.REVOKED: frozenset({events.SESSION_REVOKED}),
    ReplayRule.NOBODY: frozenset({events.LIMITS_CHANGED}),
    ReplayRule.VOLATILE: frozenset(
        {
            events.PRESENCE_UPDATE,
            events.TYPING_START,
            events.USER_OFFLINE,
            events.USER_UNSEEN,
            events.CALL_PEER_SIGNAL,
        }
    ),
}

GUILD_RULES: Final[Mapping[str, ReplayRule]] = {event: rule for rule, of in _GUILD_EVENTS.items() for event in of}
"""The rule of each event that a guild can have in its shard's log, or among the volatile ones."""

USER_RULES: Final[Mapping[str, ReplayRule]] = {event: rule for rule, of in _USER_EVENTS.items() for event in of}
"""The rule of each event that a user can have."""
