"""What a server says of itself, in the shapes that people's clients know from other servers of their kind."""

from typing import Any

from msgspec import Struct


class ApiVersions(Struct, kw_only=True, frozen=True):
    """The versions of the API."""

    default: str = "9"
    active: tuple[str, ...] = ("9", "10")


class ApiAddress(Struct, kw_only=True, rename="camel"):
    """The API, by the address below which `/api` is."""

    base_url: str
    api_versions: ApiVersions = ApiVersions()


class FileAddress(Struct, kw_only=True, rename="camel"):
    """The pictures and files."""

    base_url: str


class SocketAddress(Struct, kw_only=True, rename="camel"):
    """The gateway, and what it takes in its address."""

    base_url: str
    encoding: tuple[str, ...] = ("json", "etf")
    compression: tuple[str | None, ...] = ("zstd-stream", "zlib-stream", None)


class ClientDiscovery(Struct, kw_only=True):
    """GET /.well-known/spacebar/client."""

    api: ApiAddress
    cdn: FileAddress
    gateway: SocketAddress


class OldDiscovery(Struct, kw_only=True):
    """GET /.well-known/spacebar."""

    api: str


class InstanceDomains(Struct, kw_only=True, rename="camel"):
    """GET /policies/instance/domains."""

    api: str
    api_endpoint: str
    cdn: str
    gateway: str
    default_api_version: str = "9"


class PingInstance(Struct, kw_only=True):
    """The server in GET /ping. Its operator's addresses are not known to it."""

    id: str
    name: str
    description: str
    image: str | None = None
    correspondenceEmail: str | None = None  # noqa: N815 - clients' name
    correspondenceUserID: str | None = None  # noqa: N815
    frontPage: str | None = None  # noqa: N815
    tosPage: str | None = None  # noqa: N815


class Pong(Struct, kw_only=True):
    """GET /ping."""

    ping: str = "pong!"
    instance: PingInstance


class InstancePolicy(Struct, kw_only=True):
    """GET /policies/instance."""

    instanceName: str  # noqa: N815
    instanceDescription: str  # noqa: N815
    instanceId: str  # noqa: N815
    image: str | None = None
    frontPage: str | None = None  # noqa: N815
    tosPage: str | None = None  # noqa: N815
    correspondenceEmail: str | None = None  # noqa: N815
    correspondenceUserID: str | None = None  # noqa: N815
    autoCreateBotUsers: bool = False  # noqa: N815


class ShownCounts(Struct, kw_only=True, frozen=True):
    """The numbers of GET /policies/stats. 0 also says that the server does not tell."""

    user: int = 0
    guild: int = 0
    message: int = 0
    members: int = 0


class InstanceStats(Struct, kw_only=True):
    """GET /policies/stats."""

    counts: ShownCounts = ShownCounts()


InstanceConfig = dict[str, Any]
"""GET /policies/instance/config: one flat object."""
