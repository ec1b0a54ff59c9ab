"""The key of an address, for every bound by address.

Every customer of a provider has a /64 of IPv6 addresses and may use another one for each connection.
"""

import ipaddress
from functools import lru_cache
from typing import Final

_CUSTOMER_BITS: Final = 64


@lru_cache(4096)
def key_of(address: str) -> str:
    """Return the address itself, or the customer's network of an IPv6 address."""
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped
    return str(ipaddress.IPv6Network((parsed, _CUSTOMER_BITS), strict=False)) if mapped is None else str(mapped)
