"""Groups: private channels of several people, with an owner, a name and a picture.

Whoever makes a group or adds to it adds friends. Everybody in it may add, leave, and change name and picture; the owner
removes others, and hands the group to another one. When the owner leaves, whoever has been in it longest after the
owner becomes the owner; the last one takes the group along.

A unit of work names all recipients, as all are told. They are read before it begins, and once more inside it: when
somebody came meanwhile, it begins anew.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET

from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.calls.call_steps import CallSteps
from api.services.channels.channel_forms import UpdateChannel
from api.services.channels.last_messages import LastMessages
from api.services.directs.direct_events import direct_channel_event, show_direct
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.images import ImageService
from api.services.messages.system_messages import SystemMessages
from api.services.relationships.relationship_cache import RelationshipCache
from api.services.rights import MAX_ATTEMPTS
from core.domain.channels.channel import Channel, ChannelType
from core.domain.errors import (
    Forbidden,
    InvalidRecipients,
    LimitReached,
    MissingAccess,
    Unavailable,
    UnknownChannel,
    UnknownUser,
    WrongAccountKind,
    WrongChannelType,
    invalid_field,
)
from core.domain.events import (
    CHANNEL_CREATE,
    CHANNEL_DELETE,
    CHANNEL_RECIPIENT_ADD,
    CHANNEL_RECIPIENT_REMOVE,
    CHANNEL_UPDATE,
)
from core.domain.messages.message import MessageType
from core.domain.people.user import User
from core.runtime.settings.current_limits import CurrentLimits
from core.store.interfaces import Store, Transaction
from core.wire.envelope import Envelope
from core.wire.objects.channels.channel import DirectChannelObject, RecipientObject
from core.wire.objects.people.user import render_user

ICONS: Final = "channel-icons"
_TOO_MANY_RECIPIENTS: Final = 30004

T = TypeVar("T")
Body = Callable[[Transaction, Channel, Mapping[int, User]], Awaitable[T]]


class GroupChannelService:
    """Makes and changes groups."""

    __slots__ = (
        "_calls",
        "_entities",
        "_ids",
        "_images",
        "_last_messages",
        "_limits",
        "_notes",
        "_relationships",
        "_store",
    )

    def __init__(  # noqa: PLR0913 - all that a change of a group touches
        self,
        *,
        store: Store,
        entities: EntityCache,
        relationships: RelationshipCache,
        images: ImageService,
        last_messages: LastMessages,
        notes: SystemMessages,
        calls: CallSteps,
        ids: IdSource,
        current_limits: CurrentLimits,
    ) -> None:
        self._store = store
        self._entities = entities
        self._relationships = relationships
        self._images = images
        self._last_messages = last_messages
        self._notes = notes
        self._calls = calls
        self._ids = ids
        self._limits = current_limits

    async def create(self, caller: Caller, user_ids: Sequence[int]) -> DirectChannelObject:
        """Make a group of the caller and friends.

        Raises:
            WrongAccountKind: for a bot. InvalidRecipients: somebody is no friend. LimitReached: 30004.
        """
        if caller.is_bot:
            raise WrongAccountKind
        self._check_size(1 + len(user_ids))
        await self._require_friends(caller, user_ids)
        recipient_ids = (caller.user_id, *user_ids)
        people = await self._entities.users(recipient_ids)
        channel = Channel(
            id=self._ids.next(), type=ChannelType.GROUP_DM, recipient_ids=recipient_ids, owner_id=caller.user_id
        )
        async with self._store.write(users=recipient_ids) as tx:
            await tx.channels.create(channel)
            tx.announce(*self._tell_all(CHANNEL_CREATE, channel, people))
        return show_direct(channel, caller.user_id, people)

    async def update(self, caller: Caller, channel_id: int, form: UpdateChannel) -> DirectChannelObject:
        """Change name and picture; the owner also hands the group to another recipient.

        Raises:
            Forbidden, InvalidRecipients: of a new owner. Invalid: for a picture that is none.
        """
        changes = await self._changes_of(caller, channel_id, form)
        last_ids = await self._last_messages.find_ids([channel_id])

        async def body(tx: Transaction, channel: Channel, people: Mapping[int, User]) -> Channel:
            new = {field: value for field, value in changes.items() if getattr(channel, field) != value}
            _check_owner(caller, channel, new)
            after = await tx.channels.update(channel_id, new)
            if new:
                tx.announce(*self._tell_all(CHANNEL_UPDATE, after, people, last_ids.get(channel_id)))
            return after

        before = await self._entities.channel(channel_id)
        after = await self._in_unit(caller, channel_id, body)
        if after.name != before.name:
            await self._notes.write(channel_id, MessageType.CHANNEL_NAME_CHANGE, caller.user, content=after.name)
        if after.icon != before.icon:
            await self._notes.write(channel_id, MessageType.CHANNEL_ICON_CHANGE, caller.user)
        people = await self._entities.users(after.recipient_ids)
        return show_direct(after, caller.user_id, people, last_ids.get(channel_id))

    async def add(self, caller: Caller, channel_id: int, user_id: int) -> None:
        """Add a friend. No error when the friend is in it.

        Raises:
            UnknownChannel, MissingAccess, WrongChannelType. InvalidRecipients: no friend. LimitReached: 30004.
        """
        await self._require_group(caller, channel_id)
        await self._require_friends(caller, [user_id])

        async def body(tx: Transaction, channel: Channel, people: Mapping[int, User]) -> Channel | None:
            if user_id in channel.recipient_ids:
                return None
            self._check_size(1 + len(channel.recipient_ids))
            after = await tx.channels.update(channel_id, {"recipient_ids": (*channel.recipient_ids, user_id)})
            for each in channel.recipient_ids:
                tx.announce(self._tell_recipient(CHANNEL_RECIPIENT_ADD, channel_id, each, people[user_id]))
            tx.announce(direct_channel_event(self._ids.next(), CHANNEL_CREATE, after, user_id, people))
            return after

        after = await self._in_unit(caller, channel_id, body, joining=user_id)
        if after is not None:
            added = await self._entities.user(user_id)
            await self._notes.write(channel_id, MessageType.RECIPIENT_ADD, caller.user, mentioned=[added])

    async def remove(self, caller: Caller, channel_id: int, user_id: int, *, is_silent: bool = False) -> None:
        """Remove somebody as the owner, or leave. With `is_silent` no message tells of it.

        Raises:
            UnknownChannel, MissingAccess, WrongChannelType. Forbidden: not the owner. UnknownUser: not in the group.
        """
        await self._require_group(caller, channel_id)

        async def body(tx: Transaction, channel: Channel, people: Mapping[int, User]) -> Channel:
            if user_id not in channel.recipient_ids:
                raise UnknownUser
            if user_id != caller.user_id != channel.owner_id:
                raise Forbidden
            return await self._part(tx, channel, user_id, people)

        after = await self._in_unit(caller, channel_id, body)
        if after.recipient_ids and not is_silent:
            gone = await self._entities.user(user_id)
            await self._notes.write(channel_id, MessageType.RECIPIENT_REMOVE, caller.user, mentioned=[gone])

    async def leave(self, caller: Caller, channel: Channel, *, is_silent: bool) -> DirectChannelObject:
        """Leave the group, and return it as it was."""
        people = await self._entities.users(channel.recipient_ids)
        last_ids = await self._last_messages.find_ids([channel.id])
        await self.remove(caller, channel.id, caller.user_id, is_silent=is_silent)
        return show_direct(channel, caller.user_id, people, last_ids.get(channel.id))

    async def _part(self, tx: Transaction, channel: Channel, user_id: int, people: Mapping[int, User]) -> Channel:
        """Take somebody out, tell all, and return the channel with those who are left."""
        await self._calls.part(tx, channel, user_id)
        left = tuple(each for each in channel.recipient_ids if each != user_id)
        tx.announce(direct_channel_event(self._ids.next(), CHANNEL_DELETE, channel, user_id, people))
        if not left:
            await tx.channels.delete(channel.id)
            return msgspec.structs.replace(channel, recipient_ids=())
        changes: dict[str, Any] = {"recipient_ids": left}
        if user_id == channel.owner_id:
            changes["owner_id"] = left[0]
        after = await tx.channels.update(channel.id, changes)
        for each in left:
            tx.announce(self._tell_recipient(CHANNEL_RECIPIENT_REMOVE, channel.id, each, people[user_id]))
        if "owner_id" in changes:
            tx.announce(*self._tell_all(CHANNEL_UPDATE, after, people))
        return after

    async def _in_unit(self, caller: Caller, channel_id: int, body: Body[T], *, joining: int = 0) -> T:
        """Run the body in a unit of work that names all recipients, and who is to become one.

        Raises:
            UnknownChannel, MissingAccess, WrongChannelType
        """
        for _ in range(MAX_ATTEMPTS):
            known = await self._store.channels.find(channel_id)
            if known is None:
                raise UnknownChannel
            named = {*known.recipient_ids, *([joining] if joining else [])}
            people = await self._entities.users(named)
            async with self._store.write(users=named) as tx:
                present = await tx.channels.find(channel_id)
                _check_group(caller, present)
                if present is not None and named.issuperset(present.recipient_ids):
                    return await body(tx, present, people)
        raise Unavailable

    async def _require_group(self, caller: Caller, channel_id: int) -> None:
        # Whoever may not view a channel is not told of what type it is.
        access = await self._entities.text_access(caller.user_id, channel_id)
        _check_group(caller, access.channel)

    async def _require_friends(self, caller: Caller, user_ids: Sequence[int]) -> None:
        """Raise InvalidRecipients unless all are the caller's friends: nobody is brought in by a stranger."""
        if set(user_ids) - await self._relationships.friends_of(caller.user_id):
            raise InvalidRecipients

    def _check_size(self, count: int) -> None:
        most = self._limits.rates.group_recipients
        if count > most:
            raise LimitReached(_TOO_MANY_RECIPIENTS, f"Maximum number of recipients reached ({most})")

    async def _changes_of(self, caller: Caller, channel_id: int, form: UpdateChannel) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        if form.name is not UNSET:
            changes["name"] = form.name or ""
        if form.icon is None:
            changes["icon"] = None
        elif form.icon is not UNSET:
            folder = f"{ICONS}/{channel_id}"
            changes["icon"] = await self._images.store(form.icon, folder=folder, field="icon", user_id=caller.user_id)
        if isinstance(form.owner, int):
            changes["owner_id"] = form.owner
        return changes

    def _tell_all(
        self, event: str, channel: Channel, people: Mapping[int, User], last_id: int | None = None
    ) -> list[Envelope]:
        return [
            direct_channel_event(self._ids.next(), event, channel, each, people, last_id)
            for each in channel.recipient_ids
        ]

    def _tell_recipient(self, event: str, channel_id: int, viewer_id: int, user: User) -> Envelope:
        payload = RecipientObject(channel_id=str(channel_id), user=render_user(user))
        return user_event(self._ids.next(), event, viewer_id, payload, channel_id=channel_id)


def _check_group(caller: Caller, channel: Channel | None) -> None:
    if channel is None:
        raise UnknownChannel
    if not channel.guild_id and caller.user_id not in channel.recipient_ids:
        raise MissingAccess
    if channel.type != ChannelType.GROUP_DM:
        raise WrongChannelType


def _check_owner(caller: Caller, channel: Channel, changes: Mapping[str, Any]) -> None:
    """Only the owner hands the group on, and only to somebody in it. Raises Forbidden, InvalidRecipients."""
    if "owner_id" not in changes:
        return
    if caller.user_id != channel.owner_id:
        raise Forbidden
    if changes["owner_id"] not in channel.recipient_ids:
        raise InvalidRecipients


def refuse_group_fields(form: UpdateChannel) -> None:
    """Refuse what only groups have. Raises Invalid."""
    for field in ("icon", "owner"):
        if getattr(form, field) not in (UNSET, None):
            raise invalid_field(field, "BASE_TYPE_FORBIDDEN", "Only groups have this.")
