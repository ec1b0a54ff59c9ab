"""Rooms and seats: who may be heard and who hears whom in a voice channel, as gateways and media nodes both see it.

A room is a voice channel with somebody in it. A seat is one user's place in a room. A user has one seat a server (a
guild, or a direct channel with a call), as it has one voice state there.
"""

from typing import NamedTuple

import msgspec


class SeatKey(NamedTuple):
    """The name of a seat."""

    server_id: int
    """The guild, or the direct channel when the room is a call. Voice gateways call it `server_id`."""
    user_id: int


class Room(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A voice channel."""

    server_id: int
    channel_id: int

    @property
    def is_call(self) -> bool:
        """Whether the room is a call: no channel has the id of its guild."""
        return self.server_id == self.channel_id


class Rights(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a user may do in the room now. What it may not send is dropped before anybody gets it."""

    speak: bool
    """Its voice is passed on: it has SPEAK, and is neither muted by the server nor suppressed."""
    hear: bool
    """It gets the others' packets: it is not deafened."""
    stream: bool = False
    """Its video is passed on: it has STREAM."""
    priority: bool = False
    """It may speak as priority speaker."""


class Seat(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One user's place in a room."""

    room: Room
    user_id: int
    session_id: str
    """The gateway session that has the voice state. The client names it to the voice gateway."""
    rights: Rights

    @property
    def key(self) -> SeatKey:
        """The name of the seat."""
        return SeatKey(self.room.server_id, self.user_id)
