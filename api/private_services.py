"""The private side of the composition root: what people have with each other outside guilds."""

import msgspec

from api.common_parts import ApiGround, Common
from api.services.channels.calls import CallService
from api.services.channels.direct_channels import DirectChannelService
from api.services.channels.group_channels import GroupChannelService
from api.services.channels.private_channels import PrivateChannelService
from api.services.images import ImageService
from api.services.limits import Limits
from api.services.messages.system_messages import SystemMessages
from api.services.presence.last_seen import LastSeenService
from api.services.relationships.relationships import RelationshipService


class PrivateServices(msgspec.Struct, kw_only=True, frozen=True):
    """The services by the names under which handlers ask for them."""

    calls: CallService
    groups: GroupChannelService
    last_seen: LastSeenService
    private_channels: PrivateChannelService
    relationships: RelationshipService


def build_private_services(
    ground: ApiGround, common: Common, *, limits: Limits, images: ImageService
) -> PrivateServices:
    """Make the services."""
    store, ids, entities = ground.store, ground.ids, common.entities
    groups = GroupChannelService(
        store=store,
        entities=entities,
        relationships=common.relationships,
        images=images,
        last_messages=common.last_messages,
        notes=SystemMessages(entities=entities, messages=store.messages, door=ground.door),
        ids=ids,
        most_recipients=ground.settings.limits.group_recipients,
    )
    directs = DirectChannelService(
        entities=entities, last_messages=common.last_messages, sends=common.directs, limits=limits, store=store, ids=ids
    )
    return PrivateServices(
        calls=CallService(entities=entities),
        groups=groups,
        last_seen=LastSeenService(
            store=store,
            entities=entities,
            relationships=common.relationships,
            acquaintances=common.acquaintances,
        ),
        private_channels=PrivateChannelService(directs=directs, groups=groups),
        relationships=RelationshipService(
            store=store,
            entities=entities,
            relationships=common.relationships,
            limits=limits,
            ids=ids,
            clock=ground.clock,
        ),
    )
