"""Compiled kernels and their plain Python twins: this file chooses. It imports nothing else of ours.

`x_py.py` is the reference of each kernel, `x_c` the compiled one. All compiled ones are used when they can be imported and
CORE_EXT_PURE is not "1", else all plain ones: never a mixture, so that classes and errors always belong together.
"""

import os
from typing import TYPE_CHECKING

from core_ext import delivery_py as _delivery
from core_ext import etf_py as _etf
from core_ext import framing_py as _framing
from core_ext import intake_py as _intake
from core_ext import permissions_py as _permissions
from core_ext import slot_set_py as _slot_set
from core_ext import snowflake_py as _snowflake
from core_ext import sockets_py as _sockets
from core_ext import template_py as _template
from core_ext import view_index_py as _view_index
from core_ext import websocket_py as _websocket

IS_COMPILED: bool = False

# A type checker sees the plain twins: their signatures are the interface.
if not TYPE_CHECKING and os.environ.get("CORE_EXT_PURE") != "1":
    try:
        from core_ext import (
            delivery_c,
            etf_c,
            framing_c,
            intake_c,
            permissions_c,
            slot_set_c,
            snowflake_c,
            sockets_c,
            template_c,
            view_index_c,
            websocket_c,
        )
    except ImportError:
        pass
    else:
        _delivery, _etf, _framing = delivery_c, etf_c, framing_c
        _intake, _permissions, _slot_set = intake_c, permissions_c, slot_set_c
        _snowflake, _sockets, _template = snowflake_c, sockets_c, template_c
        _view_index, _websocket = view_index_c, websocket_c
        IS_COMPILED = True

Outlet = _delivery.Outlet
SendQueue = _delivery.SendQueue
Track = _delivery.Track
deliver = _delivery.deliver

EtfError = _etf.EtfError
etf_decode = _etf.etf_decode
etf_encode = _etf.etf_encode

ETF_SEQ_OFFSET = _framing.ETF_SEQ_OFFSET
MSGPACK_SEQ_OFFSET = _framing.MSGPACK_SEQ_OFFSET
frame = _framing.frame
frame_etf = _framing.frame_etf
frame_json = _framing.frame_json
frame_msgpack = _framing.frame_msgpack
share_etf = _framing.share_etf
share_json = _framing.share_json
share_msgpack = _framing.share_msgpack
splice_etf = _framing.splice_etf
splice_json = _framing.splice_json
splice_msgpack = _framing.splice_msgpack
websocket_header = _framing.websocket_header

Intake = _intake.Intake
NO_SEQ = _intake.NO_SEQ
read_heartbeat = _intake.read_heartbeat

ALL_PERMISSIONS = _permissions.ALL_PERMISSIONS
TIMEOUT_ALLOWED = _permissions.TIMEOUT_ALLOWED
apply_implicit_denials = _permissions.apply_implicit_denials
compute_base = _permissions.compute_base
compute_channel = _permissions.compute_channel

SlotSet = _slot_set.SlotSet

SnowflakeGenerator = _snowflake.SnowflakeGenerator

Socket = _sockets.Socket
SocketTable = _sockets.SocketTable

TEMPLATE_FIXED = _template.FIXED
TEMPLATE_JSON = _template.JSON
TEMPLATE_JSON_DEFLATE = _template.JSON_DEFLATE
TEMPLATE_JSON_ZSTD = _template.JSON_ZSTD
TEMPLATE_PADDED = _template.PADDED
Template = _template.Template

ViewIndex = _view_index.ViewIndex

FRAME_BINARY = _websocket.BINARY
FRAME_CLOSE = _websocket.CLOSE
FRAME_PING = _websocket.PING
FRAME_PONG = _websocket.PONG
FRAME_TEXT = _websocket.TEXT
NOT_TEXT = _websocket.NOT_TEXT
PROTOCOL_ERROR = _websocket.PROTOCOL_ERROR
TOO_LARGE = _websocket.TOO_LARGE
FrameReader = _websocket.FrameReader
