"""Profiles: what people say of themselves, everywhere and in one guild."""

import msgspec
from msgspec import UNSET

from api.services.accounts.account_forms import UpdateAccount
from api.services.accounts.accounts import AccountService
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.preferences.preference_forms import UpdateProfile
from api.services.preferences.user_settings import require_person
from api.services.relationships.relationship_cache import RelationshipCache
from core.store.interfaces import Store
from core.wire.objects.guilds.member import render_member
from core.wire.objects.people.user import render_user
from core.wire.objects.profile import ProfileObject, UserProfileObject, render_member_profile


class ProfileService:
    """Shows profiles, and changes the caller's own."""

    __slots__ = ("_accounts", "_entities", "_relationships", "_store")

    def __init__(
        self, *, store: Store, entities: EntityCache, relationships: RelationshipCache, accounts: AccountService
    ) -> None:
        self._relationships = relationships
        self._accounts = accounts
        self._entities = entities
        self._store = store

    async def fetch(self, caller: Caller, user_id: int, guild_id: int | None = None) -> UserProfileObject:
        """Return a user's profile; with a guild of the caller's also the membership, if the user is in it.

        Raises:
            UnknownUser, UnknownGuild, MissingAccess
        """
        shown = await self._accounts.fetch_profile(caller, user_id)
        mutual = await self._relationships.mutual_friends_of(caller.user_id, user_id)
        people = await self._entities.users(mutual - {user_id})
        shown.mutual_friends = [render_user(people[each]) for each in sorted(people)]
        shown.mutual_friends_count = len(people)
        shown.user_profile.pronouns = (await self._store.preferences.find_settings(user_id)).pronouns
        if guild_id is not None:
            await self._entities.access(caller.user_id, guild_id)
            member = await self._store.members.find(guild_id, user_id)
            if member is not None:
                shown.guild_member = render_member(member)
                shown.guild_member_profile = render_member_profile(member)
        return shown

    async def update(self, caller: Caller, form: UpdateProfile) -> ProfileObject:
        """Change the caller's profile. Raises WrongAccountKind; Invalid."""
        require_person(caller)
        account = await self._accounts.update(caller, UpdateAccount(bio=form.bio, accent_color=form.accent_color))
        async with self._store.write(users=[caller.user_id]) as tx:
            settings = await tx.preferences.find_settings(caller.user_id)
            pronouns = settings.pronouns if form.pronouns is UNSET else form.pronouns or ""
            if pronouns != settings.pronouns:
                await tx.preferences.put_settings(msgspec.structs.replace(settings, pronouns=pronouns))
        return ProfileObject(
            bio=account.bio, accent_color=account.accent_color, pronouns=pronouns, banner=account.banner
        )
