"""Where a running server is reached: the line that machines read, and the address that clients are told."""

import msgspec

from core.runtime.settings import GatewaySettings


class Addresses(msgspec.Struct, kw_only=True, frozen=True):
    """URLs of the listeners as reached from the machine itself; `metrics` is empty when that listener is off."""

    api: str
    gateway: str
    metrics: str


def encode_ready_line(addresses: Addresses) -> str:
    """`ready api=http://… gateway=ws://… metrics=http://…`: the first line on stdout, for tests and scripts."""
    return f"ready api={addresses.api} gateway={addresses.gateway} metrics={addresses.metrics or '-'}"


def gateway_url_for(settings: GatewaySettings, authority: str) -> str:
    """The gateway's address for clients: the setting, or else where it listens."""
    return settings.public_url or f"ws://{authority}"
