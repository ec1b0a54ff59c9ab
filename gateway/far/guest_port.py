"""The way from the guilds here to one other worker, whose sessions are guests in them.

Everything leaves through here, in the order in which the guilds dispatch: what concerns many guests of a guild once,
with the words of their slots, and what concerns one guest by itself. Behind what a turn of the loop has brought goes
how far that is in the logs (`gateway.far.frames.Reached`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from typing_extensions import override

from gateway.far.frames import Reached, Seated, Spread, SpreadMessage, ToHost, Told, Unseated
from gateway.far.guest import Guest
from gateway.payloads.body import Body
from gateway.payloads.encodings import Encoding
from gateway.payloads.spliced_body import SplicedBody
from gateway.sessions.seat import FarHost, Seat


class GuestPort(FarHost):
    """`send_frame` sends to the worker. What it cannot send is lost with all guests (`gateway.far.guests`)."""

    __slots__ = ("_call_soon", "_find_positions", "_find_trace", "_owner", "_touched", "numbers", "send_frame")

    def __init__(
        self,
        *,
        owner: int,
        send_frame: Callable[[ToHost], object],
        find_positions: Callable[[Iterable[int]], Mapping[int, int]],
        call_soon: Callable[[Callable[[], None]], object],
        find_trace: Callable[[], bytes | None] | None = None,
    ) -> None:
        """`find_positions` returns how far the shards of guilds were dispatched. `call_soon` is the event loop's.

        `find_trace` returns the context of the event that is dispatched. None where nothing is traced.
        """
        self._call_soon = call_soon
        self._find_positions = find_positions
        self._find_trace = find_trace
        self._owner = owner
        self._touched: set[int] = set()
        """The guilds of which anything was sent in this turn of the loop."""
        self.send_frame = send_frame
        self.numbers: dict[str, int] = {}
        """The numbers of the guests at their worker, by session id. Written by `gateway.far.guests` alone."""

    @property
    @override
    def owner(self) -> int:
        return self._owner

    def _touch(self, guild_id: int) -> None:
        if not self._touched:
            # The frames of a turn leave at its end, by a call that the first of them plans. So this one is before it.
            self._call_soon(self._tell_reached)
        self._touched.add(guild_id)

    def _tell_reached(self) -> None:
        positions = self._find_positions(self._touched)
        self._touched.clear()
        self.send_frame(Reached(dict(positions)))

    @override
    def seat(self, guild_id: int, slot: int, session: Seat) -> None:
        self._touch(guild_id)
        assert isinstance(session, Guest), "who has a far host"  # noqa: S101 - for the type checker
        self.send_frame(Seated(session.number, guild_id, slot, session.attempts[guild_id]))

    @override
    def release(self, guild_id: int, slot: int, session: Seat) -> None:
        self._touch(guild_id)
        self.send_frame(Unseated(self.numbers[session.id], guild_id, slot))

    @override
    def send(self, guild_id: int, event: str, payload: bytes, words: bytes) -> None:
        self._touch(guild_id)
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
        self._touch(guild_id)
        trace = None if self._find_trace is None else self._find_trace()
        self.send_frame(SpreadMessage(guild_id, event, payload, words, author_id, list(mention_ids), trace))

    @override
    def tell(self, session: Seat, body: Body) -> None:
        number = self.numbers[session.id]
        if isinstance(body, SplicedBody):
            parts = [b"{" + part.text(Encoding.JSON)[1:] + b"}" for part in body.parts]
            self.send_frame(Told(number, body.event, body.own, parts))
        else:
            self.send_frame(Told(number, body.event, body.payload))
