"""The directory: who is expected, who is here, and which rooms are open on this node.

```
 gateway: Admit ──→ expected ─┐
                              ├─ identify ─→ member ─ select protocol ─→ in the room: heard and hearing
 client: token, once ─────────┘                │                                │
                                               └── gone, removed, replaced, not resumed in time: all of it ends
```

A client takes a seat when its token is ours, fresh and unused, and the gateway expects that seat at that epoch. Either
alone is worth nothing. Everything that a member has is undone in one place, `_end`.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable
from typing import Final

from core.runtime.clock import Clock
from core.runtime.randomness import Randomness
from core.voice.orders import (
    Admit,
    Change,
    Claim,
    CloseRoom,
    Connected,
    Ended,
    Held,
    HeldSeat,
    Remove,
    ToGateway,
    Visited,
)
from core.voice.seats import Rights, Room, Seat, SeatKey
from core.voice.tokens import BadToken, Claims, UsedTokens, read_token
from core.wire.close_codes import CloseCode
from voice.dave.negotiation import Negotiation, Phase
from voice.media.forwarder import Forwarder
from voice.media.peer import Circle
from voice.media.tally import Tally
from voice.mls.external_sender import ExternalSender
from voice.protocol import close_codes
from voice.protocol.commands import Identify, Resume
from voice.protocol.replay import Sent
from voice.rooms.announcements import Announcements
from voice.rooms.bounds import Bounds
from voice.rooms.expected_seats import ExpectedSeats
from voice.rooms.member import ClientLink, Member, Timer
from voice.rooms.room import OpenRoom
from voice.rooms.visits import describe_visit

logger = logging.getLogger(__name__)

_SSRC_BYTES: Final = 4
_SSRCS_OF_ONE: Final = 3
"""The lowest bits, which tell a member's SSRCs apart: voice, camera, what is kept for later, and screen."""

CallLater = Callable[[float, Callable[[], None]], Timer]


class Refused(Exception):
    """The client does not get what it asks for; its socket is closed with this code."""

    def __init__(self, code: CloseCode) -> None:
        super().__init__(code.reason)
        self.code = code


class Directory:
    """All seats of a node. `tell` says something to a gateway by name."""

    __slots__ = (
        "_bounds", "_call_later", "_clock", "_expected", "_external_sender", "_forwarder", "_lost", "_members",
        "_randomness", "_rooms", "_secret", "_tally", "_tell", "_tokens", "_used", "_waiting", "announcements",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - what seats and rooms are made of
        self,
        *,
        secret: bytes,
        forwarder: Forwarder,
        tally: Tally,
        clock: Clock,
        call_later: CallLater,
        randomness: Randomness,
        external_sender: ExternalSender,
        tell: Callable[[str, ToGateway], None],
        bounds: Bounds,
    ) -> None:
        self._secret = secret
        self._forwarder = forwarder
        self._tally = tally
        self._clock = clock
        self._call_later = call_later
        self._randomness = randomness
        self._external_sender = external_sender
        self._tell = tell
        self._bounds = bounds
        self._expected = ExpectedSeats()
        self._lost: dict[str, Timer] = {}
        """Gateways whose conversation is broken, with the ends of their seats."""
        self._members: dict[SeatKey, Member] = {}
        self._tokens: dict[bytes, Member] = {}
        self._rooms: dict[Room, OpenRoom] = {}
        self.announcements = Announcements(self._rooms)
        """What members say of themselves."""
        self._used = UsedTokens()
        self._waiting: dict[SeatKey, dict[int, Callable[[], None]]] = {}

    @property
    def sizes(self) -> tuple[int, ...]:
        """The numbers of seats expected, members, tokens, rooms and clients that wait for their gateway's order."""
        return (
            len(self._expected),
            len(self._members),
            len(self._tokens),
            len(self._rooms),
            len(self._waiting),
        )

    @property
    def room_count(self) -> int:
        """The rooms with somebody in them."""
        return len(self._rooms)

    @property
    def encrypted_count(self) -> int:
        """The rooms that are encrypted from end to end."""
        return sum(room.dave.phase is Phase.ENCRYPTED for room in self._rooms.values())

    @property
    def member_count(self) -> int:
        """The clients that have a seat."""
        return len(self._members)

    @property
    def members(self) -> Iterable[Member]:
        """The clients that have a seat."""
        return self._members.values()

    # ---- orders of gateways

    def welcome_gateway(self, gateway: str) -> None:
        """Note that a gateway is there (again). Its claim says what is left of its seats."""
        timer = self._lost.pop(gateway, None)
        if timer is not None:
            timer.cancel()

    def admit(self, gateway: str, order: Admit) -> None:
        """Expect a user."""
        key = order.seat.key
        if not self._expected.admit(gateway, order):
            return
        self._end_at(key, close_codes.DISCONNECTED)
        for come in list(self._waiting.get(key, {}).values()):
            come()

    def change(self, gateway: str, order: Change) -> None:
        """Give a user other rights."""
        key = SeatKey(order.server_id, order.user_id)
        seat, member = self._expected.change(gateway, key, order.rights), self._members.get(key)
        if seat is not None and member is not None:
            self._give_rights(member, seat, order.rights)

    def remove(self, gateway: str, order: Remove) -> None:
        """End a user's seat."""
        key = SeatKey(order.server_id, order.user_id)
        if self._expected.is_of(gateway, key):
            self._dismiss(key, close_codes.DISCONNECTED)

    def close_room(self, gateway: str, order: CloseRoom) -> None:
        """End all seats of a room."""
        for key in self._expected.list_all(gateway=gateway, room=order.room):
            self._dismiss(key, close_codes.CALL_ENDED)

    def claim(self, gateway: str, order: Claim) -> None:
        """Give seats to the gateway that has their guilds now, end the others of its shards, and say what is here."""
        held, over = self._expected.claim(gateway, order)
        for place, each in enumerate(held):
            member = self._members.get(each.seat.key)
            if member is not None:
                member.gateway = gateway
                held[place] = HeldSeat(each.seat, each.epoch, member.began_ms)
        for key in over:
            self._dismiss(key, close_codes.DISCONNECTED)
        self._tell(gateway, Held(held))

    def lose_gateway(self, gateway: str) -> None:
        """Keep the seats of a gateway that is gone for a while: the next home of their guilds claims them."""
        self.welcome_gateway(gateway)
        self._lost[gateway] = self._call_later(self._bounds.unclaimed_s, lambda: self._forget_gateway(gateway))

    def _forget_gateway(self, gateway: str) -> None:
        self._lost.pop(gateway, None)
        for key in self._expected.list_all(gateway=gateway):
            self._dismiss(key, close_codes.DISCONNECTED)

    def close(self) -> None:
        """End all seats: the node stops."""
        for timer in self._lost.values():
            timer.cancel()
        for key in self._expected.list_all():
            self._dismiss(key, close_codes.DISCONNECTED)

    # ---- clients

    def check(self, identify: Identify) -> Claims:
        """Check a client's token and use it up. Raises Refused."""
        now_ms = self._clock.now_ms()
        try:
            claims = read_token(self._secret, identify.token, now_ms=now_ms)
        except BadToken as error:
            logger.info("a voice token is refused", extra={"reason": str(error)})
            raise Refused(close_codes.AUTHENTICATION_FAILED) from error
        if claims.seat.key != (int(identify.server_id), int(identify.user_id)):
            raise Refused(close_codes.AUTHENTICATION_FAILED)
        if not self._used.use(claims, now_ms=now_ms):
            raise Refused(close_codes.AUTHENTICATION_FAILED)
        if claims.seat.session_id != identify.session_id:
            raise Refused(close_codes.SESSION_INVALID)
        return claims

    def sit(self, claims: Claims, token: str, link: ClientLink) -> Member | None:
        """Seat a client; None while its gateway's order has not come. Raises Refused."""
        key = claims.seat.key
        expected = self._expected.find(key)
        if expected is None or expected.epoch < claims.epoch:
            return None
        seat = expected.seat
        if (expected.epoch, seat.room, seat.session_id) != (claims.epoch, claims.seat.room, claims.seat.session_id):
            raise Refused(close_codes.SESSION_INVALID)
        self._end_at(key, close_codes.SESSION_INVALID)
        member = Member(
            gateway=expected.gateway,
            seat=seat,
            epoch=expected.epoch,
            ssrc=self._make_ssrc(),
            token=_hash(token),
            link=link,
        )
        self._members[key] = self._tokens[member.token] = member
        self._forwarder.give(member.ssrc)
        self._tally.joins += 1
        return member

    def wait(self, key: SeatKey, come: Callable[[], None]) -> Callable[[], None]:
        """Have `come` called when a gateway admits this seat; return what ends that."""
        waiting = self._waiting.setdefault(key, {})
        waiting[id(come)] = come

        def end() -> None:
            waiting.pop(id(come), None)
            if not waiting and self._waiting.get(key) is waiting:
                del self._waiting[key]

        return end

    def open_room(self, member: Member) -> OpenRoom:
        """Return the room of a member, whose media is about to begin. Raises Refused."""
        if self._members.get(member.seat.key) is not member:
            raise Refused(close_codes.SESSION_INVALID)  # its seat has ended since it was sent
        room = member.seat.room
        if room not in self._rooms:
            dave = Negotiation(
                channel_id=room.channel_id,
                sender=self._external_sender,
                call_later=self._call_later,
                transition_s=self._bounds.transition_s,
                answer_s=self._bounds.answer_s,
                count=self._tally.count_dave,
            )
            self._rooms[room] = OpenRoom(dave, Circle(self._bounds.most_voices, self._bounds.hold_s))
        return self._rooms[room]

    def enter(self, member: Member) -> None:
        """Tell the room of a member whose media may begin, or begins anew."""
        self.announcements.begin(member)
        room = self._rooms[member.seat.room]
        if room.members.get(member.seat.user_id) is not member:
            room.enter(member)
            seat = member.seat
            member.began_ms = self._clock.now_ms()
            connected = Connected(seat.room.server_id, seat.user_id, seat.session_id, member.began_ms)
            self._tell(member.gateway, connected)
        room.dave.enter(member)

    def find_negotiation(self, member: Member) -> Negotiation | None:
        """Return what decides of DAVE in a member's room; None before its media begins."""
        room = self._rooms.get(member.seat.room)
        return None if room is None else room.dave

    def resume(self, command: Resume, link: ClientLink) -> tuple[Member, list[Sent]]:
        """Give a member another socket; return it, and what it has missed. Raises Refused."""
        member = self._tokens.get(_hash(command.token))
        if member is None or member.seat.session_id != command.session_id:
            raise Refused(close_codes.SESSION_INVALID)
        missed = member.replay.find_missed(command.seq_ack)
        if member.seat.room.server_id != int(command.server_id) or missed is None:
            raise Refused(close_codes.SESSION_INVALID)
        self._stop_timer(member)
        old, member.link = member.link, link
        if old is not None:
            old.close(close_codes.SESSION_INVALID)
        return member, missed

    def detach(self, member: Member, link: ClientLink, *, is_final: bool) -> None:
        """Note that a socket is gone: for good, or until the client resumes."""
        if member.link is not link:
            return
        member.link = None
        if is_final:
            self._end_of_client(member)
        else:
            self._stop_timer(member)
            member.timer = self._call_later(self._bounds.resume_s, lambda: self._end_of_client(member))

    # ---- ends

    def _dismiss(self, key: SeatKey, code: CloseCode) -> None:
        self._expected.forget(key)
        self._end_at(key, code)

    def _end_at(self, key: SeatKey, code: CloseCode) -> None:
        member = self._members.get(key)
        if member is not None:
            self._end(member, code)

    def _end_of_client(self, member: Member) -> None:
        seat = member.seat
        if self._members.get(seat.key) is member:
            self._end(member, close_codes.SESSION_TIMED_OUT)
            self._tell(member.gateway, Ended(seat.room.server_id, seat.user_id, seat.session_id))

    def _end(self, member: Member, code: CloseCode) -> None:
        seat = member.seat
        self._stop_timer(member)
        if member.began_ms and not seat.room.is_call:
            self._tell(member.gateway, Visited(describe_visit(member, now_ms=self._clock.now_ms())))
        del self._members[seat.key]
        del self._tokens[member.token]
        self._forwarder.take_back(member.ssrc)
        member.peer = None
        room = self._rooms.get(seat.room)
        if room is not None:
            room.leave(member)
            if not room.circle.peers:
                room.dave.close()
                del self._rooms[seat.room]
        link, member.link = member.link, None
        if link is not None:
            link.close(code)

    # ---- parts

    def _give_rights(self, member: Member, seat: Seat, rights: Rights) -> None:
        if rights.hear != member.seat.rights.hear:
            member.voice.quality.told.pause()
        member.seat = seat
        if member.peer is not None:
            member.peer.rights = rights
        self.announcements.repeat(member)

    def _make_ssrc(self) -> int:
        while True:
            ssrc = int.from_bytes(self._randomness.token_bytes(_SSRC_BYTES), "big") & ~_SSRCS_OF_ONE
            if ssrc and not self._forwarder.is_given(ssrc):
                return ssrc

    def _stop_timer(self, member: Member) -> None:
        if member.timer is not None:
            member.timer.cancel()
            member.timer = None


def _hash(token: str) -> bytes:
    # A look-up by the token itself could take longer the more of it is right.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
