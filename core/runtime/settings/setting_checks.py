"""Checks of settings that need more than a bound or a pattern. Each takes the value and raises ValueError.

A setting's type names its check (`core.runtime.settings.settings`), and the reader of settings calls it
(`core.runtime.settings.configuration`).
"""

import ipaddress
import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from core.runtime.unix_sockets import UNIX, check_path_of_socket

EVERY_PROXY: Final = "*"
"""The entry of the list of trusted proxies that means every address."""

_HOST_NAME: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*")
_AUTHORITY: Final = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:?\[\]]+)(:[1-9]\d{0,4})?"
_STUN_URL: Final = re.compile(rf"stuns?:{_AUTHORITY}")
_TURN_URL: Final = re.compile(rf"turns?:{_AUTHORITY}(\?transport=(udp|tcp))?")
_ALL_DIGITS: Final = re.compile(r"[0-9.]+")


def check_host(host: str) -> None:
    """Check an IP address or a host's name, without a port."""
    if not _is_host(host):
        raise ValueError(f"no IP address and no host name: {host!r}")


def check_listening_host(host: str) -> None:
    """Check an IP address or a host's name, without a port; or `unix:` with the path of a socket."""
    if host.startswith(UNIX):
        check_path_of_socket(host.removeprefix(UNIX))
    else:
        check_host(host)


def check_host_or_none(host: str) -> None:
    """Check an IP address or a host's name, or an empty text."""
    if host:
        check_host(host)


def check_address_or_none(address: str) -> None:
    """Check an IP address, or an empty text."""
    if address:
        try:
            ipaddress.ip_address(address)
        except ValueError as error:
            raise ValueError(f"no IP address: {error}") from error


def check_hosts(hosts: Sequence[str]) -> None:
    """Check a list of IP addresses and hosts' names, without ports."""
    for host in hosts:
        check_host(host)


def check_path(path: str) -> None:
    """Check a path that a system can have."""
    if "\0" in path:
        raise ValueError("a path has no NUL in it")


def check_stun_urls(urls: Sequence[str]) -> None:
    """Check a list of addresses like stun:stun.example.org:3478."""
    for url in urls:
        _check_ice_url(url, _STUN_URL, "stun:host:3478")


def check_turn_urls(urls: Sequence[str]) -> None:
    """Check a list of addresses like turn:turn.example.org:3478?transport=tcp."""
    for url in urls:
        _check_ice_url(url, _TURN_URL, "turn:host:3478 or turns:host:5349?transport=tcp")


def _check_ice_url(url: str, pattern: re.Pattern[str], example: str) -> None:
    found = pattern.fullmatch(url)
    if found is None:
        raise ValueError(f"no address like {example}: {url!r}")
    check_host(found["host"].strip("[]"))


def check_networks(networks: Sequence[str]) -> None:
    """Check a list of IP addresses, networks like 10.0.0.0/8, `unix:` for all who come by a Unix socket, and `*`."""
    for network in networks:
        if network not in (EVERY_PROXY, UNIX):
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                raise ValueError(f"no IP address and no network like 10.0.0.0/8: {error}") from error


def check_plain_networks(networks: Sequence[str]) -> None:
    """Check a list of IP addresses and networks like 10.0.0.0/8."""
    if EVERY_PROXY in networks or UNIX in networks:
        raise ValueError("networks are named one by one, as 10.0.0.0/8")
    check_networks(networks)


def check_gateway_url(url: str) -> None:
    """Check an address of ws:// or wss://, or a template of such addresses (`gateway.transport.public_address`)."""
    before_path, slash, path = url.partition("://")[2].partition("/")
    if "{" in path or "}" in path:
        raise ValueError("{worker} and {port} stand before the path, whose name all workers share")
    scheme = url.partition("://")[0]
    filled = before_path.replace("{worker}", "w").replace("{port}", "1")
    if "{" in filled or "}" in filled:
        raise ValueError("of what stands in braces there are {worker} and {port} only")
    _check_public_url(f"{scheme}://{filled}{slash}{path}" if before_path else url, ("ws", "wss"))


def check_http_url(url: str) -> None:
    """Check an address of http:// or https://, a host, perhaps a port and a path; or an empty text."""
    _check_public_url(url, ("http", "https"))


def _check_public_url(url: str, schemes: tuple[str, str]) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"no address: {error}") from error
    if parts.scheme not in schemes:
        raise ValueError(f"an address that begins with {schemes[0]}:// or {schemes[1]}://")
    if not _is_host(host) or port == 0 or "@" in parts.netloc:
        raise ValueError("after the scheme there must be a host, and perhaps a port, and nothing else before the path")
    if "?" in url or "#" in url or re.search(r"[^!-~]", url):
        raise ValueError("neither ?, # nor anything but visible ASCII can be in it")


def check_redis_url(url: str) -> None:
    """Check an address like redis://user:password@host:6379/0; rediss:// means TLS."""
    _check_server_url(url, schemes=("redis", "rediss"), path=r"/?\d{0,4}")


def check_postgres_url(url: str) -> None:
    """Check an address like postgresql://user:password@host:5432/database."""
    _check_server_url(url, schemes=("postgresql",), path=r"/[A-Za-z0-9_-]{1,63}")


def _check_server_url(url: str, *, schemes: Sequence[str], path: str) -> None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"no address: {error}") from error
    if parts.scheme not in schemes:
        raise ValueError(f"an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if not _is_host(host) or port == 0:
        raise ValueError("after the scheme there must be a host, perhaps a user and a password before it")
    if not re.fullmatch(path, parts.path) or parts.query or parts.fragment:
        raise ValueError("after the host there may be the database, and nothing else")


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return _HOST_NAME.fullmatch(host) is not None and _ALL_DIGITS.fullmatch(host) is None
    return True
