"""The targets of fuzzing: functions that take any bytes, and raise when the code under them is wrong.

Kernels run beside their plain code or their model, whose branches a coverage-guided fuzzer can see. Each input that it
finds there is tried on the compiled kernel at once, and both must give the same.
"""

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import msgspec

from core_ext import sockets
from gateway.commands.command_parser import parse_command
from gateway.commands.commands import Heartbeat
from gateway.commands.presence_command import PresenceUpdate
from gateway.payloads.encodings import Encoding, RefusedPayload, decode_frame
from gateway.transport.handshake import asks_upgrade, find_fault
from gateway.transport.http_request import encode_upgrade, parse_request
from gateway.users.presence import from_command, merge_presences, render_presence
from tests.fuzz.voice_gateway import SEPARATOR, STRANGER, WITH_KEYS, VoiceGateway
from tests.fuzz.voice_room import PLACES, VoiceRoom
from tests.support.gateway.shown_presence import check_presence
from tests.unit.core_ext.twins import implementations_of
from voice.packets.plain_rtp import parse_rtp
from voice.protocol.commands import COMMIT_WELCOME, INVALID_COMMIT_WELCOME, KEY_PACKAGE, TRANSITION_READY

Target = Callable[[bytes], None]

_MAX_MESSAGE_BYTES = 4096
_MAX_FRAGMENTS = 8
_MAX_DEPTH = 32
DAVE_OPCODES = (KEY_PACKAGE, COMMIT_WELCOME, TRANSITION_READY, INVALID_COMMIT_WELCOME)
"""What clients say of end-to-end encryption, the binary ones first."""


_websocket = implementations_of("websocket")
_etf = implementations_of("etf")
_intake = implementations_of("intake")


def _assert_alike(outcomes: Sequence[object]) -> None:
    for other in outcomes[1:]:
        if repr(other) != repr(outcomes[0]):
            raise AssertionError(f"{outcomes[0]!r} and {other!r}")


def fuzz_frames(data: bytes) -> None:
    """Frames. The first byte chooses the size of the pieces; pieces and implementations make no difference."""
    step, stream = data[0] % 17 + 1 if data else 1, data[1:]
    chunks = [stream[start : start + step] for start in range(0, len(stream), step)]
    _assert_alike([_read_frames(module, pieces) for module in _websocket for pieces in ([stream], chunks)])


def _read_frames(module: ModuleType, pieces: list[bytes]) -> tuple[list[tuple[int, bytes]], int]:
    reader = module.FrameReader(max_bytes=_MAX_MESSAGE_BYTES, max_fragments=_MAX_FRAGMENTS)
    return [event for piece in pieces for event in reader.feed(piece)], reader.refusal


def fuzz_requests(data: bytes) -> None:
    """The head of an HTTP request: none, a refused one, or one whose upgrade can be written."""
    request = parse_request(data + b"\r\n\r\n")
    if request is None:
        return
    is_upgrade, fault = asks_upgrade(request.values_of), find_fault(request.values_of)
    if is_upgrade and fault is None:
        answer = encode_upgrade(request)
        assert answer.count(b"\r\n\r\n") == 1
        assert answer.endswith(b"\r\n\r\n")


def fuzz_etf(data: bytes) -> None:
    """Erlang terms: a value or an EtfError, the same from both implementations. A value can be encoded and decoded
    again.
    """
    outcomes = [_decode_etf(module, data) for module in _etf]
    _assert_alike(outcomes)
    kind, value = outcomes[0]
    if kind == "value" and not _has_int_keys(value):
        again = [module.etf_decode(module.etf_encode(value)) for module in _etf]
        _assert_alike([value, *again])


def _decode_etf(module: ModuleType, data: bytes) -> tuple[str, Any]:
    try:
        return "value", module.etf_decode(data, max_depth=_MAX_DEPTH)
    except module.EtfError as error:
        return "refused", str(error)


def _has_int_keys(value: Any) -> bool:
    """Tell whether a map has ints for keys, which the encoder never writes."""
    if isinstance(value, dict):
        return any(not isinstance(key, str) or _has_int_keys(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(_has_int_keys, value))


def fuzz_heartbeats(data: bytes) -> None:
    """Heartbeats. The general reading accepts those that are known by their bytes, and both implementations know the
    same.
    """
    encoding, payload = Encoding(data[0] % 3 if data else 0), data[1:]
    heard = [module.read_heartbeat(int(encoding), payload) for module in _intake]
    _assert_alike(heard)
    if heard[0] is None:
        return
    command = parse_command(encoding, decode_frame(encoding, payload))
    if not isinstance(command, Heartbeat) or (heard[0] != sockets.NO_SEQ and heard[0] != command.seq):
        raise AssertionError("taken for a heartbeat, and none, or one of another dispatch")


def fuzz_commands(data: bytes) -> None:
    """Commands. The first byte picks the encoding; the result is a command or a refusal. Texts for others are
    well-formed.
    """
    encoding = Encoding(data[0] % 3 if data else 0)
    try:
        command = parse_command(encoding, decode_frame(encoding, data[1:]))
    except RefusedPayload as refusal:
        if refusal.close_code.code not in (4001, 4002):
            raise AssertionError("not a code of a refused payload") from refusal
        return
    if isinstance(command, PresenceUpdate):
        merged = merge_presences([("web", from_command(command, now_ms=0))])
        check_presence(msgspec.json.decode(msgspec.json.encode(render_presence(1, merged, 2))))


def fuzz_strangers(data: bytes) -> None:
    """Datagrams of nobody who has keys. The first byte picks where one comes from; nothing is forwarded, and no address
    is bound. Discovery is answered.
    """
    room = VoiceRoom()
    room.gate.take(data[1:], PLACES[data[0] % len(PLACES)] if data else PLACES[0])
    if any(not sent.startswith(b"\0\2\0\x46") for sent, _ in room.sent) or room.forwarder.sizes[2]:
        raise AssertionError(f"sent {room.sent!r}")


def fuzz_members(data: bytes) -> None:
    """What a browser of the room sends with its own keys: RTP or RTCP of any content, by the first bit. It reaches the
    others as RTP that can be read, or not at all.
    """
    room = VoiceRoom()
    theirs, other = room.browsers
    plain = (data[1:] if data else b"").ljust(12, b"\0")
    sealed = theirs.seal_rtcp(plain) if data and data[0] & 1 else theirs.seal_rtp(plain)
    if sealed is None:
        return
    room.gate.take(sealed, PLACES[0])
    for sent, address in room.sent:
        if address == PLACES[1] and sent[1] not in range(192, 224) and parse_rtp(other.open_rtp(sent)) is None:
            raise AssertionError(f"sent {sent!r}")


def fuzz_voice_messages(data: bytes) -> None:
    """What a client says to the voice gateway, JSON and binary. The first byte picks how far it has come. It closes with
    one of Discord's codes or goes on, another room notices nothing, and all ends.
    """
    stage = data[0] % (WITH_KEYS + 1) if data else STRANGER
    gateway = VoiceGateway(stage)
    for message in data[1:].split(SEPARATOR):
        gateway.receive(message)
    gateway.check(may_be_seated=stage != STRANGER)


def fuzz_dave(data: bytes) -> None:
    """What a member whose key package is known says of end-to-end encryption. The first byte of each message picks its
    opcode.
    """
    gateway = VoiceGateway(WITH_KEYS)
    for message in filter(None, data.split(SEPARATOR)):
        opcode = DAVE_OPCODES[message[0] % len(DAVE_OPCODES)]
        is_binary = opcode in (KEY_PACKAGE, COMMIT_WELCOME)
        gateway.receive(bytes([opcode]) + message[1:] if is_binary else b'{"op":%d,"d":%b}' % (opcode, message[1:]))
    gateway.check(may_be_seated=True)


TARGETS: dict[str, Target] = {
    "frames": fuzz_frames,
    "requests": fuzz_requests,
    "heartbeats": fuzz_heartbeats,
    "etf": fuzz_etf,
    "commands": fuzz_commands,
    "strangers": fuzz_strangers,
    "members": fuzz_members,
    "voice-messages": fuzz_voice_messages,
    "dave": fuzz_dave,
}
