"""The deletion of an account by instance staff.

First the account is emptied in one unit of work: nobody logs in with it any more, nothing is connected, and its name,
pictures, address, settings, notes and read states are gone. Then it leaves what it was in. Each of these steps is what
its owner could have done; when the process ends between them, the same request again does the rest.

Its row stays, under the name `deleted_user_<id>`, because its messages stay and name it. Guilds of its own must have
another owner before (Discord's error 40011). Bots of its own end with it: nobody would answer for them.
"""

from collections.abc import Mapping
from typing import Any, Final

from api.services.accounts.auth import DELETED_NAME
from api.services.administration.staff_actions import StaffActions
from api.services.administration.staff_authenticator import Staff
from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.channels.group_channels import GroupChannelService
from api.services.guilds.guilds import GuildService
from api.services.ids import IdSource
from api.services.members.member_updates import announce_in_guilds, lock_guilds
from api.services.relationships.relationships import RelationshipService
from core.domain.channels.channel import ChannelType
from core.domain.errors import OwnsGuilds, UnknownGuild, UnknownUser, WrongAccountKind
from core.domain.events import USER_UPDATE
from core.domain.people.user import SYSTEM_USER_ID, User
from core.store.interfaces import Store, Transaction
from core.wire.objects.people.user import render_own_user

_EMPTY: Final[Mapping[str, Any]] = {
    "global_name": None,
    "avatar": None,
    "banner": None,
    "accent_color": None,
    "bio": "",
    "email": None,
    "password_hash": None,
    "birth_date": None,
}


class AccountRemoval:
    """Deletes accounts of people."""

    __slots__ = ("_actions", "_groups", "_guilds", "_ids", "_relationships", "_store")

    def __init__(
        self,
        *,
        store: Store,
        actions: StaffActions,
        guilds: GuildService,
        groups: GroupChannelService,
        relationships: RelationshipService,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._actions = actions
        self._guilds = guilds
        self._groups = groups
        self._relationships = relationships
        self._ids = ids

    async def delete(self, staff: Staff, user_id: int, reason: str | None) -> None:
        """Delete an account of a person. Raises UnknownUser, OwnsGuilds; WrongAccountKind for a bot."""
        bots = [each.bot_id for each in await self._store.applications.list_by_owner(user_id) if each.bot_id]
        unit = self._actions.act(staff, "owner", "user.delete", user_id, reason=reason, users=[user_id, *bots])
        async with unit as tx:
            await self._empty(tx, user_id)
            for each in (user_id, *bots):
                await self._actions.end_sessions(tx, each)
        user = await self._store.users.find(user_id)
        if user is not None:
            await self._leave_everything(user)

    async def _empty(self, tx: Transaction, user_id: int) -> None:
        user = await tx.users.find(user_id)
        if user is None:
            raise UnknownUser
        if user_id == SYSTEM_USER_ID:
            raise WrongAccountKind("The server's own account stays")
        if user.bot:
            raise WrongAccountKind("Bots are deleted with their owner's account")
        if await tx.guilds.list_ids_of_owner(user_id):
            raise OwnsGuilds
        await lock_guilds(tx, user_id)
        await tx.staff.remove(user_id)
        await tx.preferences.forget(user_id)
        await tx.read_states.forget_all(user_id)
        await tx.last_seen.delete(user_id)
        account = await tx.users.update(user_id, {**_EMPTY, "username": f"{DELETED_NAME}{user_id:x}"})
        tx.announce(user_event(self._ids.next(), USER_UPDATE, user_id, render_own_user(account)))
        await announce_in_guilds(tx, self._ids, user_id)

    async def _leave_everything(self, user: User) -> None:
        gone = Caller(user=user, auth_session_id=0)
        for guild_id in await self._store.guilds.list_ids_of_user(user.id):
            try:
                await self._guilds.leave(gone, guild_id)
            except UnknownGuild:  # the guild is gone, or has put the account out
                continue
        for channel in await self._store.channels.list_direct(user.id):
            if channel.type == ChannelType.GROUP_DM:
                await self._groups.remove(gone, channel.id, user.id, is_silent=True)
        for side in await self._store.relationships.list_of(user.id):
            await self._relationships.remove(gone, side.other_id)
