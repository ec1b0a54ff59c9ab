"""What a node is told on its input, by lines of JSON: its configuration, and from then on which gateways there are.

Its sockets are open already, and inherited.
"""

import msgspec

from core.runtime.settings.settings import LoggingSettings


class NodeConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """The node of one server."""

    name: str
    gateways: tuple[str, ...]
    """The names of the gateways that will connect, until another line names others."""
    cluster: str
    secret: bytes
    """What both sides of the link prove to each other, and what signs tokens."""
    websocket_fd: int
    media_fd: int
    control_fd: int
    public_address: str = ""
    """The IP address that clients send packets to; "" for the one by which they have reached the voice gateway."""
    certificate: str = ""
    certificate_key: str = ""
    most_voices: int = 8
    """The voices of a room that are passed on at once."""
    dave: bool = True
    """Whether rooms may be encrypted from end to end."""
    leave_s: float = 0.0
    """How long clients have time to go to other nodes, when it is told to stop."""
    logging: LoggingSettings = LoggingSettings()
    version: str


class KnownGateways(msgspec.Struct, frozen=True):
    """The gateways that there are now."""

    gateways: tuple[str, ...]


encode_gateways = msgspec.json.Encoder().encode
parse_gateways = msgspec.json.Decoder(KnownGateways).decode
encode_configuration = msgspec.json.Encoder().encode
parse_configuration = msgspec.json.Decoder(NodeConfiguration).decode
