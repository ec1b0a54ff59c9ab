"""wsproto's opinion on a client's bytes, in the words of `core_ext`'s frame reader."""

from typing import Any

import msgspec
from wsproto.frame_protocol import CloseReason, FrameProtocol, Opcode, ParseFailed

from core_ext.sockets.websocket_c import CLOSE, NOT_TEXT, PROTOCOL_ERROR

_NO_STATUS = 1005


class Verdict(msgspec.Struct, kw_only=True, frozen=True):
    """Messages and control frames in their order, and why nothing more is read, 0 when something is."""

    events: list[tuple[int, bytes]]
    refusal: int


class WsprotoReader:
    """Reads as `FrameReader` does, without its limits."""

    def __init__(self) -> None:
        self._protocol = FrameProtocol(client=False, extensions=[])
        self._parts: list[Any] = []
        self.events: list[tuple[int, bytes]] = []
        self.refusal = 0

    @property
    def verdict(self) -> Verdict:
        """So far."""
        return Verdict(events=list(self.events), refusal=self.refusal)

    def feed(self, data: bytes) -> None:
        """Reads on, unless it has refused."""
        if self.refusal:
            return
        self._protocol.receive_bytes(data)
        try:
            self._gather()
        except ParseFailed as failed:
            is_text = failed.code is CloseReason.INVALID_FRAME_PAYLOAD_DATA and "CLOSE" not in str(failed)
            self.refusal = NOT_TEXT if is_text else PROTOCOL_ERROR

    def _gather(self) -> None:
        for frame in self._protocol.received_frames():
            if frame.opcode is Opcode.CLOSE:
                code, reason = frame.payload
                payload = b"" if code == _NO_STATUS else int(code).to_bytes(2, "big") + reason.encode()
                self.events.append((CLOSE, payload))
            elif frame.opcode.iscontrol():
                self.events.append((int(frame.opcode), bytes(frame.payload)))
            else:
                part = frame.payload
                self._parts.append(part.encode() if isinstance(part, str) else part)
                if frame.message_finished:
                    self.events.append((int(frame.opcode), b"".join(self._parts)))
                    self._parts = []


def read_with_wsproto(chunks: list[bytes]) -> Verdict:
    """The verdict on a whole stream."""
    reader = WsprotoReader()
    for chunk in chunks:
        reader.feed(chunk)
    return reader.verdict
