"""The private side of the composition root: what people have with each other outside guilds."""

import msgspec

from api.services.channels.calls import CallService
from api.services.channels.direct_channels import DirectChannelService
from api.services.channels.group_channels import GroupChannelService
from api.services.channels.last_messages import LastMessages
from api.services.channels.private_channels import PrivateChannelService
from api.services.directs.direct_sends import DirectSends
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.images import ImageService
from api.services.messages.system_messages import SystemMessages
from api.services.relationships.acquaintances import Acquaintances
from api.services.relationships.relationship_cache import RelationshipCache
from api.services.relationships.relationships import RelationshipService
from core.bus.interfaces import Bus
from core.door.interfaces import Door
from core.runtime.clock import Clock
from core.store.interfaces import Store


class People(msgspec.Struct, kw_only=True, frozen=True):
    """What the process remembers of people, which services of all sides ask."""

    relationships: RelationshipCache
    acquaintances: Acquaintances


class PrivateServices(msgspec.Struct, kw_only=True, frozen=True):
    """The services by the names under which handlers ask for them."""

    calls: CallService
    groups: GroupChannelService
    private_channels: PrivateChannelService
    relationships: RelationshipService


def build_people(*, store: Store, bus: Bus) -> People:
    """Make the caches."""
    relationships = RelationshipCache(relationships=store.relationships, bus=bus)
    return People(
        relationships=relationships,
        acquaintances=Acquaintances(
            relationships=relationships, guilds=store.guilds, preferences=store.preferences, bus=bus
        ),
    )


def build_private_services(  # noqa: PLR0913 - a composition root is given all that its parts need
    *,
    store: Store,
    entities: EntityCache,
    people: People,
    sends: DirectSends,
    last_messages: LastMessages,
    images: ImageService,
    door: Door,
    ids: IdSource,
    clock: Clock,
    group_recipients: int,
) -> PrivateServices:
    """Make the services."""
    groups = GroupChannelService(
        store=store,
        entities=entities,
        relationships=people.relationships,
        images=images,
        last_messages=last_messages,
        notes=SystemMessages(entities=entities, messages=store.messages, door=door),
        ids=ids,
        most_recipients=group_recipients,
    )
    directs = DirectChannelService(entities=entities, last_messages=last_messages, sends=sends, store=store, ids=ids)
    return PrivateServices(
        calls=CallService(entities=entities),
        groups=groups,
        private_channels=PrivateChannelService(directs=directs, groups=groups),
        relationships=RelationshipService(
            store=store, entities=entities, relationships=people.relationships, ids=ids, clock=clock
        ),
    )
