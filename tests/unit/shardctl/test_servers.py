"""The processes behind listening sockets."""

import os
import socket

import pytest

from core.runtime.settings.settings import CassandraSettings, PostgresSettings, RedisSettings, Settings
from shardctl.servers import Servers, find_listener


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_listener_on_a_port_is_found_and_gone_when_it_is_closed(host: str) -> None:
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as server:
        port = server.getsockname()[1]
        assert find_listener(port) == os.getpid()
    assert find_listener(port) is None


def test_process_that_listened_before_is_searched_for_when_it_no_longer_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert find_listener(port, known=os.getpid()) == os.getpid()
        assert find_listener(port, known=os.getppid()) == os.getpid()
    assert find_listener(port, known=os.getpid()) is None


def test_server_that_was_started_anew_has_its_new_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        settings = Settings(redis=RedisSettings(url=f"redis://127.0.0.1:{port}"))
        servers = Servers(settings)
        assert next(servers.list_entries()).pid == os.getpid()
    assert next(servers.list_entries()).pid is None
    with socket.create_server(("127.0.0.1", port)):
        assert next(servers.list_entries()).pid == os.getpid()


def test_connected_socket_is_no_listener() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert find_listener(client.getsockname()[1]) is None


def test_server_elsewhere_has_an_address_and_no_process() -> None:
    settings = Settings(
        redis=RedisSettings(url="redis://:secret@redis.example.org"),
        postgres=PostgresSettings(url="postgresql://me:secret@10.0.0.6:5433/guildway"),
        cassandra=CassandraSettings(contact_points=("10.0.0.7", "10.0.0.8")),
    )
    redis, postgres, *cassandra = Servers(settings).list_entries()
    assert (redis.role, redis.pid, redis.addresses) == ("redis", None, {"redis": "redis.example.org:6379"})
    assert (postgres.role, postgres.pid, postgres.addresses) == ("postgres", None, {"postgres": "10.0.0.6:5433"})
    assert [(server.role, server.name, server.addresses) for server in cassandra] == [
        ("cassandra", "cassandra", {"cassandra": "10.0.0.7:9042"}),
        ("cassandra", "cassandra-2", {"cassandra": "10.0.0.8:9042"}),
    ]
