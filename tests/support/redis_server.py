"""A real Redis for tests: a process of its own, on a free port of this machine, with a folder of its own.

A machine without `redis-server` skips the tests that need one, and says so; where CI_SERVERS is set they fail instead.
"""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
import redis

from core.redis.address import RedisAddress

_START_S = 10.0


class RedisServer:
    """A server process with an append-only file that is synced at each turn, as the log's server has it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]

    @property
    def address(self) -> RedisAddress:
        """Where it listens."""
        return RedisAddress(port=self.port)

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    @property
    def append_only_file(self) -> Path:
        """The file that has the newest writes."""
        return max(self.folder.glob("appendonlydir/*.incr.aof"))

    def start(self) -> None:
        """Start the process, and wait until it answers."""
        options = {"save": "", "appendonly": "yes", "appendfsync": "always", "port": str(self.port)}
        options |= {"bind": "127.0.0.1", "dir": str(self.folder)}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([_find_program(), *words], stdout=subprocess.DEVNULL)
        self._wait_ready()

    def _wait_ready(self) -> None:
        give_up = time.monotonic() + _START_S
        with redis.Redis(port=self.port) as client:
            while not _answers(client):
                assert time.monotonic() < give_up, "redis-server does not answer"
                # Nothing tells when a process listens on a port.
                time.sleep(0.01)

    def kill(self) -> None:
        """End the process as kill −9 does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Kill it and start it on its data."""
        self.kill()
        self.start()


def start_redis(folder: Path) -> RedisServer:
    """Start a server, or skip the test."""
    if _find_program() == "":
        message = "redis-server is not installed; the tests of the cluster's scripts need it"
        if os.environ.get("CI_SERVERS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    server = RedisServer(folder)
    server.start()
    return server


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.BusyLoadingError):
        return False


def _find_program() -> str:
    return shutil.which("redis-server") or ""
