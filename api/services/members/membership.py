"""The beginning and end of memberships: the one place that adds members to guilds and removes them, with all events.

    joining                               leaving (left, kicked, banned, pruned, was temporary)
      member row                            member row away, a bot's managed role away
                                            VOICE_STATE_UPDATE   of who was in voice
      GUILD_MEMBER_ADD   to the guild       GUILD_ROLE_DELETE    to the guild
      _GUILD_JOINED      to the user        GUILD_MEMBER_REMOVE  to the guild
      INTEGRATION_CREATE of a bot           INTEGRATION_DELETE   of a bot
      settings, if new guilds are restricted
      the welcome message, after the commit

`add` and `remove` are steps of a caller's unit of work. The caller checks the rights.
"""

from collections.abc import Awaitable, Callable, Sequence

from api.services.announcements import guild_event, user_event
from api.services.ids import IdSource
from api.services.preferences.settings_changes import SettingsChanges
from api.services.roles.role_deletion import delete_role
from api.services.voice.voice_changes import VoiceChanges
from core.domain.errors import BannedFromGuild, LimitReached
from core.domain.events import (
    GUILD_INTEGRATIONS_UPDATE,
    GUILD_JOINED,
    GUILD_MEMBER_ADD,
    GUILD_MEMBER_REMOVE,
    INTEGRATION_CREATE,
    INTEGRATION_DELETE,
)
from core.domain.guilds.guild import Guild
from core.domain.guilds.member import Member
from core.runtime.clock import Clock
from core.store.interfaces import Transaction
from core.wire.internal_events import GuildJoined
from core.wire.objects.guilds.integration import (
    IntegrationCreated,
    IntegrationDeleted,
    IntegrationsUpdated,
    render_integration_created,
    render_integration_deleted,
)
from core.wire.objects.guilds.member import MemberRemoved, render_member
from core.wire.objects.people.user import render_user

MAX_GUILDS = 200
"""The number of guilds that a person may be in (Discord's number with Nitro). Only client shards bound a bot."""

GuildWelcome = Callable[[Guild, Member], Awaitable[None]]
"""Tells a guild about its new member, after the commit."""


class Membership:
    """Adds members to guilds and removes them."""

    __slots__ = ("_clock", "_ids", "_settings", "_voice", "_welcome")

    def __init__(
        self, *, ids: IdSource, clock: Clock, settings: SettingsChanges, voice: VoiceChanges, welcome: GuildWelcome
    ) -> None:
        self._ids = ids
        self._clock = clock
        self._settings = settings
        self._voice = voice
        self._welcome = welcome

    async def welcome(self, guild: Guild, member: Member) -> None:
        """Tell the guild about a member that a caller added with `add`, after its unit of work."""
        await self._welcome(guild, member)

    async def add(
        self,
        tx: Transaction,
        guild_id: int,
        user_id: int,
        *,
        role_ids: Sequence[int] = (),
        is_temporary: bool = False,
    ) -> Member | None:
        """Add and announce a member. Returns None when the user is one already.

        Raises:
            BannedFromGuild, LimitReached, UnknownUser
        """
        if await tx.members.find(guild_id, user_id) is not None:
            return None
        if await tx.bans.find(guild_id, user_id) is not None:
            raise BannedFromGuild
        member = await tx.members.add(
            guild_id, user_id, joined_ms=self._clock.now_ms(), role_ids=role_ids, is_temporary=is_temporary
        )
        if member is None:
            return None
        if not member.user.bot and len(await tx.guilds.list_ids_of_user(user_id)) > MAX_GUILDS:
            raise LimitReached(30001, f"Maximum number of guilds reached ({MAX_GUILDS})")
        tx.announce(
            guild_event(
                self._ids.next(),
                GUILD_MEMBER_ADD,
                guild_id,
                render_member(member, with_guild_id=True),
                user_id=user_id,
            ),
            user_event(self._ids.next(), GUILD_JOINED, user_id, GuildJoined(guild_id=str(guild_id))),
        )
        if member.user.bot:
            await self._tell_of_integration(tx, member, is_new=True)
        else:
            await self._settings.join_guild(tx, user_id, guild_id)
        return member

    async def remove(self, tx: Transaction, guild_id: int, user_id: int) -> Member:
        """Remove a member, and announce it.

        Raises:
            UnknownMember
        """
        member = await tx.members.remove(guild_id, user_id)
        await self._voice.leave(tx, guild_id, user_id, member)
        if member.user.bot:
            await self._delete_roles_of_bot(tx, guild_id, user_id)
        tx.announce(
            guild_event(
                self._ids.next(),
                GUILD_MEMBER_REMOVE,
                guild_id,
                MemberRemoved(guild_id=str(guild_id), user=render_user(member.user)),
                user_id=user_id,
            )
        )
        if member.user.bot:
            await self._tell_of_integration(tx, member, is_new=False)
        return member

    async def _tell_of_integration(self, tx: Transaction, member: Member, *, is_new: bool) -> None:
        """Announce that a bot's application is new in the guild, or gone."""
        guild_id = member.guild_id
        application = await tx.applications.find_by_bot(member.user.id)
        if application is None:
            return
        name: str
        payload: IntegrationCreated | IntegrationDeleted
        if is_new:
            name, payload = INTEGRATION_CREATE, render_integration_created(application, member.user, guild_id)
        else:
            name, payload = INTEGRATION_DELETE, render_integration_deleted(application, guild_id)
        updated = IntegrationsUpdated(guild_id=str(guild_id))
        tx.announce(
            guild_event(self._ids.next(), GUILD_INTEGRATIONS_UPDATE, guild_id, updated),
            guild_event(self._ids.next(), name, guild_id, payload),
        )

    async def _delete_roles_of_bot(self, tx: Transaction, guild_id: int, bot_id: int) -> None:
        for role in await tx.roles.list_of_guild(guild_id):
            if role.bot_id != bot_id:
                continue
            snapshot = await tx.guilds.load_snapshot(guild_id)
            tx.announce(await delete_role(tx, self._ids, role, () if snapshot is None else snapshot.channels))
