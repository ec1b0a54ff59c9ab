"""The account side of the composition root: people, bots and their applications."""

import msgspec

from api.services.accounts.accounts import AccountService
from api.services.accounts.auth import AuthService
from api.services.accounts.password_attempts import PasswordAttempts
from api.services.accounts.profiles import ProfileService
from api.services.applications.applications import ApplicationService
from api.services.applications.authorizations import AuthorizationService
from api.services.applications.integrations import IntegrationService
from api.services.empty_lists import EmptyListService
from api.services.entity_cache import EntityCache
from api.services.guilds.own_guilds import OwnGuildService
from api.services.ids import IdSource
from api.services.images import ImageService
from api.services.members.membership import Membership
from api.services.preferences.guild_settings import GuildSettingsService
from api.services.preferences.notes import NoteService
from api.services.preferences.settings_changes import SettingsChanges
from api.services.preferences.user_settings import UserSettingsService
from api.services.relationships.relationship_cache import RelationshipCache
from core.live.interfaces import OnlineCounts
from core.runtime.clock import Clock
from core.runtime.randomness import Randomness
from core.runtime.settings.settings import Settings
from core.store.interfaces import Store


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
    user_settings: UserSettingsService


def build_account_services(  # noqa: PLR0913 - a composition root is given all that its parts need
    *,
    store: Store,
    entities: EntityCache,
    relationships: RelationshipCache,
    images: ImageService,
    membership: Membership,
    online: OnlineCounts,
    passwords: PasswordAttempts,
    ids: IdSource,
    clock: Clock,
    random: Randomness,
    settings: Settings,
) -> AccountServices:
    """Make the services."""
    applications_service = ApplicationService(
        store=store, entities=entities, images=images, ids=ids, clock=clock, random=random
    )
    accounts = AccountService(
        store=store, entities=entities, relationships=relationships, images=images, passwords=passwords, ids=ids
    )
    own_guilds = OwnGuildService(store=store, entities=entities, online=online, clock=clock)
    return AccountServices(
        accounts=accounts,
        applications=applications_service,
        auth=AuthService(
            store=store,
            ids=ids,
            clock=clock,
            random=random,
            passwords=passwords,
            sessions_per_user=settings.limits.sessions_per_user,
        ),
        authorizations=AuthorizationService(
            store=store,
            entities=entities,
            membership=membership,
            applications=applications_service,
            own_guilds=own_guilds,
            ids=ids,
        ),
        empty_lists=EmptyListService(entities=entities, messages=store.messages, applications=applications_service),
        integrations=IntegrationService(store=store, entities=entities),
        own_guilds=own_guilds,
        guild_settings=GuildSettingsService(store=store, entities=entities, ids=ids),
        notes=NoteService(store=store, entities=entities, ids=ids),
        profiles=ProfileService(store=store, entities=entities, relationships=relationships, accounts=accounts),
        user_settings=UserSettingsService(store=store, changes=SettingsChanges(ids=ids), ids=ids),
    )
