"""What the voice gateway says of end-to-end encryption (Discord's protocol DAVE, "Voice Gateway Opcodes")."""

from collections.abc import Iterable
from typing import Final

from voice.mls.presentation import encode_uint, encode_vector
from voice.protocol.payloads import BinaryPayload, Payload

PREPARE_TRANSITION: Final = 21
EXECUTE_TRANSITION: Final = 22
PREPARE_EPOCH: Final = 24
EXTERNAL_SENDER: Final = 25
PROPOSALS: Final = 27
ANNOUNCE_COMMIT: Final = 29
WELCOME: Final = 30

_APPEND: Final = b"\0"
_REVOKE: Final = b"\1"
_FIRST_EPOCH: Final = 1

AnyPayload = Payload | BinaryPayload


def prepare_transition(number: int, version: int) -> Payload:
    """Have a client get ready for another version; it changes at once when the number is 0."""
    return Payload(PREPARE_TRANSITION, {"transition_id": number, "protocol_version": version})


def execute_transition(number: int) -> Payload:
    """Have a client change."""
    return Payload(EXECUTE_TRANSITION, {"transition_id": number})


def prepare_epoch(version: int) -> Payload:
    """Have a client begin a group of its own, and send a key package."""
    return Payload(PREPARE_EPOCH, {"protocol_version": version, "epoch": _FIRST_EPOCH})


def external_sender(package: bytes) -> BinaryPayload:
    """Say who makes proposals."""
    return BinaryPayload(EXTERNAL_SENDER, package)


def append_proposals(messages: Iterable[bytes]) -> BinaryPayload:
    """Propose changes of the group."""
    return BinaryPayload(PROPOSALS, _APPEND + encode_vector(b"".join(messages)))


def revoke_proposals(refs: Iterable[bytes]) -> BinaryPayload:
    """Take proposals back."""
    return BinaryPayload(PROPOSALS, _REVOKE + encode_vector(b"".join(encode_vector(ref) for ref in refs)))


def announce_commit(number: int, commit: bytes) -> BinaryPayload:
    """Give a member the commit of the next epoch."""
    return BinaryPayload(ANNOUNCE_COMMIT, encode_uint(number, 2) + commit)


def welcome(number: int, message: bytes) -> BinaryPayload:
    """Give a new member what it must know of the group."""
    return BinaryPayload(WELCOME, encode_uint(number, 2) + message)
