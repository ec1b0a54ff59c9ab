"""The rooms of which a gateway does not know yet which node has them: it has just become the home of their guilds.

```
 claim ─→ every node is asked ─→ Held: what it has ─→ those seats stay where they are
                                        └ all have answered, or the time is over ─→ the other seats are placed
```

Who joins such a room meanwhile waits for it, so that it does not begin at a second node. Pure.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from core.voice.seats import Rights, Room, Seat, SeatKey


class UnsureRoom(msgspec.Struct):
    """A room with the seats that shall be in it."""

    region: str
    waits: set[str]
    """The nodes that have not said yet what they have of it."""
    seats: dict[SeatKey, Seat] = {}
    fresh: set[SeatKey] = set()
    """Those that get a place in any case, since their clients want a new one."""


class Claims:
    """All rooms that are unsure."""

    __slots__ = ("_rooms",)

    def __init__(self) -> None:
        self._rooms: dict[Room, UnsureRoom] = {}

    def open(self, seats: Iterable[tuple[Seat, str]], nodes: Collection[str]) -> list[Room]:
        """Add seats with the regions of their rooms, and return these rooms."""
        rooms: set[Room] = set()
        for seat, region in seats:
            unsure = self._rooms.setdefault(seat.room, UnsureRoom(region, set(nodes)))
            unsure.seats.setdefault(seat.key, seat)
            rooms.add(seat.room)
        return list(rooms)

    def hold(self, seat: Seat) -> bool:
        """Add a seat that wants a place, if its room is unsure; return whether it is."""
        unsure = self._rooms.get(seat.room)
        if unsure is None:
            return False
        unsure.seats[seat.key] = seat
        unsure.fresh.add(seat.key)
        return True

    def find(self, key: SeatKey) -> Seat | None:
        """Return a seat that is unsure."""
        return next((unsure.seats[key] for unsure in self._rooms.values() if key in unsure.seats), None)

    def change(self, key: SeatKey, rights: Rights) -> None:
        """Give a seat other rights."""
        for unsure in self._rooms.values():
            if key in unsure.seats:
                unsure.seats[key] = msgspec.structs.replace(unsure.seats[key], rights=rights)

    def relocate(self, room: Room, region: str) -> None:
        """Have a room placed in another region, if it is placed anew."""
        if room in self._rooms:
            self._rooms[room].region = region

    def drop(self, key: SeatKey) -> None:
        """Forget a seat. Nothing happens when it is not unsure."""
        for unsure in self._rooms.values():
            unsure.seats.pop(key, None)
            unsure.fresh.discard(key)

    def drop_room(self, room: Room) -> None:
        """Forget a room with all its seats."""
        self._rooms.pop(room, None)

    def list_seats(self, rooms: Iterable[Room]) -> list[Seat]:
        """Return the seats of rooms, as far as these are unsure."""
        return [seat for room in rooms if room in self._rooms for seat in self._rooms[room].seats.values()]

    def list_rooms(self, node: str = "") -> list[Room]:
        """Return the rooms that wait for a node, or all."""
        return [room for room, unsure in self._rooms.items() if not node or node in unsure.waits]

    def adopt(self, held: Seat) -> tuple[Seat, str] | None:
        """Take a seat that a node has out of those that are unsure; return it as it shall be, with its region."""
        unsure = self._rooms.get(held.room)
        wanted = None if unsure is None else unsure.seats.get(held.key)
        if unsure is None or wanted is None or held.key in unsure.fresh or wanted.session_id != held.session_id:
            return None
        del unsure.seats[held.key]
        return wanted, unsure.region

    def answer(self, node: str, rooms: Sequence[Room]) -> list[tuple[Seat, str]]:
        """Note that a node has said all that it has of rooms; return the seats that are to be placed now."""
        for room in rooms:
            if room in self._rooms:
                self._rooms[room].waits.discard(node)
        return self.end([room for room in rooms if room in self._rooms and not self._rooms[room].waits])

    def end(self, rooms: Iterable[Room]) -> list[tuple[Seat, str]]:
        """Wait no more for these rooms; return the seats that are to be placed, with their regions."""
        ended = [unsure for room in rooms if (unsure := self._rooms.pop(room, None)) is not None]
        return [(seat, unsure.region) for unsure in ended for seat in unsure.seats.values()]
