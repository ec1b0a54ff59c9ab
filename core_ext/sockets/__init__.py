"""The sockets of a WebSocket server, their clients' frames, and the heartbeats among these."""

import sys
from typing import TYPE_CHECKING

from core_ext.chooser import load

if TYPE_CHECKING:  # the plain code and the stubs have the signatures
    from core_ext.sockets import intake_c as _intake
    from core_ext.sockets import websocket_c as _websocket
else:
    _intake = load("core_ext.sockets.intake")
    _websocket = load("core_ext.sockets.websocket")

Intake = _intake.Intake
NO_SEQ = _intake.NO_SEQ
read_heartbeat = _intake.read_heartbeat

FRAME_BINARY = _websocket.BINARY
FRAME_CLOSE = _websocket.CLOSE
FRAME_PING = _websocket.PING
FRAME_PONG = _websocket.PONG
FRAME_TEXT = _websocket.TEXT
NOT_TEXT = _websocket.NOT_TEXT
PROTOCOL_ERROR = _websocket.PROTOCOL_ERROR
TOO_LARGE = _websocket.TOO_LARGE

# Only Linux has epoll.
if sys.platform == "linux":
    if TYPE_CHECKING:
        from core_ext.sockets import sockets_c as _sockets
    else:
        _sockets = load("core_ext.sockets.sockets")
    Socket = _sockets.Socket
    SocketTable = _sockets.SocketTable
