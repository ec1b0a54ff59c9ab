"""Descriptors that are lost, used again or not to be had, and owners that fail, harm no other socket."""

import errno
import gc
import os
import resource
import socket
from pathlib import Path
from typing import Any

import pytest

from core_ext.sockets.websocket_c import PING, TEXT
from tests.unit.core_ext.sockets.socket_scene import REQUEST, MakeScene, kernels
from tests.unit.core_ext.sockets.test_websocket import make_frame


def count_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@kernels
@pytest.mark.parametrize("name", ["message", "ping", "blocked", "request", "accept"])
def test_fault_of_the_owner_is_told_and_the_next_socket_is_served(
    kernel: Any, make_scene: MakeScene, name: str
) -> None:
    def fail(sock: Any) -> None:
        scene.owner.before.pop(name)
        raise RuntimeError(name)

    scene = make_scene(kernel, max_buffered_bytes=100)
    if name in {"request", "accept"}:
        scene.owner.before[name] = fail
        client = scene.connect()
        client.sendall(REQUEST)
    else:
        client, sock = scene.upgrade()
        scene.owner.before[name] = fail
        client.sendall(make_frame(PING if name == "ping" else TEXT, b""))
        while name == "blocked" and "blocked" in scene.owner.before:
            sock.write(bytes(1_000_000))
    scene.run_until_told("fault", 0)
    other, _ = scene.upgrade()
    other.sendall(make_frame(TEXT, b"x"))
    scene.run_until_told("message", 1, b"x", True)


@kernels
def test_event_of_a_socket_that_was_lost_in_the_same_poll_is_dropped(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    pairs = [scene.upgrade() for _ in range(10)]
    for client, _ in pairs:
        client.sendall(make_frame(TEXT, b"x"))

    def abort_all(_: Any) -> None:
        for _, sock in pairs:
            sock.abort()

    scene.owner.before["message"] = abort_all
    scene.run_until(lambda: len(scene.table) == 0)
    assert [told[0] for told in scene.told].count("message") == 1
    assert [told[0] for told in scene.told].count("lost") == 10


@kernels
def test_descriptor_that_is_used_again_gets_no_event_of_before(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    victim, doomed = scene.upgrade()
    first, _ = scene.upgrade()
    descriptor = doomed.fileno()
    taken: list[int] = []

    def swap(_: Any) -> None:
        # The victim's event is in this poll's batch; its descriptor gets another owner before its turn.
        doomed.abort()
        taken.append(os.dup(first.fileno()))

    scene.owner.before["message"] = swap
    victim.sendall(make_frame(TEXT, b"of the victim"))
    first.sendall(make_frame(TEXT, b"of the first"))
    scene.run_until(lambda: bool(taken))
    scene.owner.before.clear()
    scene.settle()
    messages = [told for told in scene.told if told[0] == "message"]
    assert messages[-1] == ("message", 1, b"of the first", True)
    assert taken[0] == descriptor
    os.close(taken[0])


@kernels
def test_no_descriptors_left_stops_accepting_until_the_next_sweep(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client = socket.create_connection(scene.server.getsockname())
    scene.clients.append(client)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = os.dup(client.fileno())
    os.close(highest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, before[1]))
    try:
        scene.settle()
        assert scene.told == [("accept_failed", errno.EMFILE)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert scene.is_quiet()
    assert scene.owner.sockets == []
    scene.table.sweep(scene.now_s)
    scene.settle()
    assert len(scene.owner.sockets) == 1


@kernels
def test_unlistened_table_serves_those_who_are_there(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    client, _ = scene.upgrade()
    scene.table.unlisten()
    scene.table.unlisten()
    scene.clients.append(socket.create_connection(scene.server.getsockname()))
    client.sendall(make_frame(TEXT, b"x"))
    scene.run_until_told("message", 0, b"x", True)
    assert len(scene.owner.sockets) == 1


@kernels
def test_hundreds_of_sockets_leave_nothing_behind(kernel: Any, make_scene: MakeScene) -> None:
    scene = make_scene(kernel)
    gc.collect()
    count = count_descriptors()
    for _ in range(20):
        pairs = [scene.upgrade() for _ in range(10)]
        for number, (client, sock) in enumerate(pairs):
            client.sendall(make_frame(TEXT, b"x" * number)[: 5 + number])
            scene.settle()
            if number % 2:
                sock.end(b"end")
            client.close()
        scene.run_until(lambda: len(scene.table) == 0)
        scene.owner.sockets.clear()
        scene.clients.clear()
        scene.told.clear()
    assert count_descriptors() == count
