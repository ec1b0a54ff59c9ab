"""Which addresses of the internet this server connects to for strangers: public ones, at ports of the web.

The lists follow IANA's registries of special-purpose addresses (RFC 6890 and its updates). They are kept here, as the
standard library's lists change with its versions, and those of older ones lack networks. Of IPv6 only what is handed
out as global unicast (2000::/3) counts, so addresses that hold an IPv4 address (mapped, compatible, NAT64),
unique-local, link-local and multicast ones need no list of their own.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_REFUSED_V4: Final = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # between a provider and its customers; metadata of some clouds
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # the host of a virtual machine, in one large cloud
            "169.254.0.0/16",  # link-local; metadata of most clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments; metadata of a cloud
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6: Final = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocol assignments, with Teredo, which holds an IPv4 address
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which holds an IPv4 address
            "3fff::/20",  # documentation
        ),
    )
)


class AddressRules:
    """The addresses and ports that may be connected to."""

    __slots__ = ("_allowed", "_ports")

    def __init__(self, *, allowed_networks: Iterable[str], ports: Sequence[int]) -> None:
        """`allowed_networks` may be connected to although they are not public."""
        self._allowed: list[IPNetwork] = [ipaddress.ip_network(network) for network in allowed_networks]
        self._ports = frozenset(ports)

    def permits(self, address: str) -> bool:
        """Tell whether an IP address may be connected to. What is no plain address may not."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        if any(parsed in network for network in self._allowed):
            return True
        if isinstance(parsed, ipaddress.IPv4Address):
            return not any(parsed in network for network in _REFUSED_V4)
        if parsed.scope_id is not None or parsed not in _GLOBAL_V6:
            return False
        return not any(parsed in network for network in _REFUSED_V6)

    def permits_port(self, port: int) -> bool:
        """Tell whether a port may be connected to."""
        return port in self._ports
