"""The guild side of the composition root: guilds and what is in them."""

import msgspec

from api.common_parts import ApiGround, Common
from api.services.channels.channel_positions import ChannelOrderService
from api.services.channels.channels import ChannelService
from api.services.channels.overwrites import OverwriteService
from api.services.channels.private_channels import PrivateChannelService
from api.services.guilds.guilds import GuildService
from api.services.images import ImageService
from api.services.invites.invites import InviteService
from api.services.invites.vanity import VanityService
from api.services.members.bans import BanService
from api.services.members.members import MemberService
from api.services.members.prune import PruneService
from api.services.messages.system_messages import SystemMessages
from api.services.roles.roles import RoleService
from api.services.voice.ice_servers import IceServerService
from api.services.voice.stage_steps import StageSteps
from api.services.voice.stages import StageInstanceService
from api.services.voice.voice_log import VoiceLogService
from api.services.voice.voice_states import VoiceStateService
from api.services.voice.voice_statuses import VoiceStatusService
from api.services.voice_regions import VoiceRegionService
from api.services.webhooks.followings import FollowingService
from api.services.webhooks.webhooks import WebhookService


class GuildServices(msgspec.Struct, kw_only=True, frozen=True):
    """The services by the names under which handlers ask for them."""

    bans: BanService
    channel_order: ChannelOrderService
    channels: ChannelService
    followings: FollowingService
    guilds: GuildService
    ice_servers: IceServerService
    invites: InviteService
    members: MemberService
    overwrites: OverwriteService
    prune: PruneService
    roles: RoleService
    stage_instances: StageInstanceService
    vanity: VanityService
    voice_log: VoiceLogService
    voice_regions: VoiceRegionService
    voice_states: VoiceStateService
    voice_statuses: VoiceStatusService
    webhooks: WebhookService


def build_guild_services(
    ground: ApiGround, common: Common, *, private_channels: PrivateChannelService, images: ImageService
) -> GuildServices:
    """Make the services."""
    store, ids, clock, online = ground.store, ground.ids, ground.clock, ground.online
    entities, last_messages, membership = common.entities, common.last_messages, common.membership
    stages = StageSteps(ids=ids)
    regions = VoiceRegionService(ground.settings.voice)
    notes = SystemMessages(entities=entities, messages=store.messages, door=ground.door)
    return GuildServices(
        bans=BanService(
            store=store,
            entities=entities,
            membership=membership,
            publications=common.publications,
            ids=ids,
            clock=clock,
        ),
        channel_order=ChannelOrderService(store=store, entities=entities, last_messages=last_messages, ids=ids),
        channels=ChannelService(
            store=store,
            entities=entities,
            last_messages=last_messages,
            private_channels=private_channels,
            voice=common.voice,
            regions=regions,
            stages=stages,
            ids=ids,
        ),
        followings=FollowingService(
            store=store, entities=entities, images=images, renderer=common.renderer, door=ground.door, ids=ids
        ),
        guilds=GuildService(
            store=store,
            entities=entities,
            membership=membership,
            images=images,
            online=online,
            regions=regions,
            ids=ids,
        ),
        ice_servers=IceServerService(settings=ground.settings.ice, clock=clock),
        invites=InviteService(
            store=store,
            entities=entities,
            membership=membership,
            online=online,
            ids=ids,
            clock=clock,
            choose=ground.random.choice,
        ),
        members=MemberService(
            store=store,
            entities=entities,
            membership=membership,
            images=images,
            ids=ids,
            clock=clock,
            voice=common.voice,
        ),
        overwrites=OverwriteService(store=store, entities=entities, last_messages=last_messages, ids=ids),
        prune=PruneService(store=store, entities=entities, membership=membership, clock=clock),
        roles=RoleService(store=store, entities=entities, images=images, ids=ids),
        stage_instances=StageInstanceService(store=store, entities=entities, steps=stages, notes=notes),
        vanity=VanityService(store=store, entities=entities, ids=ids),
        voice_log=VoiceLogService(
            store=store,
            entities=entities,
            clock=clock,
            days=ground.settings.voice.log_days,
        ),
        voice_regions=regions,
        voice_states=VoiceStateService(store=store, entities=entities, changes=common.voice, clock=clock),
        voice_statuses=VoiceStatusService(store=store, entities=entities, changes=common.voice),
        webhooks=WebhookService(store=store, entities=entities, images=images, ids=ids),
    )
