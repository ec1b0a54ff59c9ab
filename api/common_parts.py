"""The parts of the API that most of its sides need. A service gets by name the ones that it uses.

`ApiGround` is what the process gives; `Common` is made of it once and is what all sides remember together.
"""

from collections.abc import Callable

import msgspec

from api.services.channels.last_messages import LastMessages
from api.services.directs.direct_sends import DirectSends
from api.services.entity_cache import EntityCache
from api.services.files.file_links import FileLinks
from api.services.guilds.welcome import Welcome
from api.services.ids import IdSource
from api.services.members.membership import Membership
from api.services.memory import Remembering
from api.services.messages.pages.message_cache import MessageCache
from api.services.messages.pages.message_renderer import MessageRenderer
from api.services.messages.publications import Publications
from api.services.preferences.settings_changes import SettingsChanges
from api.services.previews.external_links import ExternalLinks
from api.services.relationships.acquaintances import Acquaintances
from api.services.relationships.relationship_cache import RelationshipCache
from api.services.voice.voice_changes import VoiceChanges
from core.bus.interfaces import Bus
from core.door.interfaces import Door
from core.door.rules import find_message_rules
from core.live.interfaces import OnlineCounts, RateLimiter, RequestGate, SessionStarts
from core.live.refusals import Refusals
from core.runtime.access_log import AccessLog
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.runtime.randomness import SYSTEM_RANDOMNESS, Randomness
from core.runtime.settings.current_limits import CurrentLimits
from core.runtime.settings.settings import Settings
from core.store.blob.interfaces import BlobStore
from core.store.interfaces import Store


class ApiGround(msgspec.Struct, kw_only=True, frozen=True):
    """What the process gives the API."""

    store: Store
    bus: Bus
    blobs: BlobStore
    links: FileLinks
    external: ExternalLinks
    ids: IdSource
    clock: Clock
    settings: Settings
    metrics: Metrics
    door: Door
    limiter: RateLimiter
    request_gate: RequestGate
    refusals: Refusals
    online: OnlineCounts
    starts: SessionStarts
    gateway_url: Callable[[str], str]
    """Gives the gateway's address (ws://…, without query) for the Host header of a client's request."""
    random: Randomness = SYSTEM_RANDOMNESS
    access_log: AccessLog | None = None
    """None where requests are not logged."""
    operator_key: bytes = b""
    """The key of who administers the server from its own machine; empty where nobody does."""


class Common(msgspec.Struct, kw_only=True, frozen=True):
    """What all sides remember together, and the ways that lead through more than one of them."""

    current_limits: CurrentLimits
    entities: EntityCache
    last_messages: LastMessages
    relationships: RelationshipCache
    acquaintances: Acquaintances
    directs: DirectSends
    messages: MessageCache
    renderer: MessageRenderer
    membership: Membership
    publications: Publications
    voice: VoiceChanges

    def list_caches(self) -> tuple[Remembering, ...]:
        """List the parts that remember rows."""
        return (self.entities, self.last_messages, self.relationships, self.acquaintances, self.messages)


def build_common(ground: ApiGround) -> Common:
    """Make the parts."""
    store, bus, ids, clock = ground.store, ground.bus, ground.ids, ground.clock
    entities = EntityCache(store=store, bus=bus, clock=clock)
    last_messages = LastMessages(messages=store.messages, bus=bus)
    relationships = RelationshipCache(relationships=store.relationships, bus=bus)
    acquaintances = Acquaintances(
        relationships=relationships, guilds=store.guilds, preferences=store.preferences, bus=bus
    )
    messages = MessageCache(messages=store.messages, bus=bus)
    voice = VoiceChanges(ids=ids)
    welcome = Welcome(messages=store.messages, door=ground.door)
    return Common(
        current_limits=_make_limits(ground),
        entities=entities,
        last_messages=last_messages,
        relationships=relationships,
        acquaintances=acquaintances,
        directs=DirectSends(acquaintances=acquaintances, entities=entities, store=store, ids=ids),
        messages=messages,
        renderer=MessageRenderer(entities=entities, messages=messages, link_to=ground.links.link_to),
        membership=Membership(
            ids=ids, clock=clock, settings=SettingsChanges(ids=ids), voice=voice, welcome=welcome.announce_join
        ),
        publications=Publications(store=store, ids=ids),
        voice=voice,
    )


def _make_limits(ground: ApiGround) -> CurrentLimits:
    """Make the limits, which the door of this process follows too."""
    current = CurrentLimits(ground.settings)
    current.follow(lambda: ground.door.set_rules(find_message_rules(current.rates)))
    return current
