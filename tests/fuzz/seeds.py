"""The seeds of fuzzing: a few valid and invalid inputs for each target, so that it need not find the grammar."""

from pathlib import Path

import msgspec
from aioice.stun import Class, Message, Method
from aiortc.rtp import (
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSenderInfo,
    RtcpSrPacket,
)

from core_ext.payloads import etf_encode
from tests.fuzz.voice_gateway import SEPARATOR, WITH_KEYS, eves_session, make_commit
from tests.fuzz.voice_room import PLACES
from tests.integration.transport.listener.test_garbage import COMMANDS
from tests.integration.transport.websocket.closing_cases import CLOSING
from tests.integration.transport.websocket.fragment_cases import FRAGMENTS
from tests.integration.transport.websocket.framing_cases import FRAMING
from tests.integration.transport.websocket.test_handshake import REFUSED, TAKEN
from tests.integration.transport.websocket.text_cases import TEXTS
from tests.support.voice.dtls import say_hello
from tests.unit.core_ext.payloads.test_etf import GOLDEN

_MOST_BYTES = 600
"""The largest seed. Larger ones make every run slower and find nothing more."""
_MOST_BYTES_OF_DAVE = 2000
"""The same where groups are made: a commit with its Welcome has 1,200."""


def _frames() -> list[bytes]:
    cases = [*FRAMING, *FRAGMENTS, *CLOSING, *TEXTS]
    return [bytes((index % 17,)) + case.stream for index, case in enumerate(cases)]


def _requests() -> list[bytes]:
    return [request.removesuffix(b"\r\n\r\n") for request in (*TAKEN.values(), *REFUSED.values())]


def _etf() -> list[bytes]:
    return [bytes.fromhex(case["hex"]) for cases in GOLDEN.values() for case in cases]


def _commands() -> list[bytes]:
    encoders = (msgspec.json.encode, etf_encode, msgspec.msgpack.encode)
    return [bytes((index,)) + encode(command) for index, encode in enumerate(encoders) for command in COMMANDS]


def _heartbeats() -> list[bytes]:
    values = [
        None,
        0,
        1,
        127,
        128,
        255,
        256,
        65_535,
        65_536,
        (1 << 31) - 1,
        1 << 31,
        10**17,
        (1 << 64) - 1,
        -1,
        "1",
        True,
    ]
    payloads = [{"op": 1, "d": value} for value in values] + [{"d": value, "op": 1} for value in values] + [{"op": 1}]
    encoders = (msgspec.json.encode, etf_encode, msgspec.msgpack.encode)
    spaced = [b'\x00 { "op" : 1 , "d" : 5 } ', b'\x00{"op":1,"d":05}', b'\x00{"op":1,"d":5,"op":2}', b'\x00{"op":1.0}']
    return [bytes((index,)) + encode(payload) for index, encode in enumerate(encoders) for payload in payloads] + spaced


def _strangers() -> list[bytes]:
    hello = bytes.fromhex("16feff0000000000000000000e 0100000200000000000000 02 feff")
    datagrams = [
        bytes(Message(Method.BINDING, kind, attributes={"USERNAME": "node:them", "USE-CANDIDATE": None}))
        for kind in Class
    ]
    datagrams += [hello, b"\0\1\0\x46" + bytes(3) + b"\x0c" + bytes(66), bytes(8)]
    datagrams += [packet + bytes(24) for packet in (*_packets(), *_reports())]
    return [bytes((place,)) + datagram for place in range(len(PLACES)) for datagram in datagrams]


def _members() -> list[bytes]:
    return [b"\0" + packet for packet in _packets()] + [b"\1" + report for report in _reports()]


def _packets() -> list[bytes]:
    heads = ["806f", "8060", "80e0", "906f", "9060", "b16f", "a060"]
    numbers = bytes.fromhex("0001 00000002 00000063")
    rests = [
        b"voice",
        bytes.fromhex("bede0001 10 55 0000") + b"voice",
        bytes.fromhex("10000001 0101aa00") + b"picture\2",
    ]
    return [bytes.fromhex(head) + numbers + rest for head in heads for rest in rests]


def _reports() -> list[bytes]:
    info = RtcpReceiverInfo(4, 9, packets_lost=5, highest_sequence=6, jitter=7, lsr=8, dlsr=9)
    reports = [
        RtcpSrPacket(99, RtcpSenderInfo(1 << 40, 5, 6, 7), [info]),
        RtcpRrPacket(4, [info, info]),
        RtcpPsfbPacket(fmt=1, ssrc=4, media_ssrc=9),
        RtcpPsfbPacket(fmt=4, ssrc=4, media_ssrc=0, fci=bytes(3) + b"\x09" + bytes(4)),
        RtcpPsfbPacket(fmt=15, ssrc=4, media_ssrc=0, fci=b"REMB" + bytes(8)),
        RtcpRtpfbPacket(fmt=1, ssrc=4, media_ssrc=9, lost=[4096, 4097, 5000]),
        RtcpByePacket([4]),
    ]
    return [bytes(report) for report in reports] + [b"".join(map(bytes, reports))]


def _replays() -> list[bytes]:
    steps = [bytes((kind, which, place, 40)) for kind in range(4) for which in (0, 1) for place in range(len(PLACES))]
    begin = bytes((0, 0, 0, 0, 1, 0, 2, 0))
    return [begin + step for step in steps] + [begin * 3 + b"".join(steps)]


def _handshakes() -> list[bytes]:
    hello = say_hello()
    alert = bytes.fromhex("15 feff 0000 000000000009 0002 0228")
    cuts = [hello[:size] for size in range(1, len(hello), 8)]
    some = [[hello], [hello, hello], [hello, alert], [alert], [hello, hello[13:]], [hello[: len(hello) // 2], hello]]
    return cuts + [SEPARATOR.join(each) for each in some]


def _voice_messages() -> list[bytes]:
    udp = {"address": "192.0.2.1", "port": 5, "mode": "aead_xchacha20_poly1305_rtpsize"}
    codecs = [{"name": "opus", "type": "audio", "priority": 1000, "payload_type": 111}]
    camera = {"type": "video", "rid": "100", "ssrc": 9, "active": True, "max_resolution": {"type": "fixed", "width": 9}}
    who = {"server_id": "10", "user_id": "5", "session_id": "s", "token": "t", "max_dave_protocol_version": 1}
    offer = "a=ice-ufrag:them\na=fingerprint:sha-256 " + ":".join(["00"] * 32) + "\na=rtpmap:111 opus/48000/2"
    said: list[tuple[int, object]] = [
        (0, who),
        (0, who | {"video": True, "user_id": "x"}),
        (1, {"protocol": "udp", "data": udp}),
        (1, {"protocol": "webrtc", "data": offer, "codecs": codecs}),
        (1, {"protocol": "other"}),
        (3, {"t": 5, "seq_ack": 1}),
        (3, {"t": 1 << 70}),
        (5, {"speaking": 5, "delay": 0, "ssrc": 1}),
        (7, {"server_id": "10", "session_id": "s", "token": "t", "seq_ack": 0}),
        (12, {"audio_ssrc": 1, "video_ssrc": 9, "rtx_ssrc": 0, "streams": [camera, camera | {"type": "screen"}]}),
        (12, {"video_ssrc": 0}),
        (15, {"any": 0, "9": 50, "x": 1}),
        (16, None),
        (18, {"flags": 3}),
        (23, {"transition_id": 1}),
        (31, {"transition_id": 65535}),
        (99, {}),
    ]
    messages = [msgspec.json.encode({"op": op, "d": d}) for op, d in said] + [b"\x1a", b"\x1c\0\1", b"", b"[]", b"{"]
    stages = [bytes((stage,)) + message for stage in range(WITH_KEYS + 1) for message in messages]
    return [*stages, b"\2" + SEPARATOR.join(messages[2:8])]


def _dave() -> list[bytes]:
    package, commit = b"\0" + eves_session()[1], b"\1" + make_commit()
    ready, lost, numbers = b'\2{"transition_id":1}', b'\3{"transition_id":1}', (0, 1, 2, 65535, 65536, -1)
    some = [SEPARATOR.join(each) for each in (
        [commit], [package], [package, commit], [commit, ready], [commit, ready, package], [commit, lost, package],
        [commit, ready, ready, lost, package, commit], [ready], [lost], [lost, package], [commit, commit],
        [commit, package, ready], [b"\0"], [b"\1"], [b"\2"], [b"\3null"],
    )]  # fmt: skip
    return some + [kind + b'{"transition_id":%d}' % number for kind in (b"\2", b"\3") for number in numbers]


def make_seeds() -> dict[str, list[bytes]]:
    """Return the seeds of every target."""
    seeds = {
        "frames": _frames(),
        "requests": _requests(),
        "heartbeats": _heartbeats(),
        "etf": _etf(),
        "commands": _commands(),
        "strangers": _strangers(),
        "members": _members(),
        "replays": _replays(),
        "handshakes": _handshakes(),
        "voice-messages": _voice_messages(),
    }
    small = {name: [seed for seed in found if len(seed) <= _MOST_BYTES] for name, found in seeds.items()}
    return {**small, "dave": [seed for seed in _dave() if len(seed) <= _MOST_BYTES_OF_DAVE]}


def write_seeds(folder: Path, seeds: list[bytes]) -> None:
    """Write a file for each seed, beside which a fuzzer puts its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, seed in enumerate(seeds):
        (folder / f"seed-{index:04d}").write_bytes(seed)
