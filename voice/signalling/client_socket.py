"""One client's WebSocket, as picows reads it. It hands whole messages to the conversation."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from picows import WSFrame, WSListener, WSMsgType, WSTransport
from typing_extensions import override

from core.wire.close_codes import GOING_AWAY, SLOW_CLIENT, CloseCode
from voice.protocol import close_codes
from voice.signalling.conversation import Conversation

_NORMAL: Final = 1000
_NO_STATUS: Final = 1005
_DRAIN_S: Final = 2.0
_MOST_BUFFERED: Final = 256 * 1024
"""What may wait for a client that does not read: thousands of messages."""


class SocketOwner(Protocol):
    """The listener, as a socket needs it."""

    def add(self, client: "ClientSocket") -> CloseCode | None:
        """Add a socket; return why it must not stay."""

    def discard(self, client: "ClientSocket") -> None:
        """Remove a socket that is gone."""


class ClientSocket(WSListener):
    """A `voice.rooms.member.ClientLink`."""

    __slots__ = (
        "_after_message", "_conversation", "_is_known", "_make", "_owner", "_refusal", "_transport", "client_ip",
        "local_ip",
    )  # fmt: skip

    def __init__(
        self,
        *,
        owner: SocketOwner,
        make: Callable[["ClientSocket"], Conversation],
        refusal: CloseCode | None,
        after_message: Callable[[], None],
    ) -> None:
        self._owner = owner
        self._after_message = after_message
        self._make = make
        self._refusal = refusal
        """Why its request is not taken, told as a close code: HTTP's statuses do not reach a client's program."""
        self._conversation: Conversation | None = None
        self._transport: WSTransport | None = None
        self._is_known = False
        self.client_ip = ""
        self.local_ip = ""

    # ---- picows' callbacks

    @override
    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        inner = transport.underlying_transport
        inner.set_write_buffer_limits(high=_MOST_BUFFERED)
        self.client_ip = (inner.get_extra_info("peername") or ("",))[0]
        self.local_ip = (inner.get_extra_info("sockname") or ("",))[0]
        refusal = self._owner.add(self) or self._refusal
        self._is_known = True
        if refusal is not None:
            self.close(refusal)
            return
        self._conversation = self._make(self)
        self._conversation.open()

    @override
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        conversation = self._conversation
        kind = frame.msg_type
        if self._transport is None or conversation is None:
            if kind == WSMsgType.CLOSE:
                transport.disconnect()
            return
        if kind == WSMsgType.CLOSE:
            payload = frame.get_payload_as_bytes()
            code = int.from_bytes(payload[:2], "big") if len(payload) > 1 else _NO_STATUS
            self._transport = None
            transport.send_close(_NORMAL if code == _NO_STATUS else code)  # type: ignore[arg-type]  # beyond its enum
            transport.disconnect()
            self._lose(code)
        elif kind == WSMsgType.TEXT and frame.fin:
            conversation.receive(frame.get_payload_as_bytes())
            self._after_message()
        elif kind == WSMsgType.BINARY and frame.fin:
            conversation.receive(frame.get_payload_as_bytes(), is_binary=True)
            self._after_message()
        elif kind == WSMsgType.PONG:
            conversation.on_pong()
        elif kind != WSMsgType.PING:
            conversation.close(close_codes.DECODE_ERROR)  # no client of voice sends messages in pieces

    @override
    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        if self._is_known:
            self._is_known = False
            self._owner.discard(self)
        self._lose(None)

    @override
    def pause_writing(self) -> None:
        if self._conversation is not None:
            self._conversation.close(SLOW_CLIENT)

    @override
    def resume_writing(self) -> None:
        """Nothing: a slow client is closed."""

    def _lose(self, code: int | None) -> None:
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            conversation.on_lost(code)

    # ---- the way out

    def send(self, message: bytes, *, is_binary: bool = False) -> None:
        """Send a message; nothing happens when the socket is closed."""
        if self._transport is not None:
            self._transport.send(WSMsgType.BINARY if is_binary else WSMsgType.TEXT, message)

    def ping(self) -> None:
        """Ask for a pong, which every client's library answers by itself; nothing happens when the socket is closed."""
        if self._transport is not None:
            self._transport.send_ping()

    def close(self, code: CloseCode) -> None:
        """Close the socket; nothing that comes is heard any more.

        The socket itself stays until the client has answered, or for a moment: when it is closed while bytes of the
        client are unread, the kernel resets the connection, and the client may never see the code.
        """
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.send_close(code.code, code.reason.encode())  # type: ignore[arg-type]  # codes beyond its enum
            asyncio.get_running_loop().call_later(_DRAIN_S, transport.disconnect)

    def end(self) -> None:
        """Close the socket because the node stops."""
        self.close(GOING_AWAY)
