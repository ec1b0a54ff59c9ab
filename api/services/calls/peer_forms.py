"""Bodies of requests about calls from client to client. What clients send each other is bounded, and not changed."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.forms.form import SnowflakeField
from api.forms.marks import as_set

_MOST_OTHERS: Final = 100
"""More than a call without a media node can have."""
_MOST_CANDIDATES: Final = 32
"""In one request. A client has one for each of its addresses and each STUN or TURN server, rarely ten in all."""

SessionDescription = Annotated[str, Meta(max_length=16_384, pattern=r"^v=0\r?\n[^\x00]*\Z")]
"""An SDP. One with a microphone and a camera has some 6,000 characters."""


class AgreeForm(msgspec.Struct, kw_only=True):
    """PUT /channels/{channel}/call/peers/@me."""

    session_id: Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{1,64}\Z")]
    """The gateway session that is in the call: it alone is told of the others."""
    towards: Annotated[list[SnowflakeField], as_set(_MOST_OTHERS)] | UnsetType = UNSET
    """The others whom the person sees in the call: somebody may come while this is on its way."""


class PeerReportForm(msgspec.Struct, kw_only=True):
    """PATCH /channels/{channel}/call/peers/@me."""

    round_id: SnowflakeField
    state: Literal["connected", "failed"]
    """All others of the round are reached, or one of them cannot be."""


class CandidateForm(msgspec.Struct, kw_only=True, rename="camel"):
    """WebRTC's `RTCIceCandidateInit`."""

    candidate: Annotated[str, Meta(max_length=512, pattern=r"^(candidate:[\x20-\x7e]+)?\Z")]
    """"" says that there are no more."""
    sdp_mid: Annotated[str, Meta(max_length=64, pattern=r"^[\x21-\x7e]*\Z")] | None = None
    sdp_m_line_index: Annotated[int, Meta(ge=0, le=64)] | None = None
    username_fragment: Annotated[str, Meta(max_length=256, pattern=r"^[0-9A-Za-z+/]*\Z")] | None = None


class PeerSignalForm(msgspec.Struct, kw_only=True):
    """POST /channels/{channel}/call/peers/{user}/signals."""

    round_id: SnowflakeField
    type: Literal["offer", "answer", "candidates"]
    sdp: SessionDescription | UnsetType = UNSET
    """Of an offer or an answer."""
    candidates: Annotated[list[CandidateForm], Meta(min_length=1, max_length=_MOST_CANDIDATES)] | UnsetType = UNSET


class PeerToPeerForm(msgspec.Struct, kw_only=True):
    """PATCH /users/@me/peer-to-peer."""

    enabled: bool
