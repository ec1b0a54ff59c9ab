"""Invites: created, shown, used and deleted. Vanity codes are looked up the same way.

An expired invite is treated as deleted. It is really deleted when a caller lists the invites or uses it too late, as
nothing depends on the time.
"""

import string
from collections.abc import Callable, Collection, Sequence
from typing import Final

from api.forms.form import parse_ids
from api.services.access import GuildAccess, as_entry
from api.services.announcements import guild_permission_event
from api.services.caller import Caller
from api.services.channels.channel_rules import INVITABLE
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.invites.invite_forms import MAX_ROLES, CreateInvite
from api.services.members.member_rules import check_role
from api.services.members.membership import Membership
from api.services.rights import confirm_rights, on_present_rights
from api.services.still_there import fetch_guild
from core.domain.channels.channel import Channel
from core.domain.errors import (
    DirectChannelAction,
    Forbidden,
    InvitesPaused,
    LimitReached,
    UnknownChannel,
    UnknownGuild,
    UnknownInvite,
    WrongAccountKind,
    WrongChannelType,
)
from core.domain.events import INVITE_CREATE, INVITE_DELETE
from core.domain.guilds.guild import Guild
from core.domain.guilds.member import Invite
from core.domain.guilds.permissions import Permission
from core.live.interfaces import OnlineCounts
from core.runtime.clock import Clock
from core.store.interfaces import Store, Transaction
from core.wire.envelope import Envelope
from core.wire.objects.guilds.invite import InviteObject, render_invite, render_invite_created, render_invite_deleted

MAX_INVITES: Final = 1000
_ALPHABET: Final = string.ascii_letters + string.digits
_CODE_LENGTH: Final = 8
_AUDIENCE: Final = int(Permission.MANAGE_CHANNELS)

Choose = Callable[[str], str]
"""Picks one character at random, unpredictably (as `secrets.choice`)."""


class InviteService:
    """Creates, shows, uses and deletes invites."""

    __slots__ = ("_choose", "_clock", "_entities", "_ids", "_membership", "_online", "_store")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        membership: Membership,
        online: OnlineCounts,
        ids: IdSource,
        clock: Clock,
        choose: Choose,
    ) -> None:
        self._store = store
        self._entities = entities
        self._membership = membership
        self._online = online
        self._ids = ids
        self._clock = clock
        self._choose = choose

    @on_present_rights
    async def create(self, caller: Caller, channel_id: int, form: CreateInvite) -> InviteObject:
        """Create an invite to the channel. Unless `unique`, an equal invite of the caller is returned again."""
        access = await self._entities.channel_access(caller.user_id, channel_id)
        if access.guild is None:
            raise DirectChannelAction
        access.require(Permission.CREATE_INSTANT_INVITE)
        role_ids = _check_roles(access.guild, parse_ids(form.role_ids, "role_ids", most=MAX_ROLES))
        if access.channel.type not in INVITABLE:
            raise WrongChannelType
        wanted = Invite(
            code="".join(self._choose(_ALPHABET) for _ in range(_CODE_LENGTH)),
            guild_id=access.channel.guild_id,
            channel_id=channel_id,
            inviter_id=caller.user_id,
            created_ms=self._clock.now_ms(),
            max_age_s=86_400 if form.max_age is None else form.max_age,
            max_uses=form.max_uses or 0,
            temporary=bool(form.temporary),
            role_ids=role_ids,
        )
        async with self._store.write(guilds=[wanted.guild_id]) as tx:
            await confirm_rights(tx, access.guild)
            invite = await self._put(tx, wanted, is_unique=bool(form.unique))
            if invite is wanted:
                tx.announce(
                    guild_permission_event(
                        self._ids.next(),
                        INVITE_CREATE,
                        invite.guild_id,
                        render_invite_created(invite, caller.user),
                        permissions=_AUDIENCE,
                        channel_id=channel_id,
                    )
                )
        return await self._show(invite, access.channel, with_metadata=True)

    async def fetch(self, code: str, *, with_counts: bool = False) -> InviteObject:
        """Return the invite, for any caller who knows the code."""
        invite = await self._find(code)
        shown = await self._show(invite, await self._channel_of(invite))
        if with_counts:
            shown.approximate_member_count = (await self._entities.guild(invite.guild_id)).member_count
            online = await self._online.find_many((invite.guild_id,))
            shown.approximate_presence_count = online.get(invite.guild_id, 0)
        return shown

    async def fetch_of_channel(self, caller: Caller, channel_id: int) -> list[InviteObject]:
        """Return the channel's invites, for managers of the channel."""
        access = await self._entities.channel_access(caller.user_id, channel_id)
        if access.guild is None:
            raise DirectChannelAction
        access.require(Permission.MANAGE_CHANNELS)
        return await self._show_all(await self._store.invites.list_of_channel(channel_id))

    async def fetch_of_guild(self, caller: Caller, guild_id: int) -> list[InviteObject]:
        """Return the guild's invites for its managers. Readers of the audit log get them without their uses."""
        access = await self._entities.access(caller.user_id, guild_id)
        if not access.permissions & (Permission.MANAGE_GUILD | Permission.VIEW_AUDIT_LOG):
            raise Forbidden
        with_metadata = access.has(Permission.MANAGE_GUILD)
        return await self._show_all(await self._store.invites.list_of_guild(guild_id), with_metadata=with_metadata)

    async def use(self, caller: Caller, code: str) -> InviteObject:
        """Add the caller to the guild. A member stays as it is, and does not count as a use."""
        if caller.is_bot:
            raise WrongAccountKind
        invite = await self._find(code)
        channel = await self._channel_of(invite)
        async with self._store.write(users=[caller.user_id], guilds=[invite.guild_id]) as tx:
            guild = await fetch_guild(tx, invite.guild_id)
            member = await tx.members.find(guild.id, caller.user_id)
            is_new = member is None
            if is_new:
                if "INVITES_DISABLED" in guild.features:
                    raise InvitesPaused
                await self._count_use(tx, invite)
                role_ids = await self._remaining_roles(tx, invite)
                member = await self._membership.add(
                    tx, guild.id, caller.user_id, role_ids=role_ids, is_temporary=invite.temporary
                )
        if is_new and member is not None:
            await self._membership.welcome(guild, member)
        shown = await self._show(invite, channel)
        shown.new_member = is_new
        return shown

    @on_present_rights
    async def delete(self, caller: Caller, code: str) -> InviteObject:
        """Delete an invite, for managers of its channel or of the guild."""
        invite = await self._store.invites.find(code)
        if invite is None:
            raise UnknownInvite
        channel = await self._channel_of(invite)
        try:
            access = await self._entities.access(caller.user_id, invite.guild_id)
        except UnknownGuild:  # a stranger; that there is the guild, the invite tells everybody
            raise Forbidden from None
        if not (access.has(Permission.MANAGE_GUILD) or access.in_channel(channel) & Permission.MANAGE_CHANNELS):
            raise Forbidden
        async with self._store.write(guilds=[invite.guild_id]) as tx:
            await confirm_rights(tx, access)
            await self._delete(tx, code)
        return await self._show(invite, channel)

    async def _put(self, tx: Transaction, wanted: Invite, *, is_unique: bool) -> Invite:
        existing = await tx.invites.list_of_guild(wanted.guild_id)
        alike = [invite for invite in existing if not is_unique and _is_alike(invite, wanted)]
        for invite in alike:
            if not invite.is_expired(wanted.created_ms):
                return invite
        if len(existing) >= MAX_INVITES:
            raise LimitReached(30016, f"Maximum number of invites reached ({MAX_INVITES})")
        await tx.invites.create(wanted)
        return wanted

    async def _remaining_roles(self, tx: Transaction, invite: Invite) -> list[int]:
        """Return those of the invite's roles that its creator may still give."""
        snapshot = await tx.guilds.load_snapshot(invite.guild_id) if invite.role_ids else None
        inviter = None if snapshot is None else await tx.members.find(invite.guild_id, invite.inviter_id or 0)
        if snapshot is None or inviter is None:
            return []
        access = GuildAccess(entry=as_entry(snapshot), member=inviter, now_ms=self._clock.now_ms())
        given = [role for role in snapshot.roles if role.id in invite.role_ids and not role.managed]
        return [role.id for role in given if access.has(Permission.MANAGE_ROLES) and access.outranks(role)]

    async def _count_use(self, tx: Transaction, invite: Invite) -> None:
        """Count a use. Raises UnknownInvite when the invite expired meanwhile."""
        if invite.inviter_id is None:
            await tx.guilds.use_vanity_code(invite.guild_id, invite.code)
            return
        found = await tx.invites.find(invite.code)
        if found is None or found.is_expired(self._clock.now_ms()):
            raise UnknownInvite
        used = await tx.invites.count_use(invite.code)
        if used.is_expired(self._clock.now_ms()):
            await self._delete(tx, invite.code)

    async def _delete(self, tx: Transaction, code: str) -> None:
        invite = await tx.invites.delete(code)
        tx.announce(self._deleted(invite))

    def _deleted(self, invite: Invite) -> Envelope:
        return guild_permission_event(
            self._ids.next(),
            INVITE_DELETE,
            invite.guild_id,
            render_invite_deleted(invite),
            permissions=_AUDIENCE,
            channel_id=invite.channel_id,
        )

    async def _find(self, code: str) -> Invite:
        invite = await self._store.invites.find(code)
        if invite is not None:
            if invite.is_expired(self._clock.now_ms()):
                raise UnknownInvite
            return invite
        guild = await self._store.guilds.find_by_vanity_code(code.lower())
        if guild is None:
            raise UnknownInvite
        return await self._vanity_invite(guild)

    async def _vanity_invite(self, guild: Guild) -> Invite:
        """Choose a channel that newcomers may view, as the vanity code is public. The system channel comes first."""
        entry = await self._entities.guild(guild.id)
        places = [
            (not entry.shows_newcomers(channel), channel.id != guild.system_channel_id, channel.id)
            for channel in entry.channels.values()
            if channel.type in INVITABLE
        ]
        if not places:
            raise UnknownInvite
        *_, channel_id = min(places)
        return Invite(code=guild.vanity_url_code or "", guild_id=guild.id, channel_id=channel_id, max_age_s=0)

    async def _channel_of(self, invite: Invite) -> Channel:
        try:
            return await self._entities.channel(invite.channel_id)
        except UnknownChannel:
            raise UnknownInvite from None

    async def _show_all(self, invites: Sequence[Invite], *, with_metadata: bool = True) -> list[InviteObject]:
        now_ms = self._clock.now_ms()
        expired = [invite for invite in invites if invite.is_expired(now_ms)]
        if expired:
            await self._delete_expired(expired)
        return [
            await self._show(invite, await self._channel_of(invite), with_metadata=with_metadata)
            for invite in invites
            if not invite.is_expired(now_ms)
        ]

    async def _delete_expired(self, expired: Sequence[Invite]) -> None:
        async with self._store.write(guilds={invite.guild_id for invite in expired}) as tx:
            for invite in expired:
                if await tx.invites.find(invite.code) is not None:
                    await self._delete(tx, invite.code)

    async def _show(self, invite: Invite, channel: Channel, *, with_metadata: bool = False) -> InviteObject:
        entry = await self._entities.guild(invite.guild_id)
        inviter_id = invite.inviter_id
        users = {} if inviter_id is None else await self._entities.users([inviter_id])
        return render_invite(
            invite,
            guild=entry.guild,
            channel=channel,
            roles=[entry.roles[role_id] for role_id in invite.role_ids if role_id in entry.roles],
            inviter=users.get(inviter_id or 0),
            with_metadata=with_metadata,
        )


def _is_alike(invite: Invite, wanted: Invite) -> bool:
    return (
        invite.channel_id == wanted.channel_id
        and invite.inviter_id == wanted.inviter_id
        and invite.max_age_s == wanted.max_age_s
        and invite.max_uses == wanted.max_uses
        and invite.temporary == wanted.temporary
        and invite.role_ids == wanted.role_ids
    )


def _check_roles(access: GuildAccess, role_ids: Collection[int]) -> tuple[int, ...]:
    """Return the roles, if the caller may give each of them to somebody."""
    if role_ids:
        access.require(Permission.MANAGE_ROLES)
    return tuple(sorted({check_role(access, role_id).id for role_id in role_ids}))
