"""Composition root of the API: builds the services and the application in front of them.

Adding a noun: build its service in the side of the API that it belongs to (`account_services`, `file_services`,
`guild_services`, `message_services`, `admin_services`), where the name of its field is the name by which handlers ask
for it, and add the ROUTES of its routes module to `api.routes.all_routes`.
"""

import asyncio
from functools import partial

import msgspec

from api.account_services import AccountParts, AccountServices, build_account_parts
from api.admin_services import AdminServices, build_admin_services
from api.common_parts import ApiGround, Common, build_common
from api.file_services import FileParts, FileServices, build_file_parts, find_body_bounds
from api.guild_services import GuildServices, build_guild_services
from api.http.binding import BodyBounds, bind
from api.http.edge import Edge
from api.http.gate import Gate
from api.http.openapi import build_document
from api.http.router import Router
from api.http.scope import PREFIX
from api.http.staff_gate import StaffGate
from api.message_services import MessageParts, MessageServices, build_message_parts
from api.private_services import PrivateServices, build_private_parts
from api.routes.all_routes import API_ROUTES, declare_root_routes
from api.services.administration.limits_keeper import LimitsKeeper
from api.services.administration.staff_authenticator import StaffAuthenticator
from api.services.calls.call_sweep import CallSweep
from api.services.default_avatars import DefaultAvatars
from api.services.gateway_addresses import GatewayAddressService
from api.services.images import ImageService
from api.services.instance import InstanceService
from api.services.limits import Limits
from api.services.members.temporary_members import TemporaryMembers
from api.services.memory import Memory
from api.services.presence.seen_times import SeenTimes
from api.services.voice.own_voice import OwnVoiceService
from api.services.voice.voice_joins import VoiceJoins
from api.services.voice.voice_log import VoiceLogService
from api.web_services import WebParts, build_web_parts


class Services(msgspec.Struct, kw_only=True, frozen=True):
    """The services that handlers may ask for, by the names of these fields and of the fields of each side."""

    account: AccountServices
    guild: GuildServices
    message: MessageServices
    private: PrivateServices
    file: FileServices
    admin: AdminServices
    gate: Gate
    gateway_addresses: GatewayAddressService
    default_avatars: DefaultAvatars
    images: ImageService
    instance: InstanceService
    limits: Limits
    own_voice: OwnVoiceService

    def by_name(self) -> dict[str, object]:
        """Return the services, keyed by the names under which handlers ask for them."""
        named: dict[str, object] = msgspec.structs.asdict(self)
        sides = ("account", "guild", "message", "private", "file", "admin")
        for side in map(named.pop, sides):
            named.update(msgspec.structs.asdict(side))  # type: ignore[arg-type] # the sides are Structs
        return named


class Api:
    """The finished tier: an ASGI application, and the services that other parts of the process share with it."""

    __slots__ = (
        "_limits_keeper",
        "_passwords",
        "_pictures",
        "_previews",
        "_seen_times",
        "_temporary_members",
        "_voice_log",
        "_web",
        "asgi",
        "call_sweep",
        "crosspost_sweep",
        "current_limits",
        "entities",
        "file_sweep",
        "limits",
        "memory",
        "message_purge",
        "messages",
        "own_places",
        "pin_sweep",
        "publisher",
        "reaction_events",
        "stored_events",
        "uses",
        "voice",
    )

    def __init__(  # noqa: PLR0913 - all sides of the tier
        self,
        *,
        asgi: Edge,
        common: Common,
        accounts: AccountParts,
        files: FileParts,
        messages: MessageParts,
        web: WebParts,
        limits: Limits,
        limits_keeper: LimitsKeeper,
        memory: Memory,
        seen_times: SeenTimes,
        temporary_members: TemporaryMembers,
        voice: VoiceJoins,
        voice_log: VoiceLogService,
        call_sweep: CallSweep,
    ) -> None:
        self.asgi = asgi
        self.entities = common.entities
        self.crosspost_sweep = messages.crosspost_sweep
        """The end of what others have begun to publish, which one process runs."""
        self.file_sweep = files.sweep
        """The removal of files that nothing refers to, which one process runs."""
        self.current_limits = common.current_limits
        """The limits that hold just now."""
        self.limits = limits
        self._limits_keeper = limits_keeper
        self.memory = memory
        self.message_purge = messages.purge
        """The deletion of messages whose time is over, which one process runs."""
        self.messages = messages.services.messages
        """The gateway's `MessagePort`."""
        self.own_places = messages.own_places
        """The chore that marks channels as read for who has written there, which one process runs."""
        self.stored_events = messages.stored_events
        """The events of rows, for the sweep of a cluster's doors."""
        self.reaction_events = messages.reaction_events
        """The same of reactions."""
        self.pin_sweep = messages.pin_sweep
        self.uses = accounts.uses
        self.call_sweep = call_sweep
        self.voice = voice
        """The gateway's `VoicePort`."""
        self._passwords = accounts.passwords
        self._pictures = files.workers
        self._previews = messages.services.previews
        self.publisher = messages.publisher
        self._seen_times = seen_times
        self._temporary_members = temporary_members
        self._voice_log = voice_log
        self._web = web

    async def prepare(self) -> None:
        """Read the limits that staff has set, before the first request. Raises Unavailable."""
        await self._limits_keeper.read()

    async def run(self) -> None:
        """Run the tier's chores until cancelled, then release what the tier owns."""
        try:
            async with asyncio.TaskGroup() as chores:
                chores.create_task(self._limits_keeper.run(), name="limits")
                chores.create_task(self.uses.run(), name="auth session uses")
                chores.create_task(self.pin_sweep.run(), name="pin sweep")
                chores.create_task(self.call_sweep.run(), name="call sweep")
                chores.create_task(self._voice_log.run(), name="voice log")
                chores.create_task(self._previews.run(), name="previews")
                chores.create_task(self.publisher.run(), name="publisher")
                chores.create_task(self._seen_times.run(), name="seen times")
                chores.create_task(self._temporary_members.run(), name="temporary members")
        finally:
            self._passwords.close()
            await self._pictures.close()
            await self._web.close()


def build_api(ground: ApiGround) -> Api:
    """Build the tier on what the process gives it."""
    common = build_common(ground)
    settings, metrics = ground.settings, ground.metrics
    limits = Limits(
        limiter=ground.limiter, gate=ground.request_gate, current=common.current_limits, refusals=ground.refusals
    )
    keeper = LimitsKeeper(current=common.current_limits, limits=ground.store.limits, bus=ground.bus)
    files = build_file_parts(ground, common)
    web = build_web_parts(external=ground.external, settings=settings.embeds, clock=ground.clock, metrics=metrics.web)
    accounts = build_account_parts(ground, common, limits=limits, images=files.images)
    messages = build_message_parts(ground, common, files=files, web=web, limits=limits)
    private = build_private_parts(ground, common, limits=limits, images=files.images, changes=messages.changes)
    guilds = build_guild_services(
        ground, common, private_channels=private.services.private_channels, images=files.images
    )
    voice = VoiceJoins(
        store=ground.store,
        entities=common.entities,
        changes=common.voice,
        calls=private.call_joins,
        statuses=guilds.voice_statuses,
        limits=limits,
        log=guilds.voice_log,
        clock=ground.clock,
    )
    memory = Memory((*common.list_caches(), accounts.authenticator, keeper))
    services = Services(
        account=accounts.services,
        guild=guilds,
        message=messages.services,
        private=private.services,
        file=files.services,
        admin=build_admin_services(ground, common, accounts=accounts, guilds=guilds, private=private.services),
        gate=Gate(authenticator=accounts.authenticator, limits=limits, door=ground.door, forget=memory.forget_all),
        gateway_addresses=GatewayAddressService(
            store=ground.store, settings=settings.gateway, starts=ground.starts, url=ground.gateway_url
        ),
        default_avatars=DefaultAvatars(),
        images=files.images,
        instance=InstanceService(
            settings=settings,
            gateway_url=ground.gateway_url,
            counts=ground.store.instance_counts,
            find_mode=accounts.rule.find_mode,
            clock=ground.clock,
        ),
        limits=limits,
        own_voice=OwnVoiceService(store=ground.store, entities=common.entities, joins=voice),
    )
    staff = StaffAuthenticator(staff=ground.store.staff, clock=ground.clock, operator_key=ground.operator_key)
    router = _build_router(
        services,
        staff_gate=StaffGate(authenticator=staff, gate=services.gate),
        bounds=find_body_bounds(settings),
    )
    return Api(
        asgi=Edge(
            router=router,
            gate=services.gate,
            limits=limits,
            clock=ground.clock,
            metrics=metrics,
            access_log=ground.access_log,
        ),
        common=common,
        accounts=accounts,
        files=files,
        messages=messages,
        web=web,
        limits=limits,
        limits_keeper=keeper,
        memory=memory,
        seen_times=SeenTimes(store=ground.store, bus=ground.bus),
        temporary_members=TemporaryMembers(store=ground.store, bus=ground.bus, membership=common.membership),
        voice=voice,
        call_sweep=private.call_sweep,
        voice_log=guilds.voice_log,
    )


def _build_router(services: Services, *, staff_gate: StaffGate, bounds: BodyBounds) -> Router:
    named = services.by_name()
    document = build_document(API_ROUTES, named, prefix=PREFIX)
    bind_route = partial(bind, services=named, gate=services.gate, staff_gate=staff_gate, bounds=bounds)
    below_prefix = [endpoint for route in API_ROUTES for endpoint in bind_route(route, prefix=PREFIX)]
    return Router(
        [*below_prefix, *(endpoint for route in declare_root_routes(document) for endpoint in bind_route(route))]
    )
