"""The guild side of the composition root: its services by the names that handlers ask for, and its routes."""

import secrets
from collections.abc import Sequence
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler

from api.routes import bans as ban_routes
from api.routes import channels as channel_routes
from api.routes import guilds as guild_routes
from api.routes import invites as invite_routes
from api.routes import members as member_routes
from api.routes import overwrites as overwrite_routes
from api.routes import roles as role_routes
from api.services.channels.channel_positions import ChannelOrder
from api.services.channels.channels import ChannelService
from api.services.channels.overwrites import OverwriteService
from api.services.directory import Directory
from api.services.guilds.guilds import GuildService
from api.services.guilds.welcome import Welcome
from api.services.ids import IdSource
from api.services.images import Images
from api.services.invites.invites import InviteService
from api.services.invites.vanity import VanityService
from api.services.members.bans import BanService
from api.services.members.members import MemberService
from api.services.members.membership import Membership
from api.services.members.prune import PruneService
from api.services.roles.roles import RoleService
from core.live.interfaces import OnlineCounts
from core.runtime.clock import Clock
from core.store.interfaces import Store

GUILD_ROUTES: Final[tuple[Sequence[HTTPRouteHandler], ...]] = (
    guild_routes.HANDLERS,
    channel_routes.HANDLERS,
    overwrite_routes.HANDLERS,
    role_routes.HANDLERS,
    member_routes.HANDLERS,
    ban_routes.HANDLERS,
    invite_routes.HANDLERS,
)


def build_guild_services(
    *, store: Store, directory: Directory, images: Images, online: OnlineCounts, ids: IdSource, clock: Clock
) -> dict[str, Any]:
    """The services; `membership` also lets other parts of the API bring users into guilds."""
    membership = Membership(store=store, ids=ids, clock=clock, welcome=Welcome(store=store, ids=ids).announce_join)
    return {
        "bans": BanService(store=store, directory=directory, membership=membership, ids=ids, clock=clock),
        "channel_order": ChannelOrder(store=store, directory=directory, ids=ids),
        "channels": ChannelService(store=store, directory=directory, ids=ids),
        "guilds": GuildService(
            store=store, directory=directory, membership=membership, images=images, online=online, ids=ids
        ),
        "invites": InviteService(
            store=store,
            directory=directory,
            membership=membership,
            online=online,
            ids=ids,
            clock=clock,
            choose=secrets.choice,
        ),
        "members": MemberService(
            store=store,
            directory=directory,
            membership=membership,
            images=images,
            ids=ids,
            clock=clock,
            is_in_voice=_is_in_voice,
        ),
        "membership": membership,
        "overwrites": OverwriteService(store=store, directory=directory, ids=ids),
        "prune": PruneService(store=store, directory=directory, membership=membership, clock=clock),
        "roles": RoleService(store=store, directory=directory, images=images, ids=ids),
        "vanity": VanityService(store=store, directory=directory, ids=ids),
    }


def _is_in_voice(_guild_id: int, _user_id: int) -> bool:
    """There is no voice tier yet, so nobody is."""
    return False
