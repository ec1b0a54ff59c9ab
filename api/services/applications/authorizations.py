"""Authorizations, which add bots to guilds: a member with MANAGE_GUILD authorizes the bot's application.

A bot that asks for permissions gets a managed role with them, but with no permission that the authorizing member lacks.
A further authorization changes that role.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from api.forms.form import SnowflakeField
from api.services.access import GuildAccess
from api.services.announcements import guild_event
from api.services.applications.applications import ApplicationService
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.guilds.own_guilds import OwnGuildService
from api.services.ids import IdSource
from api.services.members.membership import Membership
from api.services.rights import confirm_rights, on_present_rights
from api.services.roles.role_rules import check_role_count
from core.domain.application import Application
from core.domain.errors import Forbidden, UnknownApplication, UnknownUser, WrongAccountKind, invalid_field
from core.domain.events import GUILD_MEMBER_UPDATE, GUILD_ROLE_CREATE, GUILD_ROLE_UPDATE
from core.domain.guilds.permissions import ALL_PERMISSIONS, Permission
from core.domain.guilds.role import Role
from core.store.interfaces import Store, Transaction
from core.wire.before import RoleBefore, before_member
from core.wire.objects.application import AuthorizationObject, AuthorizationPageObject
from core.wire.objects.guilds.member import render_member
from core.wire.objects.guilds.role import RoleEvent, render_role
from core.wire.objects.people.user import render_user

_DONE: Final = "/oauth2/authorized"
_KNOWN_SCOPES: Final = frozenset({"bot", "applications.commands"})

PermissionsField = Annotated[int, Meta(ge=0, le=(1 << 63) - 1, description="Permission bits, as a string or a number")]


class Authorize(msgspec.Struct, kw_only=True):
    """POST /oauth2/authorize. `permissions` are those of the query that the person has not unticked."""

    guild_id: SnowflakeField | None = None
    authorize: bool = True
    permissions: PermissionsField | None = None


class AuthorizationService:
    """Adds bots to guilds."""

    __slots__ = ("_applications", "_entities", "_ids", "_membership", "_own_guilds", "_store")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        membership: Membership,
        applications: ApplicationService,
        own_guilds: OwnGuildService,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._entities = entities
        self._membership = membership
        self._applications = applications
        self._own_guilds = own_guilds
        self._ids = ids

    async def show(self, caller: Caller, client_id: int, scope: str) -> AuthorizationPageObject:
        """Show the authorization that is asked for, and the guilds where the caller may grant it."""
        application = await self._fetch_bot_application(caller, client_id, scope)
        bot = await self._entities.user(application.id)
        guilds = await self._own_guilds.list_page(caller, before=None, after=None, limit=200, with_counts=False)
        needed = int(Permission.MANAGE_GUILD)
        shown = await self._applications.render(application)
        # Only the owner may know the addresses at which the application is called.
        shown.interactions_endpoint_url = shown.role_connections_verification_url = None
        return AuthorizationPageObject(
            application=shown,
            bot=render_user(bot),
            user=render_user(caller.user),
            guilds=[guild for guild in guilds if int(guild.permissions) & needed],
        )

    @on_present_rights
    async def authorize(
        self, caller: Caller, client_id: int, scope: str, permissions: int, form: Authorize
    ) -> AuthorizationObject:
        """Add the application's bot to the guild.

        Raises:
            UnknownApplication, UnknownGuild, MissingAccess, Forbidden, BannedFromGuild, Invalid, WrongAccountKind
            LimitReached: when the guild has no room for the bot's role.
        """
        application = await self._fetch_bot_application(caller, client_id, scope)
        if not form.authorize:
            return AuthorizationObject(location=f"{_DONE}?error=access_denied")
        if form.guild_id is None:
            raise invalid_field("guild_id", "BASE_TYPE_REQUIRED", "This field is required")
        access = await self._entities.access(caller.user_id, form.guild_id)
        access.require(Permission.MANAGE_GUILD)
        wanted = permissions if form.permissions is None else form.permissions
        await self._let_in(application, access, wanted & ALL_PERMISSIONS)
        return AuthorizationObject(location=f"{_DONE}?guild_id={form.guild_id}")

    async def _fetch_bot_application(self, caller: Caller, client_id: int, scope: str) -> Application:
        if caller.is_bot:
            raise WrongAccountKind
        _check_scopes(scope)
        application = await self._store.applications.find(client_id)
        if application is None:
            raise UnknownApplication
        if application.bot_id is None:
            raise invalid_field("client_id", "OAUTH2_APPLICATION_BOT_ABSENT", "The application has no bot.")
        if not application.bot_public and application.owner_id != caller.user_id:
            raise Forbidden
        return application

    async def _let_in(self, application: Application, access: GuildAccess, permissions: int) -> None:
        guild = access.entry.guild
        bot_id = application.bot_id
        if bot_id is None:
            raise UnknownUser
        async with self._store.write(users=[bot_id], guilds=[guild.id]) as tx:
            await confirm_rights(tx, access)
            role = await self._put_role(tx, application, access, permissions)
            role_ids = () if role is None else (role.id,)
            member = await self._membership.add(tx, guild.id, bot_id, role_ids=role_ids)
            if member is None and role is not None:
                await self._give_role(tx, role, bot_id)
        if member is not None:
            await self._membership.welcome(guild, member)

    async def _give_role(self, tx: Transaction, role: Role, bot_id: int) -> None:
        """Give the role to a bot that came without permissions, and so without a role."""
        before = await tx.members.find(role.guild_id, bot_id)
        if before is None or role.id in before.role_ids:
            return
        member = await tx.members.add_role(role.guild_id, bot_id, role.id)
        payload = render_member(member, with_guild_id=True)
        replaced = before_member(before)
        tx.announce(
            guild_event(self._ids.next(), GUILD_MEMBER_UPDATE, role.guild_id, payload, user_id=bot_id, before=replaced)
        )

    async def _put_role(
        self, tx: Transaction, application: Application, access: GuildAccess, wanted: int
    ) -> Role | None:
        """Change the bot's managed role, or create it when there are permissions to grant.

        A bit that the caller lacks stays as it is, and so does a role that the caller does not outrank.
        """
        guild_id, held = access.entry.guild.id, access.permissions
        roles = await tx.roles.list_of_guild(guild_id)
        found = next((role for role in roles if role.bot_id == application.bot_id), None)
        permissions = (wanted & held) | (0 if found is None else found.permissions & ~held)
        if found is not None and not access.outranks(found):
            return found
        if found is not None:
            if found.permissions == permissions:
                return found
            role = await tx.roles.update(found.id, {"permissions": permissions})
            before = RoleBefore(found.permissions)
            tx.announce(guild_event(self._ids.next(), GUILD_ROLE_UPDATE, guild_id, _event(role), before=before))
            return role
        if not permissions:
            return None
        check_role_count(roles)
        role = Role(
            id=self._ids.next(),
            guild_id=guild_id,
            name=application.name,
            permissions=permissions,
            position=1,
            managed=True,
            bot_id=application.bot_id,
        )
        await tx.roles.create(role)
        tx.announce(guild_event(self._ids.next(), GUILD_ROLE_CREATE, guild_id, _event(role)))
        return role


def _event(role: Role) -> RoleEvent:
    return RoleEvent(guild_id=str(role.guild_id), role=render_role(role))


def _check_scopes(scope: str) -> None:
    scopes = set(scope.split())
    if "bot" not in scopes or not scopes <= _KNOWN_SCOPES:
        raise invalid_field("scope", "BASE_TYPE_CHOICES", "Only the scopes bot and applications.commands are known.")
