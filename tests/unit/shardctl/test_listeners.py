"""The processes behind listening sockets."""

import os
import socket

import pytest

from shardctl.listeners import find_listener, list_listening


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_listener_on_a_port_is_found_and_gone_when_it_is_closed(host: str) -> None:
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as server:
        port = server.getsockname()[1]
        assert find_listener(list_listening(port)) == os.getpid()
    assert list_listening(port) == frozenset()
    assert find_listener(frozenset()) is None


def test_connected_socket_is_no_listener() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert list_listening(client.getsockname()[1]) == frozenset()


def test_listener_is_found_behind_many_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as first:
        clients = [socket.create_connection(first.getsockname()) for _ in range(50)]
        with socket.create_server(("127.0.0.1", 0)) as last:
            assert find_listener(list_listening(last.getsockname()[1])) == os.getpid()
        for client in clients:
            client.close()
