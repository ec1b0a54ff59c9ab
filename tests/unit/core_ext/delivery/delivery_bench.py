"""What stands around the delivery kernels in their tests: bodies, wire formats, links."""

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from core_ext.payloads import framing_py
from tests.unit.core_ext.twins import sibling_of


class Body:
    """An event whose frames are its text and `s`."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.size_bytes = len(text)
        self._template: Any = None

    def find_template(self, wire_format: "WireFormat") -> Any:
        if self._template is None:
            self._template = wire_format.make_template(self)
        return self._template


class WireFormat:
    """JSON, uncompressed."""

    index = 0
    is_stream = False

    def __init__(self, module: ModuleType) -> None:
        self._template = sibling_of(module, "template").Template
        self.made = 0

    def make_template(self, body: Body) -> Any:
        self.made += 1
        if body.text == b"broken":
            raise ValueError("broken")
        return self._template(1, 1, b"", body.text)


class Templateless:
    """A wire format that makes every frame itself."""

    index = -1
    is_stream = False

    def encode_dispatch(self, body: Body, seq: int) -> bytes:
        return b"<%d %b>" % (seq, body.text)


class Link:
    """A transport that keeps what is written, and says that it holds what it is told to hold."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.writes = 0
        self.held = 0

    def write(self, data: bytes) -> None:
        self.written += data
        self.writes += 1

    def get_write_buffer_size(self) -> int:
        return self.held


class Bench:
    """A queue, and what makes outlets and tracks of it."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.scheduled = 0
        self.queue = module.SendQueue(self._schedule)

    def _schedule(self) -> None:
        self.scheduled += 1

    def make_outlet(self, link: Any = None, *, wire_format: Any = None, fd: int = -1) -> tuple[Any, Any]:
        link = link or Link()
        return self.module.Outlet(
            queue=self.queue, wire_format=wire_format or WireFormat(self.module), link=link, fd=fd
        ), link

    def make_track(self, **values: Any) -> Any:
        return self.module.Track(**{"max_events": 100, "max_bytes": 10_000} | values)

    def deliver(self, tracks: list[Any], slots: Iterable[int], body: Any) -> Any:
        """To these slots, as a set of the same implementation."""
        return self.module.deliver(tracks, sibling_of(self.module, "slot_set").SlotSet(slots), body)

    def make_pair(self, **values: Any) -> tuple[Any, Any]:
        track, (outlet, link) = self.make_track(**values), self.make_outlet()
        track.attach(outlet)
        return track, link


def frames(*events: tuple[int, bytes]) -> bytes:
    """What the wire format makes of events with their numbers."""
    return b"".join(framing_py.frame_json(seq, text) for seq, text in events)
