"""Accounts: shown, changed, and their profiles.

A change is announced to the account's own sessions (USER_UPDATE), and if it is public to each of its guilds
(GUILD_MEMBER_UPDATE). Both also invalidate the caches.
"""

from typing import Any, Final

import msgspec

from api.services.accounts.account_forms import UpdateAccount
from api.services.accounts.auth import find_email_errors, find_username_errors, revocation
from api.services.accounts.password_attempts import PasswordAttempts
from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.changes import pick_changes
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.images import ImageService
from api.services.members.member_updates import announce_in_guilds, lock_guilds
from api.services.relationships.relationship_cache import RelationshipCache
from core.domain.errors import FieldError, Invalid, MissingAccess, Unauthorized, UnknownUser, WrongAccountKind
from core.domain.events import USER_UPDATE
from core.domain.people.user import Account
from core.store.interfaces import Store, Transaction
from core.wire.objects.people.user import OwnUserObject, UserObject, render_own_user, render_user
from core.wire.objects.profile import MutualGuildObject, ProfileObject, ProfileUserObject, UserProfileObject

_CLEARABLE: Final = ("global_name", "accent_color")
_PICTURES: Final = {"avatar": "avatars", "banner": "banners"}
_PRIVATE: Final = frozenset({"email", "password_hash"})


class AccountService:
    """Reads and changes accounts."""

    __slots__ = ("_entities", "_ids", "_images", "_passwords", "_relationships", "_store")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        relationships: RelationshipCache,
        images: ImageService,
        passwords: PasswordAttempts,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._entities = entities
        self._relationships = relationships
        self._images = images
        self._passwords = passwords
        self._ids = ids

    async def fetch_own(self, caller: Caller) -> OwnUserObject:
        """Return the caller's account."""
        return render_own_user(await self._fetch_account(caller))

    async def fetch(self, user_id: int) -> UserObject:
        """Return the public account of a user. Raises UnknownUser."""
        return render_user(await self._entities.user(user_id))

    async def fetch_profile(self, caller: Caller, user_id: int) -> UserProfileObject:
        """Return the profile of a bot, or of a user who has something in common with the caller.

        That is a common guild, a friendship, a request that the user has made, or a direct channel that the user sees:
        nothing that the caller can bring about alone.

        Raises:
            UnknownUser, MissingAccess
        """
        user = await self._entities.user(user_id)
        mutual = await self._list_mutual_guilds(caller.user_id, user_id)
        if not (user.bot or mutual or await self._is_acquainted(caller.user_id, user_id)):
            raise MissingAccess
        public = msgspec.structs.asdict(render_user(user))
        return UserProfileObject(
            user=ProfileUserObject(**public, bio=user.bio),
            user_profile=ProfileObject(bio=user.bio, accent_color=user.accent_color, banner=user.banner),
            mutual_guilds=mutual,
        )

    async def update(self, caller: Caller, form: UpdateAccount) -> OwnUserObject:
        """Change the caller's account. A new password ends all other auth sessions."""
        while True:
            account = await self._fetch_account(caller)
            await self._check(caller, account, form)
            changes = await self._changes_of(caller.user_id, form)
            if not changes:
                return render_own_user(account)
            async with self._store.write(users=[caller.user_id]) as tx:
                if await self._is_as_before(tx, caller, account):
                    return await self._change(tx, caller, changes)

    async def _change(self, tx: Transaction, caller: Caller, changes: dict[str, Any]) -> OwnUserObject:
        is_public = bool(changes.keys() - _PRIVATE)
        if is_public:
            await lock_guilds(tx, caller.user_id)
        shown = render_own_user(await tx.users.update(caller.user_id, changes))
        if "password_hash" in changes:
            await self._end_other_auth_sessions(tx, caller)
        tx.announce(user_event(self._ids.next(), USER_UPDATE, caller.user_id, shown))
        if is_public:
            await announce_in_guilds(tx, self._ids, caller.user_id)
        return shown

    async def _fetch_account(self, caller: Caller) -> Account:
        account = await self._store.users.find_account(caller.user_id)
        if account is None:
            raise UnknownUser
        return account

    async def _is_acquainted(self, user_id: int, other_id: int) -> bool:
        if user_id == other_id or await self._relationships.is_wanted(user_id, other_id):
            return True
        channel = await self._store.channels.find_direct(user_id, other_id)
        return channel is not None and other_id not in channel.closed_for

    async def _list_mutual_guilds(self, user_id: int, other_id: int) -> list[MutualGuildObject]:
        own = set(await self._store.guilds.list_ids_of_user(user_id))
        shared = own.intersection(await self._store.guilds.list_ids_of_user(other_id))
        mutual = []
        for guild_id in sorted(shared):
            member = await self._entities.member(guild_id, other_id)
            if member is not None:
                mutual.append(MutualGuildObject(id=str(guild_id), nick=member.nick))
        return mutual

    async def _check(self, caller: Caller, account: Account, form: UpdateAccount) -> None:
        _check_names(form)
        is_private = isinstance(form.email, str) or isinstance(form.new_password, str)
        if account.user.bot and is_private:
            raise WrongAccountKind
        is_renaming = isinstance(form.username, str) and form.username != account.user.username
        if account.user.bot or not (is_private or is_renaming or isinstance(form.password, str)):
            return
        given = form.password if isinstance(form.password, str) else ""
        if not await self._passwords.is_own(caller, account, given):
            raise Invalid(FieldError(("password",), "PASSWORD_DOES_NOT_MATCH", "Password does not match."))

    async def _is_as_before(self, tx: Transaction, caller: Caller, account: Account) -> bool:
        """Tell whether the password that was checked is still the present one; the check is repeated if not.

        Since then, another request may have changed the password, and an attempt to log in may have hashed it again.
        """
        present = await tx.users.find_account(caller.user_id)
        if present is None:
            raise UnknownUser
        if all(session.id != caller.auth_session_id for session in await tx.users.list_auth_sessions(caller.user_id)):
            raise Unauthorized
        return present.password_hash == account.password_hash

    async def _changes_of(self, user_id: int, form: UpdateAccount) -> dict[str, Any]:
        changes = pick_changes(form, ("username", "email"), clearable=_CLEARABLE)
        if form.bio is not msgspec.UNSET:
            changes["bio"] = form.bio or ""
        for field, folder in _PICTURES.items():
            value = getattr(form, field)
            if isinstance(value, str):
                place = f"{folder}/{user_id}"
                changes[field] = await self._images.store(value, folder=place, field=field, user_id=user_id)
            elif value is None:
                changes[field] = None
        if isinstance(form.new_password, str):
            changes["password_hash"] = await self._passwords.hash(form.new_password)
        return changes

    async def _end_other_auth_sessions(self, tx: Transaction, caller: Caller) -> None:
        for session in await tx.users.list_auth_sessions(caller.user_id):
            if session.id != caller.auth_session_id:
                await tx.users.delete_auth_session(session.id, caller.user_id)
                tx.announce(revocation(self._ids.next(), caller.user_id, session.id))


def _check_names(form: UpdateAccount) -> None:
    errors: list[FieldError] = []
    if isinstance(form.username, str):
        errors += find_username_errors(form.username)
    if isinstance(form.email, str):
        errors += find_email_errors(form.email)
    if errors:
        raise Invalid(*errors)
