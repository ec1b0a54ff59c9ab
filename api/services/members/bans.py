"""Bans: a user is removed and cannot come back. The moderator may have the user's latest messages deleted.

The ban is one unit of work. The messages are deleted after it, when the user cannot send any more.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from api.services.access import GuildAccess
from api.services.announcements import channel_event, guild_permission_event
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.members.member_forms import BanUsers
from api.services.members.membership import Membership
from api.services.messages.publications import Publications
from api.services.rights import confirm_rights, on_present_rights
from core.domain.errors import BanFailed, Forbidden, UnknownBan
from core.domain.events import GUILD_BAN_ADD, GUILD_BAN_REMOVE, MESSAGE_DELETE_BULK
from core.domain.guilds.member import Member
from core.domain.guilds.permissions import Permission
from core.domain.people.user import User
from core.runtime.clock import Clock
from core.store.interfaces import Store, Transaction
from core.wire.envelope import Envelope
from core.wire.objects.guilds.member import BanObject, BulkBanObject, MemberRemoved, render_ban
from core.wire.objects.messages.message import DeletedMessages
from core.wire.objects.people.user import render_user

_AUDIENCE: Final = int(Permission.BAN_MEMBERS | Permission.VIEW_AUDIT_LOG)
_BULK: Final = 100
"""The number of ids that one MESSAGE_DELETE_BULK carries, as at Discord."""


class BanService:
    """Reads and changes bans for moderators."""

    __slots__ = ("_clock", "_entities", "_ids", "_membership", "_publications", "_store")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        membership: Membership,
        publications: Publications,
        ids: IdSource,
        clock: Clock,
    ) -> None:
        self._store = store
        self._entities = entities
        self._membership = membership
        self._publications = publications
        self._ids = ids
        self._clock = clock

    async def fetch_page(
        self, caller: Caller, guild_id: int, *, before: int | None, after: int | None, limit: int
    ) -> list[BanObject]:
        """Return a page of bans by ascending user id."""
        await self._access(caller, guild_id)
        if before is not None:
            after = None
        bans = await self._store.bans.list_page(guild_id, before=before, after=after, limit=limit)
        return [render_ban(ban) for ban in bans]

    async def fetch(self, caller: Caller, guild_id: int, user_id: int) -> BanObject:
        """Return a ban. Raises UnknownBan."""
        await self._access(caller, guild_id)
        ban = await self._store.bans.find(guild_id, user_id)
        if ban is None:
            raise UnknownBan
        return render_ban(ban)

    @on_present_rights
    async def put(self, caller: Caller, guild_id: int, user_id: int, *, delete_s: int, reason: str | None) -> None:
        """Ban a user, member or not. It is no error when they are banned already."""
        access = await self._access(caller, guild_id)
        user = await self._entities.user(user_id)
        target = await self._find_target(guild_id, user_id)
        if not _may_ban(access, target):
            raise Forbidden
        async with self._store.write(users=[user_id], guilds=[guild_id]) as tx:
            await confirm_rights(tx, access, target)
            await self._ban(tx, guild_id, user, reason)
        await self._delete_messages(guild_id, user_id, delete_s)

    @on_present_rights
    async def put_many(self, caller: Caller, guild_id: int, form: BanUsers, reason: str | None) -> BulkBanObject:
        """Ban those users who can be banned and are not yet.

        Raises:
            BanFailed: when there are none.
        """
        access = await self._access(caller, guild_id)
        access.require(Permission.MANAGE_GUILD)
        wanted = dict.fromkeys(form.user_ids)
        users = await self._entities.users(wanted)
        targets = {user_id: await self._find_target(guild_id, user_id) for user_id in wanted if user_id in users}
        bannable = {user_id: target for user_id, target in targets.items() if _may_ban(access, target)}
        async with self._store.write(users=bannable, guilds=[guild_id]) as tx:
            await confirm_rights(tx, access, *bannable.values())
            banned = [user_id for user_id in bannable if await self._ban(tx, guild_id, users[user_id], reason)]
        if not banned:
            raise BanFailed
        for user_id in banned:
            await self._delete_messages(guild_id, user_id, form.delete_message_seconds or 0)
        return BulkBanObject(
            banned_users=[str(user_id) for user_id in banned],
            failed_users=[str(user_id) for user_id in wanted if user_id not in banned],
        )

    @on_present_rights
    async def delete(self, caller: Caller, guild_id: int, user_id: int) -> None:
        """Lift a ban.

        Raises:
            UnknownBan
        """
        access = await self._access(caller, guild_id)
        async with self._store.write(guilds=[guild_id]) as tx:
            await confirm_rights(tx, access)
            ban = await tx.bans.find(guild_id, user_id)
            if ban is None:
                raise UnknownBan
            await tx.bans.delete(guild_id, user_id)
            tx.announce(self._event(GUILD_BAN_REMOVE, guild_id, ban.user))

    async def _ban(self, tx: Transaction, guild_id: int, user: User, reason: str | None) -> bool:
        """Ban the user, and tell whether the ban is new."""
        if await tx.bans.find(guild_id, user.id) is not None:
            return False
        await tx.bans.put(guild_id, user.id, reason)
        tx.announce(self._event(GUILD_BAN_ADD, guild_id, user))
        if await tx.members.find(guild_id, user.id) is not None:
            await self._membership.remove(tx, guild_id, user.id)
        return True

    def _event(self, name: str, guild_id: int, user: User) -> Envelope:
        payload = MemberRemoved(guild_id=str(guild_id), user=render_user(user))
        return guild_permission_event(self._ids.next(), name, guild_id, payload, permissions=_AUDIENCE, user_id=user.id)

    async def _access(self, caller: Caller, guild_id: int) -> GuildAccess:
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.BAN_MEMBERS)
        return access

    async def _find_target(self, guild_id: int, user_id: int) -> Member | int:
        """Return the member, or the id of a user who is not a member."""
        return await self._entities.member(guild_id, user_id) or user_id

    async def _delete_messages(self, guild_id: int, user_id: int, seconds: int) -> None:
        if not seconds:
            return
        since_ms = self._clock.now_ms() - seconds * 1000
        by_channel: dict[int, list[int]] = defaultdict(list)
        for channel_id, message_id in await self._store.messages.list_ids_by_author(
            guild_id, user_id, since_ms=since_ms
        ):
            by_channel[channel_id].append(message_id)
        for channel_id, message_ids in by_channel.items():
            for start in range(0, len(message_ids), _BULK):
                ids = message_ids[start : start + _BULK]
                async with self._publications.follow_deletion(guild_id, ids):
                    await self._store.messages.delete(channel_id, ids, [self._deleted(guild_id, channel_id, ids)])

    def _deleted(self, guild_id: int, channel_id: int, message_ids: Sequence[int]) -> Envelope:
        payload = DeletedMessages(
            ids=[str(message_id) for message_id in message_ids], channel_id=str(channel_id), guild_id=str(guild_id)
        )
        return channel_event(self._ids.next(), MESSAGE_DELETE_BULK, guild_id, channel_id, payload)


def _may_ban(access: GuildAccess, target: Member | int) -> bool:
    """Tell whether the caller may ban the target. A user who is no member stands below all members."""
    return isinstance(target, int) or access.outranks(target)
