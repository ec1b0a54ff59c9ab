"""Who has spoken lately, for gateways that look for idle people. Pure.

It is read from what has been passed on of each voice, or kept back since others were louder. Silence costs bytes too
where clients send it, so only more than that counts.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from core.voice.seats import SeatKey
from voice.rooms.member import Member

SILENT_BYTES_PER_S: Final = 1000
"""Opus says silence in 3 bytes 50 times a second, where it is sent at all, and DAVE makes at most 20 of them; speech
takes 2,000 bytes and more."""


class Speakers:
    """The voices as they were last time."""

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        self._bytes: Mapping[SeatKey, int] = {}

    def find(self, members: Iterable[Member], seconds: float) -> dict[str, list[SeatKey]]:
        """Return who has spoken in the seconds since the last call, by the gateway that has admitted them."""
        now: dict[SeatKey, int] = {}
        spoken: dict[str, list[SeatKey]] = {}
        for member in members:
            key = member.seat.key
            now[key] = member.voice.bytes_passed + member.voice.bytes_kept
            if now[key] - self._bytes.get(key, 0) > seconds * SILENT_BYTES_PER_S:
                spoken.setdefault(member.gateway, []).append(key)
        self._bytes = now
        return spoken
