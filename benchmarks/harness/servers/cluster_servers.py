"""A cluster on this machine: Redis, PostgreSQL and Cassandra of its own, and the processes that `shardctl up` runs.

Its processes share all cores, because a cluster is measured that has more processes than the machine has cores. The
servers are durable as the operator's guide wants them (Redis: `appendfsync always`).
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.harness.process_times import read_cpu_s, read_tree_cpu_s
from benchmarks.harness.processes import PinnedProcess
from benchmarks.harness.servers.product import HIGH_LIMITS, SILENT_CLIENTS
from deploy.services.cassandra_server import CassandraServer
from deploy.services.definition import Service, find_free_port
from deploy.services.postgres_server import PostgresServer
from deploy.services.process import running
from deploy.services.redis_server import RedisServer
from shardctl.cluster_file import FILE_NAME, Entry

APIS: Final = 2
_OWN_ROLES: Final = ("worker", "api", "controller", "supervisor")


class _ClusterFile(msgspec.Struct):
    cluster: list[Entry]


class ClusterServers:
    """A running cluster. `stop` ends everything that was started for it."""

    def __init__(
        self,
        folder: Path,
        *,
        workers: int = 1,
        voice: int = 0,
        has_cassandra: bool = True,
        imported: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Without Cassandra messages are in PostgreSQL. `imported` is an embedded server's data that is moved there.

        `voice` is the number of media nodes; `settings` are more variables of all processes.

        Raises MissingProgram when one of the servers is not installed.
        """
        self._data = folder / "data"
        self._stack = ExitStack()
        try:
            self._start_servers(folder, has_cassandra=has_cassandra)
            self.settings |= settings or {}
            self._start(workers, voice, imported)
        except BaseException:
            self._stack.close()
            raise

    def _start_servers(self, folder: Path, *, has_cassandra: bool) -> None:
        redis = RedisServer(folder=folder / "redis", port=find_free_port())
        postgres = PostgresServer(folder=folder / "postgres", port=find_free_port())
        services: list[Service] = [redis, postgres]
        self.settings: dict[str, str] = {
            **HIGH_LIMITS,
            **SILENT_CLIENTS,
            "GUILDWAY_LOGGING_LEVEL": "error",
            "GUILDWAY_VOICE_ENABLED": "false",
            "GUILDWAY_REDIS_URL": redis.address,
            "GUILDWAY_POSTGRES_URL": postgres.address,
        }
        """The variables of all processes."""
        if has_cassandra:
            cassandra = CassandraServer(
                folder=folder / "cassandra", port=find_free_port(), storage_port=find_free_port()
            )
            services.append(cassandra)
            self.settings |= {
                "GUILDWAY_CASSANDRA_CONTACT_POINTS": "127.0.0.1",
                "GUILDWAY_CASSANDRA_PORT": str(cassandra.port),
                "GUILDWAY_CASSANDRA_REPLICATION": "1",
            }
        self._servers = {service.name: self._stack.enter_context(running(service)) for service in services}

    def _start(self, workers: int, voice: int, imported: Path | None) -> None:
        self._run("migrate")
        if imported is not None:
            self._run("import-embedded", "--data", str(imported))
        numbers = ["--workers", str(workers), "--apis", str(APIS), "--voice", str(voice)]
        command = [sys.executable, "-m", "shardctl", "up", *numbers, "--data", str(self._data)]
        for name in ("api", "gateway", "metrics"):
            command += [f"--{name}", "127.0.0.1:0"]
        process = PinnedProcess(command, on_core=None, settings=self.settings)
        self._stack.callback(process.stop)
        process.read_ready()
        self.apis = [entry.addresses["api"] for entry in self._entries() if entry.role == "api"]
        self.gateways = [entry.addresses["gateway"] for entry in self._entries() if entry.role == "worker"]

    def find(self, name: str) -> Entry:
        """Return what is known of a process now."""
        return next(entry for entry in self._entries() if entry.name == name)

    def list_nodes(self) -> list[Entry]:
        """Return what is known of the keepers of media nodes now."""
        return [entry for entry in self._entries() if entry.role == "voice"]

    def cpu_s(self) -> dict[str, float]:
        """Return the processor time used so far by each process and server, by name.

        That of a server contains its children, that of the supervisor does not, since they are the other processes.
        """
        processes = {entry.name: entry.pid for entry in self._entries() if entry.role in _OWN_ROLES}
        servers = {name: server.pid for name, server in self._servers.items()}
        return {
            **{name: read_cpu_s(pid) for name, pid in processes.items() if pid is not None},
            **{name: read_tree_cpu_s(pid) for name, pid in servers.items() if pid is not None},
        }

    def stop(self) -> None:
        """End the processes, then the servers, and remove their data."""
        self._stack.close()

    def _run(self, *words: str) -> None:
        command = [sys.executable, "-m", "guildway", *words]
        subprocess.run(command, env={**os.environ, **self.settings}, stdout=subprocess.DEVNULL, check=True)

    def _entries(self) -> list[Entry]:
        return msgspec.json.decode((self._data / FILE_NAME).read_bytes(), type=_ClusterFile).cluster
