"""The kernels, as `core_ext.chooser` chooses them. This file imports nothing else of ours."""

import sys
from typing import TYPE_CHECKING

from core_ext.chooser import choose, load

# A type checker sees the plain twins and the stubs: their signatures are the interface.
if TYPE_CHECKING:
    from core_ext import delivery_c as _delivery
    from core_ext import etf_py as _etf
    from core_ext import framing_py as _framing
    from core_ext import intake_c as _intake
    from core_ext import permissions_py as _permissions
    from core_ext import slot_set_py as _slot_set
    from core_ext import snowflake_py as _snowflake
    from core_ext import template_c as _template
    from core_ext import view_index_py as _view_index
    from core_ext import websocket_c as _websocket
else:
    _delivery, _intake, _template = map(load, ("core_ext.delivery", "core_ext.intake", "core_ext.template"))
    _websocket = load("core_ext.websocket")
    _etf, _framing = choose("core_ext.etf"), choose("core_ext.framing")
    _permissions, _snowflake = choose("core_ext.permissions"), choose("core_ext.snowflake")
    _slot_set, _view_index = choose("core_ext.slot_set"), choose("core_ext.view_index")

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

# There is no epoll elsewhere.
if sys.platform == "linux":
    if TYPE_CHECKING:
        from core_ext import sockets_c as _sockets
    else:
        _sockets = load("core_ext.sockets")
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
