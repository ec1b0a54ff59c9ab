"""Calls of private channels on the wire. Source: discord.py-self's `types/gateway.py`, as Discord documents none."""

from collections.abc import Iterable, Sequence

import msgspec

from core.domain.channels.call import Call
from core.domain.guilds.guild import AUTOMATIC_REGION
from core.domain.guilds.voice_state import VoiceState
from core.wire.objects.guilds.voice_state import VoiceStateObject, render_voice_state


class CallUpdateObject(msgspec.Struct, kw_only=True):
    """`d` of CALL_UPDATE."""

    channel_id: str
    message_id: str
    region: str
    """The id of one that `GET /voice/regions` lists."""
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
        region=call.region or AUTOMATIC_REGION,
        ringing=[str(user_id) for user_id in call.ringing],
        voice_states=[render_voice_state(state, None) for state in states],
    )


def render_call_update(call: Call) -> CallUpdateObject:
    """Return what may change of a call."""
    return CallUpdateObject(
        channel_id=str(call.channel_id),
        message_id=str(call.message_id),
        region=call.region or AUTOMATIC_REGION,
        ringing=[str(user_id) for user_id in call.ringing],
    )
