"""Composition root of the API: builds the services and the application in front of them.

Adding a noun: build its service in the side of the API that it belongs to (`account_services`, `file_services`,
`guild_services`, `message_services`), where the name of its field is the name by which handlers ask for it, and add the
ROUTES of its routes module to `api.routes.all_routes`.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec

from api.account_services import AccountServices, build_account_services
from api.file_services import FileParts, FileServices, build_file_parts, find_body_bounds
from api.guild_services import GuildServices, build_guild_services
from api.http.binding import BodyBounds, bind
from api.http.edge import Edge
from api.http.gate import Gate
from api.http.openapi import build_document
from api.http.router import Router
from api.http.scope import PREFIX
from api.message_services import MessageServices, build_message_services
from api.private_services import PrivateServices, build_people, build_private_services
from api.routes.all_routes import API_ROUTES, declare_root_routes
from api.services.accounts.auth_session_uses import AuthSessionUses
from api.services.accounts.authenticator import Authenticator
from api.services.accounts.password_attempts import PasswordAttempts
from api.services.accounts.passwords import Passwords
from api.services.channels.last_messages import LastMessages
from api.services.default_avatars import DefaultAvatars
from api.services.directs.direct_sends import DirectSends
from api.services.entity_cache import EntityCache
from api.services.files.file_links import FileLinks
from api.services.gateway_addresses import GatewayAddressService
from api.services.guilds.welcome import Welcome
from api.services.ids import IdSource
from api.services.images import ImageService
from api.services.instance import InstanceService
from api.services.limits import Limits
from api.services.members.membership import Membership
from api.services.members.temporary_members import TemporaryMembers
from api.services.memory import Memory
from api.services.messages.message_changes import MessageChanges
from api.services.messages.messages import MessageService
from api.services.messages.pages.message_cache import MessageCache
from api.services.messages.pages.message_renderer import MessageRenderer
from api.services.messages.stored_events import StoredMessageEvents
from api.services.pins.pin_flags import PinFlags
from api.services.pins.pin_sweep import PinSweep
from api.services.preferences.settings_changes import SettingsChanges
from api.services.previews.external_links import ExternalLinks
from api.services.previews.previews import PreviewService
from api.services.reactions.reaction_events import StoredReactionEvents
from api.services.reading.own_places import OwnPlaces
from api.web_services import WebParts, build_web_parts
from core.bus.interfaces import Bus
from core.door.interfaces import Door
from core.live.interfaces import OnlineCounts, RateLimiter, RequestGate, SessionStarts
from core.live.refusals import Refusals
from core.runtime.clock import Clock
from core.runtime.metrics import Metrics
from core.runtime.randomness import SYSTEM_RANDOMNESS, Randomness
from core.runtime.settings.settings import Settings
from core.store.blob.interfaces import BlobStore
from core.store.interfaces import Store


class Services(msgspec.Struct, kw_only=True, frozen=True):
    """The services that handlers may ask for, by the names of these fields and of the fields of each side."""

    account: AccountServices
    guild: GuildServices
    message: MessageServices
    private: PrivateServices
    file: FileServices
    gate: Gate
    gateway_addresses: GatewayAddressService
    default_avatars: DefaultAvatars
    images: ImageService
    instance: InstanceService
    limits: Limits

    def by_name(self) -> dict[str, object]:
        """Return the services, keyed by the names under which handlers ask for them."""
        named: dict[str, object] = msgspec.structs.asdict(self)
        sides = ("account", "guild", "message", "private", "file")
        for side in map(named.pop, sides):
            named.update(msgspec.structs.asdict(side))  # type: ignore[arg-type] # the sides are Structs
        return named


class Api:
    """The finished tier: an ASGI application, and the services that other parts of the process share with it."""

    __slots__ = (
        "_passwords",
        "_pictures",
        "_previews",
        "_temporary_members",
        "_web",
        "asgi",
        "entities",
        "file_sweep",
        "limits",
        "memory",
        "messages",
        "own_places",
        "pin_sweep",
        "reaction_events",
        "stored_events",
        "uses",
    )

    def __init__(  # noqa: PLR0913 - all that others may want of the tier
        self,
        *,
        asgi: Edge,
        entities: EntityCache,
        files: FileParts,
        limits: Limits,
        memory: Memory,
        messages: MessageService,
        passwords: Passwords,
        own_places: OwnPlaces,
        pin_sweep: PinSweep,
        reaction_events: StoredReactionEvents,
        previews: PreviewService,
        stored_events: StoredMessageEvents,
        temporary_members: TemporaryMembers,
        uses: AuthSessionUses,
        web: WebParts,
    ) -> None:
        self.asgi = asgi
        self.entities = entities
        self.file_sweep = files.sweep
        """The removal of files that nothing refers to, which one process runs."""
        self._pictures = files.workers
        self.limits = limits
        self.memory = memory
        self.messages = messages
        """The gateway's `MessagePort`."""
        self.own_places = own_places
        """The chore that marks channels as read for who has written there, which one process runs."""
        self.stored_events = stored_events
        """The events of rows, for the sweep of a cluster's doors."""
        self.reaction_events = reaction_events
        """The same of reactions."""
        self._passwords = passwords
        self.pin_sweep = pin_sweep
        self._previews = previews
        self._web = web
        self._temporary_members = temporary_members
        self.uses = uses

    async def run(self) -> None:
        """Run the tier's chores until cancelled, then release what the tier owns."""
        try:
            async with asyncio.TaskGroup() as chores:
                chores.create_task(self.uses.run(), name="auth session uses")
                chores.create_task(self.pin_sweep.run(), name="pin sweep")
                chores.create_task(self._previews.run(), name="previews")
                chores.create_task(self._temporary_members.run(), name="temporary members")
        finally:
            self._passwords.close()
            await self._pictures.close()
            await self._web.close()


def build_api(  # noqa: PLR0913 - a composition root is given all that its parts need
    *,
    store: Store,
    bus: Bus,
    blobs: BlobStore,
    links: FileLinks,
    external: ExternalLinks,
    ids: IdSource,
    clock: Clock,
    settings: Settings,
    metrics: Metrics,
    door: Door,
    limiter: RateLimiter,
    request_gate: RequestGate,
    refusals: Refusals,
    online: OnlineCounts,
    starts: SessionStarts,
    gateway_url: Callable[[str], str],
    random: Randomness = SYSTEM_RANDOMNESS,
) -> Api:
    """`gateway_url` gives the gateway's address (ws://…, without query) for the Host header of a client's request."""
    entities = EntityCache(store=store, bus=bus, clock=clock)
    last_messages = LastMessages(messages=store.messages, bus=bus)
    people = build_people(store=store, bus=bus)
    directs = DirectSends(acquaintances=people.acquaintances, entities=entities, store=store, ids=ids)
    cache = MessageCache(messages=store.messages, bus=bus)
    renderer = MessageRenderer(entities=entities, messages=cache, link_to=links.link_to)
    passwords = Passwords(memory_kib=settings.api.password_memory_kib, passes=settings.api.password_passes)
    uses = AuthSessionUses(store=store, clock=clock)
    authenticator = Authenticator(store=store, bus=bus, uses=uses)
    memory = Memory((entities, last_messages, people.relationships, people.acquaintances, cache, authenticator))
    limits = Limits(limiter=limiter, gate=request_gate, settings=settings.limits, refusals=refusals)
    files = build_file_parts(
        store=store, bus=bus, entities=entities, blobs=blobs, links=links, ids=ids, clock=clock, settings=settings.files
    )
    web = build_web_parts(external=external, settings=settings.embeds, clock=clock, metrics=metrics.web)
    images = ImageService(blobs=blobs, workers=files.workers, thumbnails=files.thumbnails)
    welcome = Welcome(messages=store.messages, door=door)
    membership = Membership(ids=ids, clock=clock, settings=SettingsChanges(ids=ids), welcome=welcome.announce_join)
    private = build_private_services(
        store=store, entities=entities, people=people, sends=directs, last_messages=last_messages, images=images,
        door=door, ids=ids, clock=clock, group_recipients=settings.limits.group_recipients,
    )  # fmt: skip
    changes = MessageChanges(messages=store.messages, entities=entities, renderer=renderer, ids=ids)
    pin_flags = PinFlags(store=store, changes=changes)
    services = Services(
        account=build_account_services(
            store=store, entities=entities, relationships=people.relationships, images=images, membership=membership,
            online=online, passwords=PasswordAttempts(store=store, passwords=passwords, limits=limits, metrics=metrics),
            ids=ids, clock=clock, random=random, settings=settings,
        ),
        guild=build_guild_services(
            store=store, entities=entities, last_messages=last_messages, private_channels=private.private_channels,
            images=images, membership=membership, online=online, ids=ids, clock=clock, random=random,
        ),
        message=build_message_services(
            store=store, bus=bus, entities=entities, directs=directs, relationships=people.relationships,
            last_messages=last_messages, cache=cache, renderer=renderer, changes=changes, pin_flags=pin_flags,
            door=door, attachments=files.attachments, copies=files.copies, web=web, limiter=limiter,
            typing_interval_s=settings.limits.typing_interval_s, ids=ids, clock=clock, metrics=metrics,
        ),
        private=private,
        file=files.services,
        gate=Gate(authenticator=authenticator, limits=limits, door=door, forget=memory.forget_all),
        gateway_addresses=GatewayAddressService(store=store, settings=settings.gateway, starts=starts, url=gateway_url),
        default_avatars=DefaultAvatars(),
        images=images,
        instance=InstanceService(settings=settings, gateway_url=gateway_url),
        limits=limits,
    )  # fmt: skip
    router = _build_router(services, bounds=find_body_bounds(settings))
    return Api(
        asgi=Edge(router=router, gate=services.gate, limits=limits, clock=clock, metrics=metrics),
        entities=entities,
        files=files,
        limits=limits,
        memory=memory,
        messages=services.message.messages,
        passwords=passwords,
        reaction_events=StoredReactionEvents(entities=entities, messages=cache),
        own_places=OwnPlaces(store=store, bus=bus, clock=clock),
        previews=services.message.previews,
        stored_events=StoredMessageEvents(entities=entities, renderer=renderer),
        pin_sweep=PinSweep(store=store, entities=entities, flags=pin_flags, clock=clock),
        temporary_members=TemporaryMembers(store=store, bus=bus, membership=membership),
        uses=uses,
        web=web,
    )


def _build_router(services: Services, *, bounds: BodyBounds) -> Router:
    named = services.by_name()
    document = build_document(API_ROUTES, named, prefix=PREFIX)
    bind_route = partial(bind, services=named, gate=services.gate, bounds=bounds)
    below_prefix = [endpoint for route in API_ROUTES for endpoint in bind_route(route, prefix=PREFIX)]
    return Router(
        [*below_prefix, *(endpoint for route in declare_root_routes(document) for endpoint in bind_route(route))]
    )
