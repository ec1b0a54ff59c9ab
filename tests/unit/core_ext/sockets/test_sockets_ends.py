"""Sent bytes reach the client, and every socket ends once, in time, and in order."""

import contextlib
import os
import socket
from typing import Any

import pytest

from core_ext.sockets.websocket_c import PROTOCOL_ERROR
from tests.unit.core_ext.sockets.socket_scene import TIMEOUT_S, MakeScene, kernels, read_all
from tests.unit.core_ext.sockets.test_websocket import make_frame


@kernels
def test_request_that_takes_too_long_is_dropped_and_an_upgraded_one_is_not(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    _, upgraded = scene.upgrade()
    slow = scene.connect()
    slow.sendall(b"GET")
    scene.run_until(lambda: not scene.is_quiet())
    scene.settle()
    scene.table.sweep(scene.now_s + 4.9)
    assert len(scene.table) == 2
    scene.table.sweep(scene.now_s + 5.1)
    assert scene.told == [("lost", 1)]
    assert (len(scene.table), upgraded.is_open) == (1, True)
    assert read_all(slow) == b""


@kernels
def test_close_in_the_midst_of_many_bytes_reaches_the_client(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, _ = scene.upgrade()
    client.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        client.sendall(make_frame(3, b"") + bytes(1_000_000))
    scene.run_until_told("refused", 0, PROTOCOL_ERROR)
    scene.settle()
    client.settimeout(TIMEOUT_S)
    assert read_all(client) == b"refused"
    client.close()
    scene.run_until_told("lost", 0)


@kernels
def test_drain_that_takes_too_long_is_ended(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, sock = scene.upgrade()
    sock.end(b"last")
    assert (sock.is_open, scene.table.receivers) == (False, ["receiver 0"])
    sock.write(b"never")
    sock.end(b"never")
    assert read_all(client) == b"last"
    scene.table.sweep(scene.now_s + 1.9)
    assert scene.told == []
    scene.table.sweep(scene.now_s + 2.0)
    assert scene.told == [("lost", 0)]
    assert (sock.fileno(), scene.table.receivers, len(scene.table)) == (-1, [], 0)


@kernels
def test_bytes_that_the_kernel_does_not_take_wait_and_keep_their_order(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, sock = scene.upgrade()
    pieces = [bytes((number,)) * 70_000 for number in range(100)]
    for piece in pieces:
        sock.write(piece)
    assert sock.get_write_buffer_size() > 0
    assert scene.told == [("blocked", 0)]
    sock.end(b"end")
    received = bytearray()
    while len(received) < 7_000_003:
        received += client.recv(1 << 20)
        scene.settle()
    assert received == b"".join(pieces) + b"end"
    assert read_all(client) == b""
    assert sock.get_write_buffer_size() == 0


@kernels
def test_client_that_ends_its_stream_first_still_gets_what_waits(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, sock = scene.upgrade()
    while sock.get_write_buffer_size() <= 100_000:
        sock.write(bytes(1_000_000))
    sock.end(b"end")
    client.shutdown(socket.SHUT_WR)
    scene.settle()
    assert scene.told == [("blocked", 0)]
    received = b""
    while not received.endswith(b"end"):
        received = client.recv(1 << 20)
        scene.settle()
    assert scene.told == [("blocked", 0), ("lost", 0)]


@kernels
def test_reset_by_the_client_is_found_by_poll_whoever_wrote(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, sock = scene.upgrade()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    client.close()
    for _ in range(10):
        sock.write(bytes(100_000))
    sock.end(b"end")
    assert ("lost", 0) not in scene.told
    scene.run_until_told("lost", 0)
    assert scene.told.count(("lost", 0)) == 1
    assert scene.is_quiet()


@kernels
def test_close_loses_every_socket_once_and_frees_all(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    _, open_one = scene.upgrade()
    scene.connect()
    _, draining = scene.upgrade()
    draining.end(b"")
    fds = [sock.fileno() for sock in scene.owner.sockets]
    scene.table.close()
    scene.table.close()
    assert sorted(scene.told) == [("lost", 0), ("lost", 1), ("lost", 2)]
    for fd in fds:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
    open_one.abort()
    open_one.write(b"x")
    assert len(scene.table) == 0
