"""Calls of private channels on the wire. Source: discord.py-self's `types/gateway.py`, as Discord documents none."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from core.domain.channels.call import Call
from core.domain.guilds.voice_state import VoiceState
from core.wire.objects.guilds.voice_state import VoiceStateObject, render_voice_state

_REGION: Final = "automatic"
"""The id of the one region of `GET /voice/regions`."""


class CallUpdateObject(msgspec.Struct, kw_only=True):
    """`d` of CALL_UPDATE."""

    channel_id: str
    message_id: str
    region: str = _REGION
    ringing: Sequence[str]


class CallObject(CallUpdateObject, kw_only=True):
    """`d` of CALL_CREATE."""

    voice_states: Sequence[VoiceStateObject]
    embedded_activities: Sequence[str] = ()


class CallDeleteObject(msgspec.Struct, kw_only=True):
    """`d` of CALL_DELETE."""

    channel_id: str


def render_call(call: Call, states: Iterable[VoiceState]) -> CallObject:
    """Return the call with those who are in it."""
    return CallObject(
        channel_id=str(call.channel_id),
        message_id=str(call.message_id),
        ringing=[str(user_id) for user_id in call.ringing],
        voice_states=[render_voice_state(state, None) for state in states],
    )


def render_call_update(call: Call) -> CallUpdateObject:
    """Return what may change of a call."""
    return CallUpdateObject(
        channel_id=str(call.channel_id),
        message_id=str(call.message_id),
        ringing=[str(user_id) for user_id in call.ringing],
    )
