"""The facts of a session, as bytes for the journal: its profile, and what the homes know of it. Pure.

MessagePack, without the names of fields that have their defaults. Another version of the server may not be able to read
them; then the session cannot be restored, and its client identifies anew.
"""

import msgspec

from gateway.homes.session_state import SessionState
from gateway.sessions.session import SessionProfile


class SessionFacts(msgspec.Struct, kw_only=True, frozen=True):
    profile: SessionProfile
    state: SessionState


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SessionFacts)


def encode_facts(facts: SessionFacts) -> bytes:
    """Return the facts as bytes."""
    return _encoder.encode(facts)


def find_facts(data: bytes) -> SessionFacts | None:
    """Read facts. None when they are of a version that cannot be read."""
    try:
        return _decoder.decode(data)
    except msgspec.MsgspecError:
        return None
