"""Composition root of the API: builds the services and the application in front of them.

Adding a noun: build its service under the name by which handlers ask for it (see `api.http.binding`) in the side of the API that
it belongs to (`account_services`, `guild_services`, `message_services`, or here), and add the HANDLERS of its routes module to
that side's routes.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from api.account_services import build_account_services
from api.compiled_routes import compile_routes
from api.framework import build_framework
from api.guild_services import build_guild_services
from api.http.edge import Edge
from api.http.gate import Gate
from api.message_services import build_message_services
from api.services.accounts.authenticator import Authenticator
from api.services.accounts.login_uses import LoginUses
from api.services.accounts.password_attempts import PasswordAttempts
from api.services.accounts.passwords import Passwords
from api.services.directory import Directory
from api.services.gateway_addresses import GatewayAddresses
from api.services.ids import IdSource
from api.services.images import Images
from api.services.limits import Limits, MemoryRateLimiter
from api.services.members.temporary_members import TemporaryMembers
from api.services.messages.messages import MessageService
from core.bus.interfaces import Bus
from core.live.interfaces import OnlineCounts, SessionStarts
from core.runtime.clock import Clock
from core.runtime.metrics import Metrics
from core.runtime.settings import Settings
from core.store.interfaces import BlobStore, Store


class Api:
    """The finished tier: an ASGI application, and the services that other parts of the process share with it."""

    __slots__ = ("_passwords", "_temporary_members", "asgi", "directory", "limits", "messages", "uses")

    def __init__(
        self,
        *,
        asgi: Edge,
        directory: Directory,
        limits: Limits,
        messages: MessageService,
        passwords: Passwords,
        temporary_members: TemporaryMembers,
        uses: LoginUses,
    ) -> None:
        self.asgi = asgi
        self.directory = directory
        self.limits = limits
        self.messages = messages
        """The gateway's `MessagePort`."""
        self._passwords = passwords
        self._temporary_members = temporary_members
        self.uses = uses

    async def run(self) -> None:
        """The tier's chores, until cancelled; then let go of what it owns."""
        try:
            async with asyncio.TaskGroup() as chores:
                chores.create_task(self.uses.run(), name="login uses")
                chores.create_task(self._temporary_members.run(), name="temporary members")
        finally:
            self._passwords.close()


def build_api(  # noqa: PLR0913 - a composition root is given all that its parts need
    *,
    store: Store,
    bus: Bus,
    blobs: BlobStore,
    ids: IdSource,
    clock: Clock,
    settings: Settings,
    metrics: Metrics,
    online: OnlineCounts,
    starts: SessionStarts,
    gateway_url: Callable[[str], str],
) -> Api:
    """`gateway_url` gives the gateway's address (ws://…, without query) for the Host header of a client's request."""
    directory = Directory(store=store, bus=bus, clock=clock)
    passwords = Passwords(memory_kib=settings.api.password_memory_kib, passes=settings.api.password_passes)
    uses = LoginUses(store=store, clock=clock)
    limits = Limits(
        limiter=MemoryRateLimiter(clock=clock),
        settings=settings.limits,
        count_refusal=lambda limit: metrics.limit_refusals_total.labels(limit).inc(),
    )
    images = Images(blobs=blobs)
    gate = Gate(authenticator=Authenticator(store=store, bus=bus, uses=uses), limits=limits)
    guilds = build_guild_services(store=store, directory=directory, images=images, online=online, ids=ids, clock=clock)
    accounts = build_account_services(
        store=store,
        directory=directory,
        images=images,
        membership=guilds["membership"],
        online=online,
        passwords=PasswordAttempts(store=store, passwords=passwords, limits=limits, metrics=metrics),
        ids=ids,
        clock=clock,
        settings=settings,
    )
    messages = build_message_services(
        store=store,
        bus=bus,
        directory=directory,
        limits=limits,
        typing_interval_s=settings.limits.typing_interval_s,
        ids=ids,
        clock=clock,
        metrics=metrics,
    )
    services = {
        "directory": directory,
        "gate": gate,
        "gateway_addresses": GatewayAddresses(store=store, settings=settings.gateway, starts=starts, url=gateway_url),
        "images": images,
        "limits": limits,
        "store": store,
        **guilds,
        **accounts,
        **messages,
    }
    return Api(
        asgi=_build_edge(services, gate, limits=limits, clock=clock, settings=settings, metrics=metrics),
        directory=directory,
        limits=limits,
        messages=messages["messages"],
        passwords=passwords,
        temporary_members=TemporaryMembers(store=store, bus=bus, membership=guilds["membership"]),
        uses=uses,
    )


def _build_edge(
    services: dict[str, Any], gate: Gate, *, limits: Limits, clock: Clock, settings: Settings, metrics: Metrics
) -> Edge:
    framework = build_framework(services, gate, max_body_bytes=settings.api.max_json_bytes)
    application: Any = framework  # an ASGI application, whose own types for it are narrower
    routes = compile_routes(framework, gate)
    return Edge(app=application, routes=routes, gate=gate, limits=limits, clock=clock, metrics=metrics)
