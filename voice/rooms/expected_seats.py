"""The seats that gateways have admitted, and to which gateway each belongs.

A seat belongs to the gateway that has admitted it, until another one claims it: the home of its guild is elsewhere now.
What its former gateway still says of it is passed over. The later epoch wins, whoever admits.
"""

import msgspec

from core.domain.ids import shard_of
from core.voice.orders import Admit, Claim, HeldSeat
from core.voice.seats import Rights, Room, Seat, SeatKey


class Expected(msgspec.Struct, frozen=True):
    """A seat that a gateway has admitted."""

    gateway: str
    seat: Seat
    epoch: int


class ExpectedSeats:
    """All of them."""

    __slots__ = ("_seats",)

    def __init__(self) -> None:
        self._seats: dict[SeatKey, Expected] = {}

    def __len__(self) -> int:
        return len(self._seats)

    def find(self, key: SeatKey) -> Expected | None:
        """Return a seat."""
        return self._seats.get(key)

    def admit(self, gateway: str, order: Admit) -> bool:
        """Take a seat; return False for one of an earlier epoch than that which is known."""
        known = self._seats.get(order.seat.key)
        if known is not None and known.epoch > order.epoch:
            return False  # of a gateway that had the guild before
        self._seats[order.seat.key] = Expected(gateway, order.seat, order.epoch)
        return True

    def change(self, gateway: str, key: SeatKey, rights: Rights) -> Seat | None:
        """Give a seat of this gateway other rights, and return it."""
        expected = self._seats.get(key)
        if expected is None or expected.gateway != gateway:
            return None
        seat = msgspec.structs.replace(expected.seat, rights=rights)
        self._seats[key] = msgspec.structs.replace(expected, seat=seat)
        return seat

    def is_of(self, gateway: str, key: SeatKey) -> bool:
        """Return whether a seat belongs to this gateway."""
        expected = self._seats.get(key)
        return expected is not None and expected.gateway == gateway

    def forget(self, key: SeatKey) -> None:
        """Forget a seat."""
        self._seats.pop(key, None)

    def claim(self, gateway: str, order: Claim) -> tuple[list[HeldSeat], list[SeatKey]]:
        """Give a gateway the seats that it names; return those that are here, and those of its shards that are over."""
        named = {seat.key: seat for seat in order.seats}
        shards, held, over = frozenset(order.shards), [], []
        for key, expected in self._seats.items():
            seat, wanted = expected.seat, named.get(key)
            if wanted is not None and (wanted.room, wanted.session_id) == (seat.room, seat.session_id):
                self._seats[key] = msgspec.structs.replace(expected, gateway=gateway)
                held.append(HeldSeat(seat, expected.epoch))
            elif seat.room.is_call:
                over += [key] if expected.gateway == gateway else []
            elif shard_of(key.server_id, order.num_shards) in shards:
                over.append(key)
        return held, over

    def list_all(self, *, gateway: str = "", room: Room | None = None) -> list[SeatKey]:
        """Return the seats of a gateway, in a room, or all."""
        return [
            key
            for key, expected in self._seats.items()
            if (not gateway or expected.gateway == gateway) and (room is None or expected.seat.room == room)
        ]
