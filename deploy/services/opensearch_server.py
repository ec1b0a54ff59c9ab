"""OpenSearch: one node of a cluster that has no other, without passwords."""

from collections.abc import Sequence
from pathlib import Path
from signal import SIGTERM
from typing import Final

from deploy.services.definition import LOOPBACK, Program, ask
from deploy.services.maven_jars import MavenJars

FILES: Final = Path(__file__).parent / "opensearch"
JARS: Final = MavenJars("OpenSearch", pom=FILES / "pom.xml", java_versions=(17, 21, 11), target="make services")
_HEAP: Final = "512m"


class OpenSearchServer:
    """One OpenSearch node. `transport_port` is where it would hear other nodes."""

    name: Final = "opensearch"
    stop_signal: Final = SIGTERM

    def __init__(self, *, folder: Path, port: int, transport_port: int, java_options: Sequence[str] = ()) -> None:
        self.folder = folder
        self.port = port
        self._java_options = java_options
        self._transport_port = transport_port

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return self.folder / "data"

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"http://{LOOPBACK}:{self.port}"

    def prepare(self) -> Program:
        """Make the folders and return the command: Java compiles the node's one file as it starts."""
        jars = JARS.find()
        configuration = self.folder / "config"
        for folder in (self.data, configuration):
            folder.mkdir(exist_ok=True)
        settings = {
            "path.home": str(self.folder),
            "path.data": str(self.data),
            "path.logs": str(self.folder),
            "cluster.name": "guildway",
            "node.name": "guildway",
            "discovery.type": "single-node",
            "network.host": LOOPBACK,
            "http.port": str(self.port),
            "transport.port": str(self._transport_port),
            "transport.type": "netty4",
            "http.type": "netty4",
        }
        options = [f"-Dnode.setting.{name}={value}" for name, value in settings.items()]
        java = [JARS.find_java(), *self._java_options, f"-Xms{_HEAP}", f"-Xmx{_HEAP}"]
        node = ["-cp", f"{jars}/*", str(FILES / "SearchNode.java"), str(configuration)]
        return Program(command=[*java, *options, *node])

    def answers(self) -> bool:
        """Return whether the node answers clients."""
        return b" 200 " in ask(self.port, b"GET / HTTP/1.0\r\n\r\n", 64)
