"""The administration's side of the composition root: what instance staff may ask for at `/admin`."""

import msgspec

from api.account_services import AccountParts
from api.common_parts import ApiGround, Common
from api.guild_services import GuildServices
from api.private_services import PrivateServices
from api.services.administration.account_removal import AccountRemoval
from api.services.administration.announcing import Announcing
from api.services.administration.guild_administration import GuildAdministration
from api.services.administration.instance_view import InstanceView
from api.services.administration.limit_administration import LimitAdministration
from api.services.administration.people import PeopleAdministration
from api.services.administration.registration_administration import RegistrationAdministration
from api.services.administration.report_administration import ReportAdministration
from api.services.administration.staff_actions import StaffActions
from api.services.administration.staff_administration import StaffAdministration
from api.services.messages.system_messages import SystemMessages


class AdminServices(msgspec.Struct, kw_only=True, frozen=True):
    """The services by the names under which handlers ask for them."""

    account_removal: AccountRemoval
    announcing: Announcing
    guild_administration: GuildAdministration
    instance_view: InstanceView
    limit_administration: LimitAdministration
    people_administration: PeopleAdministration
    registration_administration: RegistrationAdministration
    report_administration: ReportAdministration
    staff_administration: StaffAdministration


def build_admin_services(
    ground: ApiGround, common: Common, *, accounts: AccountParts, guilds: GuildServices, private: PrivateServices
) -> AdminServices:
    """Make the services."""
    store, ids, clock, random = ground.store, ground.ids, ground.clock, ground.random
    actions = StaffActions(store=store, ids=ids, clock=clock)
    return AdminServices(
        account_removal=AccountRemoval(
            store=store,
            actions=actions,
            guilds=guilds.guilds,
            groups=private.groups,
            relationships=private.relationships,
            ids=ids,
        ),
        announcing=Announcing(
            store=store,
            actions=actions,
            directs=private.direct_channels,
            sends=common.directs,
            messages=SystemMessages(entities=common.entities, messages=store.messages, door=ground.door),
            random=random,
            name=ground.settings.instance.name,
        ),
        guild_administration=GuildAdministration(store=store, actions=actions, ids=ids),
        instance_view=InstanceView(log=store.instance_log),
        limit_administration=LimitAdministration(actions=actions, current=common.current_limits, ids=ids),
        people_administration=PeopleAdministration(
            store=store, actions=actions, passwords=accounts.attempts, ids=ids, clock=clock, random=random
        ),
        registration_administration=RegistrationAdministration(
            store=store, actions=actions, rule=accounts.rule, clock=clock, choose=random.choice
        ),
        report_administration=ReportAdministration(store=store, actions=actions, clock=clock),
        staff_administration=StaffAdministration(store=store, actions=actions, ids=ids, clock=clock, random=random),
    )
