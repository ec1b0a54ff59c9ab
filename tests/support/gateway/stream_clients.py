"""Clients of compressed streams without sockets. They take frames from an outlet and check each payload."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from core_ext.delivery import Outlet, SendQueue, Track
from gateway.payloads.body import Body
from gateway.payloads.compression import Compression
from gateway.payloads.encodings import SEQ_HEADS, Encoding, encode_payload
from gateway.payloads.spliced_body import SplicedBody
from gateway.payloads.wire_formats import WireFormats
from tests.support.gateway.websocket_frames import STREAM_DECODERS, decode_payload

WIRE_FORMATS = WireFormats()
_JSON_PREFIX = re.compile(rb'\{"s":(\d+)( *),( *)')
_PAD = " " * 17
_PADS = {
    Encoding.ETF: b"m\x00\x00\x00\x01_m\x00\x00\x00\x11" + _PAD.encode(),
    Encoding.MSGPACK: b"\xa1_\xb1" + _PAD.encode(),
}


def assert_dispatch(encoding: Encoding, payload: bytes, seq: int, body: Body) -> bool:
    """Check that a payload is that event, except for pads.

    Return whether it has the prefix of chained JSON payloads.
    """
    if isinstance(body, SplicedBody):
        dispatch = decode_payload(encoding, payload)
        for name in ("_", "__", "___"):
            assert dispatch["d"].pop(name, _PAD) == _PAD
        assert dispatch == {"t": body.event, "s": seq, "op": 0, "d": msgspec.json.decode(body.payload)}
        return False
    if encoding is Encoding.JSON:
        prefix = _JSON_PREFIX.match(payload)
        assert prefix is not None
        assert int(prefix[1]) == seq
        assert payload[prefix.end() :] == body.shared(encoding)
        return len(prefix[1] + prefix[2]) == 10
    shared, before = body.shared(encoding), SEQ_HEADS[encoding]
    if len(payload) != len(before) + 4 + len(shared):
        size = 6 if encoding is Encoding.ETF else 1
        before = before[: size - 1] + bytes((before[size - 1] + 1,)) + before[size:]
        shared = _PADS[encoding] + shared
    assert payload == before + seq.to_bytes(4, "big") + shared
    return False


class _Whole:
    """A decoder of streams without compression."""

    def decompress(self, data: bytes) -> bytes:
        return data


DECODERS: dict[str, tuple[Compression, Any]] = {"none": (Compression.NONE, _Whole)} | STREAM_DECODERS


class StreamClient:
    """One connection: an outlet's link that decompresses and checks each payload at once."""

    def __init__(self, queue: SendQueue, encoding: Encoding, decoder: str) -> None:
        compression, make = DECODERS[decoder]
        self.encoding = encoding
        self.compression = compression
        self._decompressor = make()
        self.wire_format = WIRE_FORMATS.find(encoding, compression)
        self.outlet = Outlet(queue=queue, wire_format=self.wire_format, link=self)
        self._waiting = bytearray()
        self._dispatches: list[tuple[int, Body]] = []
        self._unicast = encode_payload(encoding, 11)
        self.wire = bytearray()
        """All payloads, still compressed."""
        self.text = bytearray()
        """All payloads, decompressed."""
        self.chained = 0
        """The number of JSON payloads with the prefix of chained ones."""
        self.is_slow = False
        self.outlet.write(self.wire_format.open(self._unicast))

    def get_write_buffer_size(self) -> int:
        return int(self.is_slow)

    def write(self, data: bytes) -> None:
        """Take frames, or parts of them."""
        self._waiting += data
        while (size := self._frame_size()) is not None:
            self._read(size)

    def expect(self, dispatches: Sequence[tuple[int, Body]]) -> None:
        """Expect these dispatches next, beside payloads for this connection alone."""
        self._dispatches += dispatches

    def say_something(self) -> None:
        """Send a payload for this connection alone."""
        self.outlet.write(self.wire_format.encode(self._unicast))

    def assert_all_came(self) -> None:
        assert not self._dispatches
        assert not self._waiting

    def _frame_size(self) -> tuple[int, int] | None:
        waiting = self._waiting
        if len(waiting) < 10 and len(waiting) < 2 + (waiting[1] if len(waiting) > 1 else 9):
            return None
        length, start = waiting[1], 2
        if length == 126:
            length, start = int.from_bytes(waiting[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(waiting[2:10], "big"), 10
        return (start, start + length) if len(waiting) >= start + length else None

    def _read(self, size: tuple[int, int]) -> None:
        start, end = size
        data = bytes(self._waiting[start:end])
        del self._waiting[:end]
        payload = self._decompressor.decompress(data)
        self.wire += data
        self.text += payload
        if payload == self._unicast:
            return
        seq, body = self._dispatches.pop(0)
        self.chained += assert_dispatch(self.encoding, payload, seq, body)


class Member:
    """A session's track with the bodies pushed to it, and its connections."""

    def __init__(self, queue: SendQueue, encoding: Encoding, decoder: str) -> None:
        self.track = Track(max_events=200, max_bytes=10_000_000)
        self._queue = queue
        self._kind = (encoding, decoder)
        self._pushed: list[Body] = []
        self.clients: list[StreamClient] = []
        self.connect()

    @property
    def client(self) -> StreamClient:
        return self.clients[-1]

    def connect(self) -> StreamClient:
        client = StreamClient(self._queue, *self._kind)
        self.clients.append(client)
        self.track.attach(client.outlet)
        return client

    def push(self, body: Body) -> None:
        self._pushed.append(body)
        self.client.expect([(self.track.push(body), body)])

    def resume(self, lost: int) -> None:
        """Replace the connection. The new one gets the newest `lost` dispatches once more."""
        self.client.outlet.close()
        seq = max(len(self._pushed) - lost, 0)
        client = self.connect()
        if self.track.has_all_after(seq):
            client.expect(list(enumerate(self._pushed[seq:], seq + 1)))
            self.track.replay_after(seq)
