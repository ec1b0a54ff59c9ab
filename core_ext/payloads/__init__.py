"""The bytes that an event becomes: ETF, framing, and templates with room for each recipient's `s`."""

from typing import TYPE_CHECKING

from core_ext.chooser import choose, load

if TYPE_CHECKING:  # the plain code and the stubs have the signatures
    from core_ext.payloads import etf_py as _etf
    from core_ext.payloads import framing_py as _framing
    from core_ext.payloads import template_c as _template
else:
    _etf = choose("core_ext.payloads.etf")
    _framing = choose("core_ext.payloads.framing")
    _template = load("core_ext.payloads.template")

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

TEMPLATE_FIXED = _template.FIXED
TEMPLATE_JSON = _template.JSON
TEMPLATE_JSON_DEFLATE = _template.JSON_DEFLATE
TEMPLATE_JSON_ZSTD = _template.JSON_ZSTD
TEMPLATE_PADDED = _template.PADDED
Template = _template.Template
