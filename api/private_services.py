"""The private side of the composition root: what people have with each other outside guilds."""

import msgspec

from api.common_parts import ApiGround, Common
from api.services.calls.call_joins import CallJoins
from api.services.calls.call_messages import CallMessages
from api.services.calls.call_rules import CallRules
from api.services.calls.call_steps import CallSteps
from api.services.calls.call_sweep import CallSweep
from api.services.calls.call_units import CallUnits
from api.services.calls.calls import CallService
from api.services.calls.peer_settings import PeerSettingsService
from api.services.calls.peer_steps import PeerSteps
from api.services.calls.peers import PeerService
from api.services.channels.direct_channels import DirectChannelService
from api.services.channels.group_channels import GroupChannelService
from api.services.channels.private_channels import PrivateChannelService
from api.services.images import ImageService
from api.services.limits import Limits
from api.services.messages.message_changes import MessageChanges
from api.services.messages.system_messages import SystemMessages
from api.services.presence.last_seen import LastSeenService
from api.services.relationships.relationships import RelationshipService
from api.services.voice_regions import VoiceRegionService


class PrivateServices(msgspec.Struct, kw_only=True, frozen=True):
    """The services by the names under which handlers ask for them."""

    calls: CallService
    groups: GroupChannelService
    last_seen: LastSeenService
    direct_channels: DirectChannelService
    peer_settings: PeerSettingsService
    peers: PeerService
    private_channels: PrivateChannelService
    relationships: RelationshipService


class CallParts(msgspec.Struct, kw_only=True, frozen=True):
    """The service of calls, and what else the process needs of them."""

    service: CallService
    peers: PeerService
    joins: CallJoins
    sweep: CallSweep
    steps: CallSteps


class PrivateParts(msgspec.Struct, kw_only=True, frozen=True):
    """The services, with the parts that the gateway and the chores use."""

    services: PrivateServices
    call_joins: CallJoins
    call_sweep: CallSweep


def build_private_parts(
    ground: ApiGround, common: Common, *, limits: Limits, images: ImageService, changes: MessageChanges
) -> PrivateParts:
    """Make the services and the parts."""
    store, ids, entities = ground.store, ground.ids, common.entities
    notes = SystemMessages(entities=entities, messages=store.messages, door=ground.door)
    calls = _build_calls(ground, common, limits=limits, notes=notes, changes=changes)
    groups = GroupChannelService(
        store=store,
        entities=entities,
        relationships=common.relationships,
        images=images,
        last_messages=common.last_messages,
        notes=notes,
        calls=calls.steps,
        ids=ids,
        current_limits=common.current_limits,
    )
    directs = DirectChannelService(
        entities=entities, last_messages=common.last_messages, sends=common.directs, limits=limits, store=store, ids=ids
    )
    services = PrivateServices(
        calls=calls.service,
        groups=groups,
        last_seen=LastSeenService(
            store=store,
            entities=entities,
            relationships=common.relationships,
            acquaintances=common.acquaintances,
        ),
        direct_channels=directs,
        peer_settings=PeerSettingsService(store=store, peers=calls.peers),
        peers=calls.peers,
        private_channels=PrivateChannelService(directs=directs, groups=groups),
        relationships=RelationshipService(
            store=store,
            entities=entities,
            relationships=common.relationships,
            limits=limits,
            ids=ids,
            clock=ground.clock,
            on_block=calls.peers.end_between,
        ),
    )
    return PrivateParts(services=services, call_joins=calls.joins, call_sweep=calls.sweep)


def _build_calls(
    ground: ApiGround, common: Common, *, limits: Limits, notes: SystemMessages, changes: MessageChanges
) -> CallParts:
    store, entities, directs = ground.store, common.entities, common.directs
    units = CallUnits(store=store)
    peer_steps = PeerSteps(most_peers=ground.settings.voice.most_peers, ids=ground.ids, clock=ground.clock)
    steps = CallSteps(peers=peer_steps, ids=ground.ids, clock=ground.clock)
    rules = CallRules(entities=entities, directs=directs, relationships=common.relationships)
    messages = CallMessages(
        store=store, entities=entities, notes=notes, changes=changes, units=units, steps=steps, clock=ground.clock
    )
    return CallParts(
        service=CallService(
            store=store,
            rules=rules,
            regions=VoiceRegionService(ground.settings.voice),
            directs=directs,
            steps=steps,
            units=units,
            messages=messages,
            limits=limits,
        ),
        peers=PeerService(
            store=store,
            bus=ground.bus,
            rules=rules,
            steps=peer_steps,
            units=units,
            relationships=common.relationships,
            limits=limits,
            ids=ground.ids,
        ),
        joins=CallJoins(
            store=store, rules=rules, directs=directs, steps=steps, units=units, messages=messages, limits=limits
        ),
        sweep=CallSweep(store=store, steps=steps, units=units, messages=messages, clock=ground.clock),
        steps=steps,
    )
