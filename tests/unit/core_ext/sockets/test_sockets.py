"""Data from clients is reported once, in order, and by its kind: requests, frames, heartbeats."""

import contextlib
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from core_ext.sockets.websocket_c import BINARY, CLOSE, PING, PROTOCOL_ERROR, TEXT
from tests.unit.core_ext.sockets.socket_scene import REQUEST, MakeScene, kernels, read_all
from tests.unit.core_ext.sockets.test_websocket import make_frame
from tests.unit.core_ext.twins import sibling_of


@kernels
def test_request_in_pieces_is_told_once_and_what_follows_is_read_as_frames(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client = scene.connect()
    frames = make_frame(TEXT, b"one") + make_frame(BINARY, b"two")
    for piece in (REQUEST[:5], REQUEST[5:-1], REQUEST[-1:] + frames[:4]):
        client.sendall(piece)
        scene.run_until(lambda: not scene.is_quiet())
        scene.table.poll()
    client.sendall(frames[4:])
    assert scene.run_until_told("message", 0, b"two", False) == [
        ("request", 0, REQUEST),
        ("message", 0, b"one", True),
        ("message", 0, b"two", False),
    ]
    assert scene.owner.sockets[0].address == "127.0.0.1"
    assert scene.table.receivers == ["receiver 0"]


@kernels
@pytest.mark.parametrize("request_bytes", [b"x" * 1000, b"x" * 998 + b"\r\n\r\n"])
def test_too_large_a_request_is_told_and_answered(kernel: Any, make_scene: MakeScene, request_bytes: bytes) -> None:
    scene = make_scene(kernel)
    client = scene.connect()
    client.sendall(request_bytes)
    assert scene.run_until_told("too_large", 0) == [("too_large", 0)]
    assert read_all(client) == b"too large"


@kernels
def test_ping_close_and_refusal_are_told(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    first, _ = scene.upgrade()
    second, _ = scene.upgrade()
    first.sendall(make_frame(PING, b"p") + make_frame(CLOSE, b"\x03\xe8") + make_frame(TEXT, b"after"))
    second.sendall(make_frame(PING, b"q") + make_frame(3, b"") + make_frame(TEXT, b"after"))
    scene.run_until_told("refused", 1, PROTOCOL_ERROR)
    scene.run_until_told("close", 0, b"\x03\xe8")
    assert read_all(first) == b"bye"
    first.close()
    scene.run_until_told("lost", 0)
    assert read_all(second) == b"refused"
    assert sorted(scene.told) == [
        ("close", 0, b"\x03\xe8"),
        ("lost", 0),
        ("ping", 0, b"p"),
        ("ping", 1, b"q"),
        ("refused", 1, PROTOCOL_ERROR),
    ]


@kernels
def test_abort_from_within_a_callback_ends_the_reading(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, _ = scene.upgrade()
    scene.owner.before["message"] = lambda sock: sock.abort()
    client.sendall(make_frame(TEXT, b"a", is_final=False) + make_frame(0, b"b") + make_frame(TEXT, b"c") * 3)
    scene.run_until_told("lost", 0)
    assert scene.told == [("message", 0, b"ab", True), ("lost", 0)]


@kernels
def test_request_may_be_answered_or_dropped_from_within(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    for act, answer in ((lambda sock: sock.end(b"no"), b"no"), (lambda sock: sock.abort(), b"")):
        scene.owner.before["request"] = act
        scene.told.clear()
        client = scene.connect()
        client.sendall(REQUEST)
        scene.run_until(lambda: bool(scene.told) and scene.told[-1][0] in {"request", "lost"})
        with contextlib.suppress(ConnectionResetError):
            assert read_all(client) == answer


@kernels
def test_heartbeats_are_answered_by_the_intake_and_not_told(kernel: Any, make_scene: MakeScene) -> None:
    twin = sibling_of(kernel, "intake")
    scene = make_scene(kernel)
    scene.connect()
    sock = scene.owner.sockets[0]
    confirmed: list[int] = []
    outlet = SimpleNamespace(write=sock.write, confirm=confirmed.append)
    intake = twin.Intake(outlet=outlet, encoding=0, ack=b"ack", limit=2, window_s=60.0, now_s=0.0)
    scene.owner.intake = intake
    client = scene.clients[0]
    client.sendall(REQUEST)
    scene.run_until(lambda: sock.receiver is not None)
    scene.now_s += 7
    beat = b'{"op":1,"d":3}'
    client.sendall(make_frame(TEXT, beat[:5], is_final=False) + make_frame(0, beat[5:]) + make_frame(TEXT, beat) * 2)
    scene.run_until_told("message", 0, beat, True)
    client.settimeout(None)
    assert client.recv(13, socket.MSG_WAITALL) == b"welcomeackack"
    assert (intake.last_beat_s, confirmed) == (1007.0, [3])
    assert [told[0] for told in scene.told] == ["request", "message"]


@kernels
def test_upgrade_is_for_requests_only(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    _, sock = scene.upgrade()
    with pytest.raises(ValueError, match="request"):
        sock.upgrade(None, None)
