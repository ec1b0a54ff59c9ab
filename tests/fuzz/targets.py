"""The targets of fuzzing: functions that take any bytes, and raise when the code under them is wrong.

Kernels run beside their plain code or their model, whose branches a coverage-guided fuzzer can see. Each input that it
finds there is tried on the compiled kernel at once, and both must give the same.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from types import ModuleType
from typing import Any

import msgspec

from core_ext import sockets
from core_ext.media import parse_rtp
from gateway.commands.command_parser import parse_command
from gateway.commands.commands import Heartbeat
from gateway.commands.presence_command import PresenceUpdate
from gateway.payloads.encodings import Encoding, RefusedPayload, decode_frame
from gateway.transport.handshake import asks_upgrade, find_fault
from gateway.transport.http_request import encode_upgrade, parse_request
from gateway.users.presence import from_command, merge_presences, render_presence
from tests.fuzz.voice_gateway import SEPARATOR, STRANGER, WITH_KEYS, VoiceGateway
from tests.fuzz.voice_room import NEWCOMER, PLACES, Traffic, VoiceRoom, flip
from tests.support.gateway.shown_presence import check_presence
from tests.unit.core_ext.twins import implementations_of
from voice.protocol.commands import COMMIT_WELCOME, INVALID_COMMIT_WELCOME, KEY_PACKAGE, TRANSITION_READY

Target = Callable[[bytes], None]

_MAX_MESSAGE_BYTES = 4096
_MAX_FRAGMENTS = 8
_MAX_DEPTH = 32
_DTLS = range(20, 64)
_TURNS = 5
"""The turns of the loop in which a handshake does what a datagram leads to."""
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
        if address != PLACES[1] or sent[1] in range(192, 224):
            continue
        opened = other.incoming.open(sent)
        if opened is None or parse_rtp(opened) is None:
            raise AssertionError(f"sent {sent!r}")
    room.check_neighbours()


def fuzz_replays(data: bytes) -> None:
    """Packets of a browser and of the bot, and the same ones again, and changed ones, from anywhere. A step has four bytes:
    what to do, with which packet, from where, and which bit is changed. Each packet is passed on once, and none that is
    changed; nobody's media go elsewhere by them.
    """
    room, traffic = VoiceRoom(), Traffic()
    for at in range(0, len(data) - 3, 4):
        kind, which, place, bit = data[at : at + 4]
        is_own, is_changed = kind % 4 < 2 or not traffic.packets, kind % 4 == 3
        index = traffic.send_new(room, is_bot=bool(kind & 1)) if is_own else which % len(traffic.packets)
        packet = traffic.packets[index]
        is_over = index in traffic.passed
        if is_changed and not is_own:
            packet = flip(packet, bit * 8 + which)
        before, known = room.addresses, len(room.sent)
        room.gate.take(packet, PLACES[place % len(PLACES)])
        if (is_changed and not is_own) or is_over:
            assert len(room.sent) == known, "sent again, or after a change"
            assert room.addresses == before, "media go elsewhere"
        elif len(room.sent) > known:
            traffic.passed.add(index)
    room.check_neighbours()


def fuzz_handshakes(data: bytes) -> None:
    """Datagrams of a browser that is expected, to a handshake that runs. Nobody gets keys by them, only DTLS is answered,
    and the handshake ends with the seat.
    """
    asyncio.run(_shake_hands(data.split(SEPARATOR)))


async def _shake_hands(datagrams: list[bytes]) -> None:
    running: list[asyncio.Task[None]] = []

    def spawn(handshake: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        running.append(asyncio.ensure_future(handshake))
        return running[-1]

    room = VoiceRoom(spawn)
    connection = room.expect_browser(NEWCOMER, PLACES[-1], room.circle)
    for datagram in datagrams:
        room.gate.take(datagram, PLACES[-1])
        for _ in range(_TURNS):
            await asyncio.sleep(0)
    room.forwarder.take_back(NEWCOMER)
    await asyncio.gather(*running, return_exceptions=True)
    assert connection.peer.keys is None, "keys for whose certificate nobody knows"
    assert all(to == PLACES[-1] and sent[0] in _DTLS for sent, to in room.sent), room.sent
    assert len(running) <= 1, "handshakes beside each other"


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
    "replays": fuzz_replays,
    "handshakes": fuzz_handshakes,
    "voice-messages": fuzz_voice_messages,
    "dave": fuzz_dave,
}
