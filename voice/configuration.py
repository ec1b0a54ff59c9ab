"""What a node is told at its start, as one line of JSON on its input. Its sockets are open already, and inherited."""

import msgspec

from core.runtime.settings.settings import LoggingSettings


class NodeConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """The node of one server."""

    name: str
    gateway: str
    """The name of the gateway that will connect."""
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
    logging: LoggingSettings = LoggingSettings()
    version: str


encode_configuration = msgspec.json.Encoder().encode
parse_configuration = msgspec.json.Decoder(NodeConfiguration).decode
