"""The account side of the composition root: people, bots and their applications."""

import msgspec

from api.common_parts import ApiGround, Common
from api.services.accounts.accounts import AccountService
from api.services.accounts.auth import AuthService
from api.services.accounts.auth_session_uses import AuthSessionUses
from api.services.accounts.authenticator import Authenticator
from api.services.accounts.password_attempts import PasswordAttempts
from api.services.accounts.passwords import Passwords
from api.services.accounts.profiles import ProfileService
from api.services.accounts.registration_rule import RegistrationRule
from api.services.applications.applications import ApplicationService
from api.services.applications.authorizations import AuthorizationService
from api.services.applications.integrations import IntegrationService
from api.services.empty_lists import EmptyListService
from api.services.guilds.own_guilds import OwnGuildService
from api.services.images import ImageService
from api.services.limits import Limits
from api.services.preferences.guild_settings import GuildSettingsService
from api.services.preferences.notes import NoteService
from api.services.preferences.settings_changes import SettingsChanges
from api.services.preferences.user_settings import UserSettingsService
from api.services.reports.reports import ReportService


class AccountServices(msgspec.Struct, kw_only=True, frozen=True):
    """The services by the names under which handlers ask for them."""

    accounts: AccountService
    applications: ApplicationService
    auth: AuthService
    authorizations: AuthorizationService
    empty_lists: EmptyListService
    integrations: IntegrationService
    own_guilds: OwnGuildService
    guild_settings: GuildSettingsService
    notes: NoteService
    profiles: ProfileService
    reports: ReportService
    user_settings: UserSettingsService


class AccountParts(msgspec.Struct, kw_only=True, frozen=True):
    """The services, and what of accounts the gate asks and the process runs."""

    services: AccountServices
    authenticator: Authenticator
    attempts: PasswordAttempts
    passwords: Passwords
    rule: RegistrationRule
    uses: AuthSessionUses


def build_account_parts(ground: ApiGround, common: Common, *, limits: Limits, images: ImageService) -> AccountParts:
    """Make the services and what they share."""
    store, settings = ground.store, ground.settings.api
    passwords = Passwords(memory_kib=settings.password_memory_kib, passes=settings.password_passes)
    attempts = PasswordAttempts(store=store, passwords=passwords, limits=limits, metrics=ground.metrics)
    uses = AuthSessionUses(store=store, clock=ground.clock)
    rule = RegistrationRule(settings=ground.settings.instance, store=store, clock=ground.clock)
    return AccountParts(
        services=_build_services(ground, common, passwords=attempts, images=images, rule=rule, limits=limits),
        authenticator=Authenticator(store=store, bus=ground.bus, uses=uses),
        attempts=attempts,
        passwords=passwords,
        rule=rule,
        uses=uses,
    )


def _build_services(
    ground: ApiGround,
    common: Common,
    *,
    passwords: PasswordAttempts,
    images: ImageService,
    rule: RegistrationRule,
    limits: Limits,
) -> AccountServices:
    store, entities, relationships = ground.store, common.entities, common.relationships
    ids, clock, random = ground.ids, ground.clock, ground.random
    applications = ApplicationService(
        store=store, entities=entities, images=images, ids=ids, clock=clock, random=random
    )
    accounts = AccountService(
        store=store, entities=entities, relationships=relationships, images=images, passwords=passwords, ids=ids
    )
    own_guilds = OwnGuildService(store=store, entities=entities, online=ground.online, clock=clock)
    return AccountServices(
        accounts=accounts,
        applications=applications,
        auth=AuthService(
            store=store,
            ids=ids,
            clock=clock,
            random=random,
            passwords=passwords,
            rule=rule,
            current_limits=common.current_limits,
        ),
        authorizations=AuthorizationService(
            store=store,
            entities=entities,
            membership=common.membership,
            applications=applications,
            own_guilds=own_guilds,
            ids=ids,
        ),
        empty_lists=EmptyListService(entities=entities, messages=store.messages, applications=applications),
        integrations=IntegrationService(store=store, entities=entities, membership=common.membership),
        own_guilds=own_guilds,
        guild_settings=GuildSettingsService(store=store, entities=entities, ids=ids),
        notes=NoteService(store=store, entities=entities, ids=ids),
        reports=ReportService(store=store, entities=entities, limits=limits, ids=ids, clock=clock),
        profiles=ProfileService(store=store, entities=entities, relationships=relationships, accounts=accounts),
        user_settings=UserSettingsService(store=store, changes=SettingsChanges(ids=ids), ids=ids),
    )
