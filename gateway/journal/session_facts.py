"""The facts of a session, as bytes for its record: its profile, and what the homes know of it. Pure.

MessagePack, without the names of fields, and without what the record has in fields of its own: there are many sessions.
Another version of the server may not be able to read them; then the session cannot be restored, and its client
identifies anew.
"""

import msgspec

from core.store.aggregates.session_journal import SessionRecord
from gateway.homes.session_state import SessionState
from gateway.sessions.session import SessionProfile


class SessionFacts(msgspec.Struct, kw_only=True, frozen=True, array_like=True):
    profile: SessionProfile
    state: SessionState


class Description(msgspec.Struct, frozen=True):
    """A session as a cut's record has it."""

    facts: bytes
    guilds: int
    """A number for the guilds that the session is in, or on its way into; never 0."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SessionFacts)


def describe_session(profile: SessionProfile, state: SessionState) -> Description:
    """Return what a record has of a session."""
    guild_ids = sorted(known.guild_id for known in state.guilds)
    guilds = hash((tuple(guild_ids), tuple(sorted(state.arriving)))) or 1
    return Description(encode_facts(SessionFacts(profile=profile, state=state)), guilds)


def encode_facts(facts: SessionFacts) -> bytes:
    """Return the facts as bytes for a record."""
    rest = msgspec.structs.replace(facts.profile, session_id="", user_id=0, token_hash=b"")
    return _encoder.encode(msgspec.structs.replace(facts, profile=rest))


def find_facts(record: SessionRecord) -> SessionFacts | None:
    """Read the facts of a record. None when they are of a version that cannot be read."""
    try:
        facts = _decoder.decode(record.facts)
    except msgspec.MsgspecError:
        return None
    whole = msgspec.structs.replace(
        facts.profile, session_id=record.session_id, user_id=record.user_id, token_hash=record.token_hash
    )
    return msgspec.structs.replace(facts, profile=whole)
