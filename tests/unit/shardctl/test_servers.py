"""The servers of a cluster, as its file names them."""

import os
import socket
import subprocess
import sys

import pytest

from core.runtime.settings.settings import (
    CassandraSettings,
    FileSettings,
    PostgresSettings,
    RedisSettings,
    SearchSettings,
    Settings,
)
from shardctl import servers as module
from shardctl.servers import Servers
from tests.fakes.clock import FakeClock

LISTENER = (
    "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1])));"
    "print(s.getsockname()[1], flush=True); time.sleep(600)"
)


def listen(port: int = 0) -> tuple["subprocess.Popen[str]", int]:
    """Start a process that listens; return it and its port."""
    process = subprocess.Popen([sys.executable, "-c", LISTENER, str(port)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def redis_at(port: int, clock: FakeClock) -> Servers:
    settings = Settings(redis=RedisSettings(url=f"redis://127.0.0.1:{port}"))
    return Servers(settings, now_s=clock.monotonic_s)


def test_server_that_was_started_anew_has_its_new_process_within_seconds() -> None:
    clock = FakeClock()
    first, port = listen()
    servers = redis_at(port, clock)
    assert next(servers.list_entries()).pid == first.pid
    end(first)
    assert next(servers.list_entries()).pid is None
    second, _ = listen(port)
    clock.advance(2.5)
    assert next(servers.list_entries()).pid == second.pid
    end(second)


def test_process_that_no_longer_listens_is_forgotten() -> None:
    clock = FakeClock()
    with socket.create_server(("127.0.0.1", 0)) as server:
        servers = redis_at(server.getsockname()[1], clock)
        assert next(servers.list_entries()).pid == os.getpid()
    clock.advance(31)
    assert next(servers.list_entries()).pid is None


def test_processes_are_searched_once_while_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    searches: list[frozenset[str]] = []

    def find_nothing(sockets: frozenset[str]) -> None:
        searches.append(sockets)

    monkeypatch.setattr(module, "find_listener", find_nothing)
    clock = FakeClock()
    with socket.create_server(("127.0.0.1", 0)) as server:
        servers = redis_at(server.getsockname()[1], clock)
        for _ in range(120):
            assert next(servers.list_entries()).pid is None
            clock.advance(1)
    assert len(searches) == 1


def test_server_elsewhere_has_an_address_and_no_process() -> None:
    settings = Settings(
        redis=RedisSettings(url="redis://:secret@redis.example.org"),
        postgres=PostgresSettings(url="postgresql://me:secret@10.0.0.6:5433/guildway"),
        cassandra=CassandraSettings(contact_points=("10.0.0.7", "10.0.0.8")),
    )
    redis, postgres, *cassandra = Servers(settings, now_s=FakeClock().monotonic_s).list_entries()
    assert (redis.role, redis.pid, redis.addresses) == ("redis", None, {"redis": "redis.example.org:6379"})
    assert (postgres.role, postgres.pid, postgres.addresses) == ("postgres", None, {"postgres": "10.0.0.6:5433"})
    assert [(server.role, server.name, server.addresses) for server in cassandra] == [
        ("cassandra", "cassandra", {"cassandra": "10.0.0.7:9042"}),
        ("cassandra", "cassandra-2", {"cassandra": "10.0.0.8:9042"}),
    ]


def test_bucket_and_search_are_named_when_they_have_addresses() -> None:
    settings = Settings(
        files=FileSettings(s3_bucket="files", s3_endpoint="https://s3.example.org"),
        search=SearchSettings(url="http://search.example.org:9200"),
    )
    entries = {entry.role: entry for entry in Servers(settings, now_s=FakeClock().monotonic_s).list_entries()}
    assert entries["s3"].addresses == {"s3": "s3.example.org:443"}
    assert entries["opensearch"].addresses == {"opensearch": "search.example.org:9200"}
    assert entries["s3"].pid is entries["opensearch"].pid is None
    assert not {"s3", "opensearch"} & {
        entry.role for entry in Servers(Settings(), now_s=FakeClock().monotonic_s).list_entries()
    }
