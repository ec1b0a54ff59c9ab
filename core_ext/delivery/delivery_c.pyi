from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, type_check_only

from core_ext.guild.slot_set_py import SlotSet

MAX_SEND_BYTES: Final[int]
"""The most that a send gathers. A larger frame goes alone."""

class SendQueue:
    """The tracks that have something to send, each once, in the order in which they got it.

    `schedule` is called when the first one comes. Then `flush` must be called, and again while it returns True or
    raises.
    """

    def __init__(self, schedule: Callable[[], object]) -> None: ...
    def __len__(self) -> int: ...
    @property
    def entered(self) -> int:
        """The number of tracks that ever came; one that comes again counts again."""

    @property
    def left(self) -> int:
        """The number of tracks that were ever sent. At an earlier `entered`, all tracks of that time are sent."""

    def flush(self, max_tracks: int) -> bool:
        """Send the events of so many tracks; return whether there are more.

        Raises:
            Exception: one of a wire format or a link. That track's event or bytes are lost; the others stay.
        """

@type_check_only
class Link(Protocol):
    def write(self, data: bytes) -> None:
        """Take bytes."""

    def get_write_buffer_size(self) -> int:
        """Return the number of bytes that it has not passed on."""

class Outlet:
    """One connection's way out: all bytes for its socket after the handshake, until `close`, go through it.

    `fd` is the socket's, non-blocking, and must stay open until `close`; -1 sends through the link alone.
    """

    @property
    def queue(self) -> SendQueue:
        """The queue in which its track waits for its turn."""

    def __init__(self, *, queue: SendQueue, wire_format: Any, link: Link, fd: int = -1) -> None: ...
    @property
    def is_open(self) -> bool:
        """Whether `close` is still to come."""

    @property
    def buffered_bytes(self) -> int:
        """The size of all that waits, in the track (as `size_bytes`) and in the link. 0 when closed."""

    def set_wire_format(self, wire_format: Any) -> None:
        """Have events leave in another wire format from now on."""

    def write(self, data: bytes) -> None:
        """Send bytes behind everything that was pushed before. Do nothing when closed."""

    def flush(self) -> None:
        """Send the events of its track now."""

    def close(self) -> None:
        """Send the events of its track and let go of link, socket and track. Safe to call twice, and from the link."""

    def confirm(self, seq: int) -> None:
        """Note that the client has the dispatches up to this number."""

    def cut(self) -> None:
        """Let go without sending, because the socket is gone."""

class Track:
    """A session's dispatches: their numbers, the memory of the newest, and the outlet that they go to.

    The oldest are forgotten past `max_events` and past `max_bytes`, the newest never. An event that is still to be sent
    is sent before it is forgotten. An event that the client is known to have may be forgotten earlier (`forget_up_to`).

    A session of an earlier process goes on behind `seq`: the first dispatch is `seq` + 1, nothing up to `seq` is
    remembered. Raises ValueError for a `seq` that no dispatch can have.
    """

    def __init__(self, *, max_events: int, max_bytes: int, seq: int = 0) -> None: ...
    @property
    def seq(self) -> int:
        """The number of the newest dispatch; the one that the track began with before the first."""

    @property
    def outlet(self) -> Outlet | None:
        """The open outlet that dispatches go to, or None."""

    def attach(self, outlet: Outlet | None) -> None:
        """Send later dispatches there; earlier ones still go to the previous outlet."""

    def push(self, body: Any) -> int:
        """Number an event, remember it and have it sent; return its number."""

    def has_all_after(self, seq: int) -> bool:
        """Return whether no event after `seq` was forgotten. False for a `seq` that was never reached."""

    def after(self, seq: int) -> list[tuple[int, Any]]:
        """Return the remembered dispatches after `seq`, with their numbers."""

    def forget_up_to(self, seq: int) -> None:
        """Forget the dispatches that the client has. Do nothing when they were never sent."""

    def replay_after(self, seq: int) -> None:
        """Have everything after `seq` sent once more. Raises ValueError unless `has_all_after(seq)`."""

    @property
    def has_pending(self) -> bool:
        """Return whether there is something to send."""

    @property
    def pending_bytes(self) -> int:
        """Return the size of the events that are to be sent."""

def deliver(tracks: Sequence[Track | None], slots: SlotSet, body: Any) -> int:
    """Push `body` to the tracks in `slots`; an empty slot is skipped. Return how many got it."""

def collect_seqs(tracks: Sequence[Track | None], noted: bytearray) -> bytes:
    """Return the tracks whose `seq` is not the noted one, and note it; None is skipped.

    `noted` has an unsigned int (four bytes, native order) for each place of `tracks`. The result has two of them for
    each of those tracks, in the order of their places: the place and `seq`. Raises ValueError when the sizes differ.
    """
