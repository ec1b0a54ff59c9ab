from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, type_check_only

from core_ext.guild.slot_set_py import SlotSet

MAX_SEND_BYTES: Final[int]
"""How much a send gathers. A frame that is larger goes alone."""

class SendQueue:
    """The tracks that have something to send, each once, in the order in which they got it.

    `schedule` is called when the first one comes: then `flush` must be called, and again for as long as it says so (or
    raises).
    """

    def __init__(self, schedule: Callable[[], object]) -> None: ...
    def __len__(self) -> int: ...
    @property
    def entered(self) -> int:
        """How many tracks ever came; one that comes again counts again."""

    @property
    def left(self) -> int:
        """How many ever had their turn. Once it reaches what `entered` was, all of that time are sent."""

    def flush(self, max_tracks: int) -> bool:
        """Send what so many tracks have; whether there are more.

        Raises:
            Exception: what a form or a link raised. That one track's event or bytes are lost; the others are still here.
        """

@type_check_only
class Link(Protocol):
    """See the module."""

    def write(self, data: bytes) -> None:
        """Takes bytes."""

    def get_write_buffer_size(self) -> int:
        """What it has not passed on."""

class Outlet:
    """One connection's way out: everything that its socket gets after the handshake, until `close`, comes through here.

    `fd` is the socket's, non-blocking, and must stay open until `close`; -1 sends through the link alone.
    """

    @property
    def queue(self) -> SendQueue:
        """Where its track waits for its turn."""

    def __init__(self, *, queue: SendQueue, form: Any, link: Link, fd: int = -1) -> None: ...
    @property
    def is_open(self) -> bool:
        """Whether `close` is still to come."""

    @property
    def buffered_bytes(self) -> int:
        """What waits here (as its `size_bytes`) and in the link. 0 when closed."""

    def set_form(self, form: Any) -> None:
        """Events leave in another form from now on."""

    def write(self, data: bytes) -> None:
        """Send bytes behind everything that was pushed before. Nothing when closed."""

    def flush(self) -> None:
        """Send what its track has, now."""

    def close(self) -> None:
        """Send what its track has and let go of link, socket and track. May be called twice, and by the link."""

    def confirm(self, seq: int) -> None:
        """The client has what its track sent up to this number."""

    def cut(self) -> None:
        """Let go without sending: the socket is gone."""

class Track:
    """A session's dispatches: their numbers, what is remembered of them, and where they go.

    The oldest are forgotten past `max_events` and past `max_bytes`, the newest never. What is still to be sent is not
    forgotten: it is sent first. What the client is known to have may be forgotten before (`forget_up_to`).
    """

    def __init__(self, *, max_events: int, max_bytes: int) -> None: ...
    @property
    def seq(self) -> int:
        """Of the newest dispatch; 0 before the first."""

    @property
    def outlet(self) -> Outlet | None:
        """Where dispatches go; None while there is no open one."""

    def attach(self, outlet: Outlet | None) -> None:
        """Send what comes from now on there; what came before still goes to the outlet before."""

    def push(self, body: Any) -> int:
        """Number an event, remember it and have it sent; its number."""

    def has_all_after(self, seq: int) -> bool:
        """Whether nothing after `seq` was forgotten. A `seq` that was never reached is not after anything."""

    def after(self, seq: int) -> list[tuple[int, Any]]:
        """What is remembered of the dispatches after `seq`, with their numbers."""

    def forget_up_to(self, seq: int) -> None:
        """Forget what its client has. Nothing when that was never sent."""

    def replay_after(self, seq: int) -> None:
        """Have everything after `seq` sent once more. ValueError unless `has_all_after(seq)`."""

    @property
    def has_pending(self) -> bool:
        """Whether there is something to send."""

    @property
    def pending_bytes(self) -> int:
        """The size of what is to be sent."""

def deliver(tracks: Sequence[Track | None], slots: SlotSet, body: Any) -> int:
    """Push `body` to the tracks in `slots`; an empty slot is skipped. How many got it."""
