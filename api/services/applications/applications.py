"""Applications and their bots: created, changed and given tokens. There is no portal, only these routes.

A bot's user has its application's id. A repeated request for the bot gives it a new token and ends every session of the
old one.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.forms.marks import as_set, text, unbuilt
from api.services.accounts.auth import revocation
from api.services.accounts.tokens import make_token
from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.changes import merge_flags, pick_changes
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.images import ImageService
from api.services.members.member_updates import announce_in_guilds, lock_guilds
from core.domain import texts
from core.domain.application import PRIVILEGED_FLAGS, Application
from core.domain.errors import (
    AccountSuspended,
    LimitReached,
    OnlyBots,
    UnknownApplication,
    WrongAccountKind,
    invalid_field,
)
from core.domain.events import USER_UPDATE
from core.domain.people.user import Account, AuthSession, User
from core.domain.tokens import hash_token
from core.runtime.clock import Clock
from core.runtime.randomness import Randomness
from core.store.interfaces import Store, Transaction
from core.wire.objects.application import ApplicationObject, BotTokenObject, render_application
from core.wire.objects.people.user import render_own_user

MAX_APPLICATIONS: Final = 100
"""The number of applications that one person may own."""

_PRIVILEGED_REQUEST_FLAGS: Final = PRIVILEGED_FLAGS | PRIVILEGED_FLAGS >> 1
"""Discord has two bits for a privileged intent: granted by review (lower), and for small bots without one (upper)."""

ApplicationName = Annotated[str, text(texts.APPLICATION_NAME)]
Description = Annotated[str, text(texts.APPLICATION_DESCRIPTION)]
Url = Annotated[str, Meta(max_length=2048)]
Tag = Annotated[str, text(texts.APPLICATION_TAG)]


Unbuilt = Annotated[Any, unbuilt("this part of applications")]


class LocalizedDescription(msgspec.Struct, kw_only=True):
    """A description in several languages. Only the default is supported."""

    default: Description
    localizations: Annotated[Any, unbuilt("translated descriptions")] = None


class CreateApplication(msgspec.Struct, kw_only=True):
    """POST /applications."""

    name: ApplicationName
    description: Description | None = None
    icon: str | None = None


class UpdateApplication(msgspec.Struct, kw_only=True):
    """PATCH /applications/{id} and /applications/@me."""

    name: ApplicationName | UnsetType | None = UNSET
    description: Description | LocalizedDescription | UnsetType | None = UNSET
    icon: str | UnsetType | None = UNSET
    bot_public: bool | UnsetType | None = UNSET
    bot_require_code_grant: bool | UnsetType | None = UNSET
    flags: Annotated[int, Meta(ge=0, le=(1 << 31) - 1)] | UnsetType | None = UNSET
    tags: Annotated[list[Tag], as_set(5)] | UnsetType | None = UNSET
    interactions_endpoint_url: Url | UnsetType | None = UNSET
    role_connections_verification_url: Url | UnsetType | None = UNSET
    type: Unbuilt = None
    team_id: Unbuilt = None
    cover_image: Unbuilt = None
    custom_install_url: Unbuilt = None
    install_params: Unbuilt = None
    integration_types_config: Unbuilt = None
    event_webhooks_status: Unbuilt = None
    event_webhooks_types: Unbuilt = None
    event_webhooks_url: Unbuilt = None
    explicit_content_filter: Unbuilt = None
    max_participants: Unbuilt = None


class ApplicationService:
    """Reads and changes applications, and makes bots."""

    __slots__ = ("_clock", "_entities", "_ids", "_images", "_random", "_store")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        images: ImageService,
        ids: IdSource,
        clock: Clock,
        random: Randomness,
    ) -> None:
        self._store = store
        self._entities = entities
        self._images = images
        self._ids = ids
        self._clock = clock
        self._random = random

    async def create(self, caller: Caller, form: CreateApplication) -> ApplicationObject:
        """Create an application of the caller, without a bot."""
        if caller.is_bot:
            raise WrongAccountKind
        application_id = self._ids.next()
        icon = None
        if form.icon is not None:
            folder = f"app-icons/{application_id}"
            icon = await self._images.store(form.icon, folder=folder, field="icon", user_id=caller.user_id)
        application = Application(
            id=application_id,
            owner_id=caller.user_id,
            name=form.name,
            description=form.description or "",
            icon=icon,
            verify_key=self._random.token_hex(32),
        )
        async with self._store.write(users=[caller.user_id]) as tx:
            if len(await tx.applications.list_by_owner(caller.user_id)) >= MAX_APPLICATIONS:
                raise LimitReached(30036, f"Maximum number of applications reached ({MAX_APPLICATIONS})")
            await tx.applications.create(application)
        return await self.render(application)

    async def list_own(self, caller: Caller) -> list[ApplicationObject]:
        """Return the caller's applications."""
        if caller.is_bot:
            raise WrongAccountKind
        return [await self.render(item) for item in await self._store.applications.list_by_owner(caller.user_id)]

    async def require_allowed(self, caller: Caller, application_id: int) -> Application:
        """Return the application, for its owner and its own bot. Raises UnknownApplication."""
        application = await self._store.applications.find(application_id)
        if application is None or caller.user_id not in (application.owner_id, application.bot_id):
            raise UnknownApplication
        return application

    async def fetch(self, caller: Caller, application_id: int) -> ApplicationObject:
        """Return an application, for its owner and its own bot. Raises UnknownApplication."""
        return await self.render(await self.require_allowed(caller, application_id))

    async def fetch_of_bot(self, caller: Caller) -> ApplicationObject:
        """Return the application whose bot the caller is. Raises OnlyBots."""
        return await self.render(await self._find_own(caller))

    async def update_of_bot(self, caller: Caller, form: UpdateApplication) -> ApplicationObject:
        """Change the application whose bot the caller is. Raises OnlyBots."""
        return await self._update(await self._find_own(caller), form)

    async def update(self, caller: Caller, application_id: int, form: UpdateApplication) -> ApplicationObject:
        """Change an application, for its owner and its own bot. Raises UnknownApplication."""
        return await self._update(await self.require_allowed(caller, application_id), form)

    async def make_bot(self, caller: Caller, application_id: int) -> BotTokenObject:
        """Give the application a bot, or its bot a new token. Only the owner may."""
        if caller.is_bot:
            raise WrongAccountKind
        application = await self.require_allowed(caller, application_id)
        token = make_token(application_id, self._clock.now_ms(), self._random)
        # The bot's id is the application's, so naming the bot also keeps two requests from making it at once.
        async with self._store.write(users=[application_id]) as tx:
            # It is read again, as another request may have made the bot since.
            present = await tx.applications.find(application_id)
            if present is None:
                raise UnknownApplication
            if await tx.suspensions.find(application_id) is not None:
                raise AccountSuspended
            if present.bot_id is None:
                user = User(id=application_id, username=application.name, avatar=None, bot=True)
                await tx.users.create(Account(user=user))
                await tx.applications.update(application_id, {"bot_id": application_id})
            else:
                await self._end_sessions(tx, present.bot_id)
            await self._add_session(tx, application_id, token)
        return BotTokenObject(token=token)

    async def render(self, application: Application) -> ApplicationObject:
        """Render the application with its owner, its bot and the number of the bot's guilds."""
        owner = await self._entities.user(application.owner_id)
        if application.bot_id is None:
            return render_application(application, owner=owner, bot=None, guild_count=0)
        bot = await self._entities.user(application.bot_id)
        count = await self._store.applications.count_guilds(application.bot_id)
        return render_application(application, owner=owner, bot=bot, guild_count=count)

    async def _find_own(self, caller: Caller) -> Application:
        application = await self._store.applications.find_by_bot(caller.user_id) if caller.is_bot else None
        if application is None:
            raise OnlyBots
        return application

    async def _update(self, application: Application, form: UpdateApplication) -> ApplicationObject:
        changes = await self._changes_of(application, form)
        async with self._store.write(users=[application.id]) as tx:
            if changes:
                application = await tx.applications.update(application.id, changes)
            if application.bot_id is not None:
                await self._update_bot(tx, application.bot_id, changes)
        return await self.render(application)

    async def _update_bot(self, tx: Transaction, bot_id: int, changes: Mapping[str, Any]) -> None:
        """Change and announce the bot. New flags are announced as well: what it may see depends on them."""
        if "name" in changes:
            await lock_guilds(tx, bot_id)
            account: Account | None = await tx.users.update(bot_id, {"username": changes["name"]})
        elif "flags" in changes:
            account = await tx.users.find_account(bot_id)
        else:
            return
        if account is not None:
            tx.announce(user_event(self._ids.next(), USER_UPDATE, bot_id, render_own_user(account)))
        if "name" in changes:
            await announce_in_guilds(tx, self._ids, bot_id)

    async def _changes_of(self, application: Application, form: UpdateApplication) -> dict[str, Any]:
        changes = pick_changes(
            form,
            ("name", "bot_public", "bot_require_code_grant"),
            clearable=("interactions_endpoint_url", "role_connections_verification_url"),
        )
        for field in ("interactions_endpoint_url", "role_connections_verification_url"):
            if isinstance(changes.get(field), str) and not changes[field].startswith(("https://", "http://")):
                raise invalid_field(field, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        if isinstance(form.description, LocalizedDescription):
            changes["description"] = form.description.default
        elif form.description is not UNSET:
            changes["description"] = form.description or ""
        if form.tags is not UNSET:
            changes["tags"] = tuple(form.tags or ())
        if isinstance(form.flags, int):
            changes["flags"] = merge_flags(form.flags, application.flags, settable=_PRIVILEGED_REQUEST_FLAGS)
        if isinstance(form.icon, str):
            folder = f"app-icons/{application.id}"
            changes["icon"] = await self._images.store(
                form.icon, folder=folder, field="icon", user_id=application.owner_id
            )
        elif form.icon is None:
            changes["icon"] = None
        return changes

    async def _end_sessions(self, tx: Transaction, bot_id: int) -> None:
        for session_id in await tx.users.delete_auth_sessions_of(bot_id):
            tx.announce(revocation(self._ids.next(), bot_id, session_id))

    async def _add_session(self, tx: Transaction, bot_id: int, token: str) -> None:
        now_ms = self._clock.now_ms()
        await tx.users.add_auth_session(
            AuthSession(
                id=self._ids.next(),
                user_id=bot_id,
                token_hash=hash_token(token),
                created_ms=now_ms,
                last_used_ms=now_ms,
            )
        )
