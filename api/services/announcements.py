"""Envelopes of the changes that services make. Pure: the payload is encoded here, once, and then travels as bytes.

An unknown event raises `UnknownEvent` here, before anything is stored.
"""

from collections.abc import Collection
from typing import Any

import msgspec

from core.domain.events import VOICE_STATE_UPDATE, Audience
from core.wire.before import Before
from core.wire.envelope import Envelope

_encode = msgspec.json.Encoder().encode


def guild_event(
    envelope_id: int, event: str, guild_id: int, payload: Any, *, user_id: int = 0, before: Before | None = None
) -> Envelope:
    """Make an event for every session attached to the guild.

    `user_id` is the subject of GUILD_MEMBER_*, `before` what a change has replaced.
    """
    return _checked(
        Envelope(
            id=envelope_id,
            event=event,
            audience=Audience.GUILD,
            payload=msgspec.Raw(_encode(payload)),
            guild_id=guild_id,
            user_id=user_id,
            before=before,
        )
    )


def guild_permission_event(
    envelope_id: int,
    event: str,
    guild_id: int,
    payload: Any,
    *,
    permissions: int,
    user_id: int = 0,
    channel_id: int = 0,
) -> Envelope:
    """Make an event for members with any bit of `permissions` in the guild (bans) or in the channel (invites)."""
    return _checked(
        Envelope(
            id=envelope_id,
            event=event,
            audience=Audience.GUILD_PERMISSION,
            payload=msgspec.Raw(_encode(payload)),
            guild_id=guild_id,
            channel_id=channel_id,
            user_id=user_id,
            permissions=permissions,
        )
    )


def channel_event(
    envelope_id: int,
    event: str,
    guild_id: int,
    channel_id: int,
    payload: Any,
    *,
    user_id: int = 0,
    author_id: int = 0,
    mention_ids: Collection[int] = (),
) -> Envelope:
    """Make an event for the sessions that may view the channel of the guild."""
    return _checked(
        Envelope(
            id=envelope_id,
            event=event,
            audience=Audience.CHANNEL,
            payload=msgspec.Raw(_encode(payload)),
            guild_id=guild_id,
            channel_id=channel_id,
            user_id=user_id,
            author_id=author_id,
            mention_ids=tuple(mention_ids),
        )
    )


def voice_event(
    envelope_id: int, guild_id: int, payload: Any, *, user_id: int, channel_id: int, former_channel_id: int
) -> Envelope:
    """Make VOICE_STATE_UPDATE of a user in a guild. The channels are 0 for none."""
    return _checked(
        Envelope(
            id=envelope_id,
            event=VOICE_STATE_UPDATE,
            audience=Audience.CHANNEL,
            payload=msgspec.Raw(_encode(payload)),
            guild_id=guild_id,
            channel_id=channel_id,
            user_id=user_id,
            former_channel_id=former_channel_id,
        )
    )


def user_event(
    envelope_id: int,
    event: str,
    user_id: int,
    payload: Any,
    *,
    channel_id: int = 0,
    author_id: int = 0,
    mention_ids: Collection[int] = (),
    region: str = "",
) -> Envelope:
    """Make an event for every session of the user: its direct messages, account and auth sessions."""
    return _checked(
        Envelope(
            id=envelope_id,
            event=event,
            audience=Audience.USER,
            payload=msgspec.Raw(_encode(payload)),
            user_id=user_id,
            region=region,
            channel_id=channel_id,
            author_id=author_id,
            mention_ids=tuple(mention_ids),
        )
    )


def session_event(envelope_id: int, event: str, user_id: int, session_id: str, payload: Any) -> Envelope:
    """Make an event for one session of the user."""
    return msgspec.structs.replace(user_event(envelope_id, event, user_id, payload), session_id=session_id)


def _checked(envelope: Envelope) -> Envelope:
    envelope.check_event()
    return envelope
