"""Cassandra: one node of a cluster that has no other."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGTERM
from typing import Final

from deploy.services.definition import LOOPBACK, Program, ask
from deploy.services.maven_jars import MavenJars

FILES: Final = Path(__file__).parent / "cassandra"
JARS: Final = MavenJars("Cassandra", pom=FILES / "pom.xml", java_versions=(17, 21, 11), target="make cassandra")
"""66 MB."""

_OPTIONS_FRAME: Final = bytes.fromhex("04 00 0000 05 00000000")
"""A request of the native protocol, version 4, that asks for the options of the server; no login is needed."""

_SUPPORTED: Final = bytes.fromhex("84 00 0000 06")


class CassandraServer:
    """One Cassandra node. `storage_port` is where it would hear other nodes."""

    name: Final = "cassandra"
    stop_signal: Final = SIGTERM

    def __init__(
        self,
        *,
        folder: Path,
        port: int,
        storage_port: int,
        settings: Mapping[str, str] | None = None,
        java_options: Sequence[str] = (),
    ) -> None:
        """`settings` are further ones of cassandra.yaml."""
        self.folder = folder
        self.port = port
        self._storage_port = storage_port
        self._settings = settings or {}
        self._java_options = java_options

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return self.folder / "data"

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"cassandra://{LOOPBACK}:{self.port}"

    def prepare(self) -> Program:
        """Write the configuration and return the command."""
        jars = JARS.find()
        self.data.mkdir(exist_ok=True)
        configuration = self.folder / "cassandra.yaml"
        configuration.write_text(self._configure())
        lines = (FILES / "jvm.options").read_text().splitlines()
        command = [
            JARS.find_java(),
            *self._java_options,
            *(line for line in lines if line and not line.startswith("#")),
            f"-javaagent:{next(jars.glob('jamm-*.jar'))}",
            f"-Dcassandra.config={configuration.as_uri()}",
            f"-Dlogback.configurationFile={FILES / 'logback.xml'}",
            f"-Dcassandra.storagedir={self.data}",
            "-cp",
            f"{jars}/*",
            "org.apache.cassandra.service.CassandraDaemon",
        ]
        return Program(command=command)

    def answers(self) -> bool:
        """Return whether the node answers clients."""
        return ask(self.port, _OPTIONS_FRAME, len(_SUPPORTED)) == _SUPPORTED

    def _configure(self) -> str:
        settings = {
            "cluster_name": "guildway",
            "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
            "num_tokens": "1",
            "endpoint_snitch": "SimpleSnitch",
            "listen_address": LOOPBACK,
            "storage_port": str(self._storage_port),
            "rpc_address": LOOPBACK,
            "native_transport_port": str(self.port),
            "data_file_directories": f"['{self.data}/tables']",
            **{
                f"{name}_directory": f"'{self.data}/{name}'"
                for name in ("commitlog", "saved_caches", "hints", "cdc_raw")
            },
            "seed_provider": (
                "[{class_name: org.apache.cassandra.locator.SimpleSeedProvider, "
                f"parameters: [{{seeds: '{LOOPBACK}:{self._storage_port}'}}]}}]"
            ),
            "commitlog_sync": "batch",  # what was answered is on disk, so a kill loses nothing
            "commitlog_segment_size": "16MiB",
            "memtable_heap_space": "64MiB",
            "auto_snapshot": "false",
            "hinted_handoff_enabled": "false",
            **self._settings,
        }
        return "".join(f"{name}: {value}\n" for name, value in settings.items())
