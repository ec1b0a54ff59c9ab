"""Members: shown, searched, changed and kicked. `member_rules` decides which changes are allowed."""

from typing import Any, Final

from msgspec import UNSET

from api.services.access import GuildAccess
from api.services.announcements import guild_event
from api.services.caller import Caller
from api.services.changes import pick_changes
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.images import ImageService
from api.services.members.member_forms import UpdateMember, UpdateMemberProfile, UpdateOwnMember
from api.services.members.member_rules import check_nick, check_role, compute_member_changes
from api.services.members.membership import Membership
from api.services.rights import confirm_rights, on_present_rights
from api.services.voice.voice_changes import VoiceChanges
from api.services.voice.voice_moves import VoiceMoves
from core.domain.application import OPENS_MEMBERS
from core.domain.errors import MissingAccess, UnknownMember
from core.domain.events import GUILD_MEMBER_UPDATE
from core.domain.guilds.member import Member
from core.domain.guilds.permissions import Permission
from core.runtime.clock import Clock
from core.store.interfaces import Store, Transaction
from core.wire.before import before_member
from core.wire.envelope import Envelope
from core.wire.objects.guilds.member import MemberObject, OwnMemberObject, render_member, render_own_member
from core.wire.objects.profile import MemberProfileObject, render_member_profile

_SHOWN_IN_VOICE: Final = frozenset({"mute", "deaf"})
"""The fields of a member that its voice state shows as well."""


class MemberService:
    """Reads and changes members for members."""

    __slots__ = ("_clock", "_entities", "_ids", "_images", "_membership", "_moves", "_store", "_voice")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        membership: Membership,
        images: ImageService,
        ids: IdSource,
        clock: Clock,
        voice: VoiceChanges,
    ) -> None:
        self._store = store
        self._entities = entities
        self._membership = membership
        self._images = images
        self._ids = ids
        self._clock = clock
        self._moves = VoiceMoves(changes=voice, clock=clock)
        self._voice = voice

    async def fetch(self, caller: Caller, guild_id: int, user_id: int) -> MemberObject:
        """Return a member. Raises UnknownMember, or UnknownUser when there is no such account."""
        await self._entities.access(caller.user_id, guild_id)
        return render_member(await self._fetch(guild_id, user_id))

    async def fetch_page(self, caller: Caller, guild_id: int, *, after: int, limit: int) -> list[MemberObject]:
        """Return a page of members by ascending user id. Bots need the privilege of the members intent."""
        await self._entities.access(caller.user_id, guild_id)
        if caller.is_bot:
            application = await self._store.applications.find_by_bot(caller.user_id)
            if application is not None and not application.flags & OPENS_MEMBERS:
                raise MissingAccess
        return [
            render_member(member) for member in await self._store.members.list_page(guild_id, after=after, limit=limit)
        ]

    async def search(self, caller: Caller, guild_id: int, *, query: str, limit: int) -> list[MemberObject]:
        """Return the members whose nick, global name or username starts with the query."""
        await self._entities.access(caller.user_id, guild_id)
        return [render_member(member) for member in await self._store.members.search(guild_id, query, limit)]

    @on_present_rights
    async def update(self, caller: Caller, guild_id: int, user_id: int, form: UpdateMember) -> MemberObject:
        """Change the fields that the form gives."""
        access = await self._entities.access(caller.user_id, guild_id)
        target = await self._fetch(guild_id, user_id)
        state = await self._store.voice_states.find(guild_id, user_id) if form.is_about_voice else None
        if state is not None and not self._moves.is_shown(access, state):
            state = None
        now_ms = self._clock.now_ms()
        changes = compute_member_changes(
            form, access=access, target=target, now_ms=now_ms, is_in_voice=state is not None
        )
        if form.channel_id is UNSET or state is None:
            return render_member(await self._apply(access, target, changes))
        self._moves.check(access, target, state, form.channel_id)
        async with self._store.write(guilds=[guild_id]) as tx:
            await confirm_rights(tx, access, target)
            member = await self._write(tx, target, changes) if changes else await _fetch(tx, guild_id, user_id)
            await self._moves.move(tx, access, member, form.channel_id)
        return render_member(member)

    @on_present_rights
    async def update_own(self, caller: Caller, guild_id: int, form: UpdateOwnMember) -> OwnMemberObject:
        """Change the fields that the form gives of the caller's own membership."""
        access = await self._entities.access(caller.user_id, guild_id)
        member = await self._update_own(caller, access, form, {})
        return render_own_member(member, permissions=access.permissions)

    @on_present_rights
    async def update_profile(self, caller: Caller, guild_id: int, form: UpdateMemberProfile) -> MemberProfileObject:
        """Change the fields that the form gives of the caller's membership and profile in the guild."""
        access = await self._entities.access(caller.user_id, guild_id)
        texts = {} if form.pronouns is UNSET else {"pronouns": form.pronouns or ""}
        return render_member_profile(await self._update_own(caller, access, form, texts))

    async def _update_own(
        self, caller: Caller, access: GuildAccess, form: UpdateOwnMember, changes: dict[str, Any]
    ) -> Member:
        guild_id = access.member.guild_id
        if form.nick is None or isinstance(form.nick, str):
            check_nick(access, access.member)
            changes["nick"] = form.nick or None
        if form.bio is None or isinstance(form.bio, str):
            changes["bio"] = form.bio or ""
        for field, data in pick_changes(form, (), clearable=("avatar", "banner")).items():
            folder = f"guilds/{guild_id}/users/{caller.user_id}/{field}s"
            if data is None:
                changes[field] = None
                continue
            changes[field] = await self._images.store(
                data, folder=folder, field=field, user_id=caller.user_id, guild_id=guild_id
            )
        changes = {name: value for name, value in changes.items() if value != getattr(access.member, name)}
        return await self._apply(access, access.member, changes)

    @on_present_rights
    async def add_role(self, caller: Caller, guild_id: int, user_id: int, role_id: int) -> None:
        """Give a role. It is no error when the member has it."""
        access = await self._check_role(caller, guild_id, user_id, role_id)
        async with self._store.write(guilds=[guild_id]) as tx:
            await confirm_rights(tx, access)
            before = await _fetch(tx, guild_id, user_id)
            if role_id not in before.role_ids:
                tx.announce(self._updated(before, await tx.members.add_role(guild_id, user_id, role_id)))

    @on_present_rights
    async def remove_role(self, caller: Caller, guild_id: int, user_id: int, role_id: int) -> None:
        """Take a role. It is no error when the member does not have it."""
        access = await self._check_role(caller, guild_id, user_id, role_id)
        async with self._store.write(guilds=[guild_id]) as tx:
            await confirm_rights(tx, access)
            before = await _fetch(tx, guild_id, user_id)
            if role_id in before.role_ids:
                tx.announce(self._updated(before, await tx.members.remove_role(guild_id, user_id, role_id)))

    @on_present_rights
    async def kick(self, caller: Caller, guild_id: int, user_id: int) -> None:
        """Remove a member from the guild. They may come back."""
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.KICK_MEMBERS)
        target = await self._fetch(guild_id, user_id)
        access.require_outranks(target)
        async with self._store.write(users=[user_id], guilds=[guild_id]) as tx:
            await confirm_rights(tx, access, target)
            await self._membership.remove(tx, guild_id, user_id)

    async def _check_role(self, caller: Caller, guild_id: int, user_id: int, role_id: int) -> GuildAccess:
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_ROLES)
        await self._fetch(guild_id, user_id)
        check_role(access, role_id)
        return access

    async def _fetch(self, guild_id: int, user_id: int) -> Member:
        member = await self._entities.member(guild_id, user_id)
        if member is None:
            await self._entities.user(user_id)
            raise UnknownMember
        return member

    async def _apply(self, access: GuildAccess, target: Member, changes: dict[str, Any]) -> Member:
        guild_id, user_id = target.guild_id, target.user.id
        if not changes:
            return await self._fetch(guild_id, user_id)
        async with self._store.write(guilds=[guild_id]) as tx:
            await confirm_rights(tx, access, target)
            return await self._write(tx, target, changes)

    async def _write(self, tx: Transaction, target: Member, changes: dict[str, Any]) -> Member:
        member = await tx.members.update(target.guild_id, target.user.id, changes)
        tx.announce(self._updated(target, member))
        if changes.keys() & _SHOWN_IN_VOICE:
            await self._voice.show_member(tx, member)
        return member

    def _updated(self, before: Member, member: Member) -> Envelope:
        payload, replaced = render_member(member, with_guild_id=True), before_member(before)
        return guild_event(
            self._ids.next(),
            GUILD_MEMBER_UPDATE,
            member.guild_id,
            payload,
            user_id=member.user.id,
            before=replaced,
        )


async def _fetch(tx: Transaction, guild_id: int, user_id: int) -> Member:
    member = await tx.members.find(guild_id, user_id)
    if member is None:
        raise UnknownMember
    return member
