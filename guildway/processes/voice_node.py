"""The media node of the embedded server: a process of its own on loopback, and the gateway's way to it.

The secret of link and tokens is made at each start of the server. When the node ends, its rooms wait for the next one,
which is up in less than a second.
"""

import asyncio
from typing import Final

from core.links.interfaces import PeerAddress
from core.runtime.clock import Clock
from core.runtime.randomness import Randomness
from core.runtime.settings.settings import Settings
from core.voice.linked_nodes import LinkedVoiceNodes
from core.voice.placement import NodeAddress
from guildway.processes.server import Chore
from guildway.processes.voice_links import SECRET_BYTES, make_voice_links, name_gateway, name_node
from guildway.processes.voice_meters import VoiceMeters
from guildway.processes.voice_process import NodeFacts, NodePorts, NodeProcess

_GATEWAY: Final = name_gateway("embedded")


class VoiceNodeProcess:
    """The node's process and the gateway's way to it."""

    __slots__ = ("_links", "_meters", "_ports", "_process", "_settings", "nodes")

    def __init__(
        self, *, settings: Settings, ports: NodePorts, clock: Clock, randomness: Randomness, meters: VoiceMeters
    ) -> None:
        self._settings = settings
        self._ports = ports
        self._meters = meters
        secret = randomness.token_bytes(SECRET_BYTES)
        self.nodes = LinkedVoiceNodes(
            secret=secret,
            clock=clock,
            call_later=asyncio.get_running_loop().call_later,
            token_bytes=randomness.token_bytes,
            observe=meters.observe,
        )
        """What the gateway depends on."""
        self._links = make_voice_links(
            name=_GATEWAY, cluster="", secret=secret, listener=self.nodes, clock=clock, randomness=randomness
        )
        self.nodes.attach(self._links)
        self._process = NodeProcess(
            settings=settings,
            ports=ports,
            facts=NodeFacts(cluster="", secret=secret),
            make_name=lambda: name_node(randomness.token_hex(4)),
            on_up=self._on_up,
            on_down=self._on_down,
        )
        self._process.know((_GATEWAY,))

    @property
    def pid(self) -> int:
        """The process that was started last."""
        return self._process.pid

    def reload(self) -> None:
        """Have the node read its certificate again."""
        self._process.reload()

    def list_chores(self) -> dict[str, Chore]:
        """List what goes on beside the server."""
        return {"voice links": self._links.run, "voice node": self._process.run}

    def _on_up(self, name: str) -> None:
        self.nodes.offer({name: self._find_address()})

    def _on_down(self) -> None:
        self.nodes.offer({})
        self._meters.on_end()

    def _find_address(self) -> NodeAddress:
        host, port = self._ports.control.getsockname()[:2]
        settings = self._settings.voice
        public_port = settings.public_port or self._ports.websocket.getsockname()[1]
        return NodeAddress(PeerAddress(host, port), settings.public_host, public_port)
