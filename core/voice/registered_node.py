"""A media node as its lease in Redis describes it to workers and operators.

```json
{"name": "voice-1", "life": "voice-voice-1-5f0c…", "control": "10.0.0.5:41007", "host": "voice.example.org",
 "port": 8083, "region": "", "state": "serving", "rooms": 3, "peers": 11, "busy": 0.08}
```
"""

from enum import StrEnum

import msgspec

from core.links.interfaces import PeerAddress
from core.redis.interfaces import Scripts
from core.redis.keys import ANY_TAG
from core.runtime.sockets import parse_authority
from core.voice.placement import NodeAddress


class NodeState(StrEnum):
    """What a node does."""

    SERVING = "serving"
    DRAINING = "draining"
    """It takes no rooms, and those that it has go elsewhere, because an operator wants it so."""
    DOWN = "down"
    """Its process has ended, and the next one is not up yet."""


class RegisteredNode(msgspec.Struct, kw_only=True, frozen=True):
    """A node that has the lease of its name."""

    name: str
    life: str = ""
    """What gateways know its present process by over links; "" while there is none."""
    control: str = ""
    """HOST:PORT for gateways."""
    host: str = ""
    """The host of its voice gateway as clients see it."""
    port: int = 0
    region: str = ""
    state: NodeState = NodeState.SERVING
    rooms: int = 0
    peers: int = 0
    busy: float = 0.0
    """The part of one core that it uses, 0 to 1."""

    def find_address(self) -> NodeAddress:
        """Return where it is reached. Raises ValueError when it says no address."""
        return NodeAddress(
            control=PeerAddress(*parse_authority(self.control)),
            host=self.host,
            port=self.port,
            region=self.region,
            is_draining=self.state is NodeState.DRAINING,
        )


encode_node = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(RegisteredNode).decode


async def fetch_nodes(scripts: Scripts) -> list[RegisteredNode]:
    """Return the nodes that have their leases, by name. One of another version is left out. Raises Unavailable."""
    return list(filter(None, map(_read, await scripts.call("node_list", ANY_TAG))))


def _read(said: bytes) -> RegisteredNode | None:
    try:
        return _decode(said)
    except msgspec.MsgspecError:
        return None
