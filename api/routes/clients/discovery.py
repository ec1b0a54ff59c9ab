"""Discovery: how a person's client that was given an address finds the server's parts, its name and its limits."""

from collections.abc import Sequence
from typing import Final

from api.http.route import Route, get
from api.http.scope import Scope, find_header
from api.services.instance import InstanceService
from core.wire.objects.instance import (
    ClientDiscovery,
    InstanceConfig,
    InstanceDomains,
    InstancePolicy,
    InstanceStats,
    OldDiscovery,
    Pong,
)


@get("/.well-known/spacebar/client", is_public=True)
async def get_client_discovery(scope: Scope, instance: InstanceService) -> ClientDiscovery:
    """The addresses of API, files and gateway."""
    return instance.describe(scope["scheme"], find_header(scope, b"host"))


@get("/.well-known/spacebar", is_public=True)
async def get_old_discovery(scope: Scope, instance: InstanceService) -> OldDiscovery:
    """The address of the API."""
    return instance.describe_shortly(scope["scheme"], find_header(scope, b"host"))


@get("/policies/instance/domains", is_public=True)
async def list_domains(scope: Scope, instance: InstanceService) -> InstanceDomains:
    """The addresses of the server's parts, in the older form."""
    return instance.list_domains(scope["scheme"], find_header(scope, b"host"))


@get("/ping", is_public=True)
async def ping(instance: InstanceService) -> Pong:
    """A sign of life, with the server's name."""
    return instance.greet()


@get("/policies/instance", is_public=True)
async def get_policy(instance: InstanceService) -> InstancePolicy:
    """The server's name and description."""
    return instance.introduce()


@get("/policies/instance/config", is_public=True)
async def get_config(instance: InstanceService) -> InstanceConfig:
    """The limits that clients heed before they ask."""
    return await instance.list_limits()


@get("/policies/stats", is_public=True)
async def get_stats(instance: InstanceService) -> InstanceStats:
    """How many people, guilds and memberships there are, some minutes ago at most. Messages are not counted."""
    return await instance.count()


ROUTES: Final[Sequence[Route]] = (ping, get_policy, get_config, list_domains, get_stats)
ROOT_ROUTES: Final[Sequence[Route]] = (get_client_discovery, get_old_discovery)
"""The routes that stand beside `/api`."""
