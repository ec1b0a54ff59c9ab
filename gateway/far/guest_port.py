"""The way from the guilds here to one other worker, whose sessions are guests in them.

Everything leaves through here, in the order in which the guilds dispatch: what concerns many guests of a guild once,
with the words of their slots, and what concerns one guest by itself.
"""

from collections.abc import Callable, Collection

from typing_extensions import override

from gateway.far.frames import Seated, Spread, SpreadMessage, ToHost, Told, Unseated
from gateway.payloads.body import Body
from gateway.payloads.encodings import Encoding
from gateway.payloads.spliced_body import SplicedBody
from gateway.sessions.seat import FarHost, Seat


class GuestPort(FarHost):
    """`send_frame` sends to the worker. What it cannot send is lost with all guests (`gateway.far.guests`)."""

    __slots__ = ("_owner", "numbers", "send_frame")

    def __init__(self, *, owner: int, send_frame: Callable[[ToHost], object]) -> None:
        self._owner = owner
        self.send_frame = send_frame
        self.numbers: dict[str, int] = {}
        """The numbers of the guests at their worker, by session id. Written by `gateway.far.guests` alone."""

    @property
    @override
    def owner(self) -> int:
        return self._owner

    @override
    def seat(self, guild_id: int, slot: int, session: Seat) -> None:
        self.send_frame(Seated(self.numbers[session.id], guild_id, slot))

    @override
    def release(self, guild_id: int, slot: int, session: Seat) -> None:
        self.send_frame(Unseated(self.numbers[session.id], guild_id, slot))

    @override
    def send(self, guild_id: int, event: str, payload: bytes, words: bytes) -> None:
        self.send_frame(Spread(guild_id, event, payload, words))

    @override
    def send_message(
        self,
        guild_id: int,
        event: str,
        payload: bytes,
        words: bytes,
        *,
        author_id: int,
        mention_ids: Collection[int],
    ) -> None:
        self.send_frame(SpreadMessage(guild_id, event, payload, words, author_id, list(mention_ids)))

    @override
    def tell(self, session: Seat, body: Body) -> None:
        number = self.numbers[session.id]
        if isinstance(body, SplicedBody):
            parts = [b"{" + part.text(Encoding.JSON)[1:] + b"}" for part in body.parts]
            self.send_frame(Told(number, body.event, body.own, parts))
        else:
            self.send_frame(Told(number, body.event, body.payload))
