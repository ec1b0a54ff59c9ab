"""Roles: created, changed, ordered and deleted. `access` and `role_rules` have the rules of the hierarchy."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from api.services.access import GuildAccess, rank_of_role
from api.services.announcements import guild_event
from api.services.caller import Caller
from api.services.changes import pick_changes
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.images import ImageService
from api.services.rights import confirm_rights, on_present_rights
from api.services.roles.role_deletion import delete_role
from api.services.roles.role_forms import CreateRole, RolePosition, UpdateRole
from api.services.roles.role_rules import (
    check_role_count,
    compute_positions,
    compute_role_order,
    is_order_allowed,
    sort_roles,
)
from core.domain.errors import Forbidden, InvalidRole, UnknownRole
from core.domain.events import GUILD_ROLE_CREATE, GUILD_ROLE_UPDATE
from core.domain.guilds.permissions import ALL_PERMISSIONS, Permission
from core.domain.guilds.role import Role
from core.store.interfaces import Store
from core.wire.before import RoleBefore
from core.wire.envelope import Envelope
from core.wire.objects.guilds.role import RoleEvent, RoleObject, render_role

MAX_MEMBER_IDS: Final = 100
"""The number of members of a role that are named at once, as Discord names them."""

_PLAIN_FIELDS: Final = ("name", "hoist", "mentionable")
_FIXED_OF_EVERYONE: Final = frozenset(
    {"name", "hoist", "color", "secondary_color", "tertiary_color", "icon", "unicode_emoji"}
)


class RoleService:
    """Reads and changes a guild's roles for members."""

    __slots__ = ("_entities", "_ids", "_images", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, images: ImageService, ids: IdSource) -> None:
        self._store = store
        self._entities = entities
        self._images = images
        self._ids = ids

    async def fetch_all(self, caller: Caller, guild_id: int) -> list[RoleObject]:
        """Return all roles, @everyone among them."""
        access = await self._entities.access(caller.user_id, guild_id)
        return [render_role(role) for role in access.entry.roles.values()]

    async def fetch(self, caller: Caller, guild_id: int, role_id: int) -> RoleObject:
        """Return a role. Raises UnknownRole."""
        access = await self._entities.access(caller.user_id, guild_id)
        return render_role(_role_of(access, role_id))

    async def count_members(self, caller: Caller, guild_id: int) -> dict[str, int]:
        """Count the members of each role, except @everyone."""
        access = await self._entities.access(caller.user_id, guild_id)
        counts = await self._store.members.count_by_role(guild_id)
        return {str(role_id): counts.get(role_id, 0) for role_id in access.entry.roles if role_id != guild_id}

    async def list_member_ids(self, caller: Caller, guild_id: int, role_id: int) -> list[str]:
        """Return the ids of the first members with a role; of @everyone none, as Discord does. Raises UnknownRole."""
        access = await self._entities.access(caller.user_id, guild_id)
        _role_of(access, role_id)
        ids = await self._store.members.list_ids_of_role(guild_id, role_id, limit=MAX_MEMBER_IDS)
        return [str(user_id) for user_id in ids]

    @on_present_rights
    async def create(self, caller: Caller, guild_id: int, form: CreateRole) -> RoleObject:
        """Create a role at the bottom. It may allow only permissions that the caller has."""
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_ROLES)
        everyone = access.entry.roles[guild_id].permissions
        permissions = everyone if form.permissions is None else form.permissions & ALL_PERMISSIONS
        if form.permissions is not None and permissions & ~access.permissions:
            raise Forbidden
        role_id = self._ids.next()
        role = Role(
            id=role_id,
            guild_id=guild_id,
            name=form.name or "new role",
            permissions=permissions,
            position=1,
            hoist=bool(form.hoist),
            mentionable=bool(form.mentionable),
            unicode_emoji=form.unicode_emoji,
        )
        changes = _color_changes(form)
        if form.icon is not None:
            changes["icon"] = await self._store_icon(caller, role, form.icon)
        role = msgspec.structs.replace(role, **changes)
        async with self._store.write(guilds=[guild_id]) as tx:
            check_role_count((await confirm_rights(tx, access)).roles)
            await tx.roles.create(role)
            tx.announce(self._event(GUILD_ROLE_CREATE, role))
        return render_role(role)

    @on_present_rights
    async def update(self, caller: Caller, guild_id: int, role_id: int, form: UpdateRole) -> RoleObject:
        """Change the fields that the form gives, of a role below the caller's highest."""
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_ROLES)
        role = _role_of(access, role_id)
        access.require_outranks(role)
        changes = await self._changes_of(caller, role, form)
        granted = (changes.get("permissions", role.permissions) ^ role.permissions) & ~access.permissions
        if granted:
            raise Forbidden
        if role_id == guild_id and _FIXED_OF_EVERYONE & {
            name for name in changes if changes[name] != getattr(role, name)
        }:
            raise InvalidRole
        async with self._store.write(guilds=[guild_id]) as tx:
            await confirm_rights(tx, access)
            before = RoleBefore(role.permissions)
            role = await tx.roles.update(role_id, changes)
            if changes:
                tx.announce(self._event(GUILD_ROLE_UPDATE, role, before=before))
        return render_role(role)

    @on_present_rights
    async def delete(self, caller: Caller, guild_id: int, role_id: int) -> None:
        """Delete a role below the caller's highest, if no integration manages it."""
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_ROLES)
        role = _role_of(access, role_id)
        if role.managed or role_id == guild_id:
            raise InvalidRole
        access.require_outranks(role)
        async with self._store.write(guilds=[guild_id]) as tx:
            present = await confirm_rights(tx, access)
            tx.announce(await delete_role(tx, self._ids, role, present.channels.values()))

    @on_present_rights
    async def move(self, caller: Caller, guild_id: int, forms: Sequence[RolePosition]) -> list[RoleObject]:
        """Move roles as `role_rules` describes. Returns all roles."""
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_ROLES)
        moves = {form.id: form.position for form in forms if form.id is not None and form.position is not None}
        if moves.pop(guild_id, 0):
            raise InvalidRole
        async with self._store.write(guilds=[guild_id]) as tx:
            await confirm_rights(tx, access)
            roles = await tx.roles.list_of_guild(guild_id)
            before = sort_roles(roles, guild_id)
            if moves.keys() - {role.id for role in before}:
                raise UnknownRole
            after = compute_role_order(before, moves)
            if not access.is_owner and not is_order_allowed(before, after, _top_role(access)):
                raise Forbidden
            changed = {}
            for role_id, position in compute_positions(after).items() if moves else ():
                changed[role_id] = await tx.roles.update(role_id, {"position": position})
            tx.announce(
                *(
                    self._event(GUILD_ROLE_UPDATE, role, before=RoleBefore(role.permissions))
                    for role in changed.values()
                )
            )
        return [render_role(changed.get(role.id, role)) for role in roles]

    async def _changes_of(self, caller: Caller, role: Role, form: UpdateRole) -> dict[str, Any]:
        changes = pick_changes(form, _PLAIN_FIELDS, clearable=("unicode_emoji",)) | _color_changes(form)
        if isinstance(form.permissions, int):
            changes["permissions"] = form.permissions & ALL_PERMISSIONS
        if form.icon is None:
            changes["icon"] = None
        elif isinstance(form.icon, str):
            changes["icon"] = await self._store_icon(caller, role, form.icon)
        return changes

    async def _store_icon(self, caller: Caller, role: Role, data: str) -> str:
        return await self._images.store(
            data, folder=f"role-icons/{role.id}", field="icon", user_id=caller.user_id, guild_id=role.guild_id
        )

    def _event(self, name: str, role: Role, *, before: RoleBefore | None = None) -> Envelope:
        payload = RoleEvent(guild_id=str(role.guild_id), role=render_role(role))
        return guild_event(self._ids.next(), name, role.guild_id, payload, before=before)


def _color_changes(form: CreateRole | UpdateRole) -> dict[str, Any]:
    """Return the changes of colors. `colors` is the newer field and wins over `color`."""
    changes: dict[str, Any] = {}
    if isinstance(form.color, int):
        changes["color"] = form.color
    if isinstance(form.colors, msgspec.Struct):
        if form.colors.primary_color is not None:
            changes["color"] = form.colors.primary_color
        changes["secondary_color"] = form.colors.secondary_color
        changes["tertiary_color"] = form.colors.tertiary_color
    return changes


def _role_of(access: GuildAccess, role_id: int) -> Role:
    role = access.entry.roles.get(role_id)
    if role is None:
        raise UnknownRole
    return role


def _top_role(access: GuildAccess) -> Role | None:
    held = [access.entry.roles[role_id] for role_id in access.member.role_ids if role_id in access.entry.roles]
    return max(held, key=rank_of_role, default=None)
