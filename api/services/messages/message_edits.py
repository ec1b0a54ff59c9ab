"""Edits and deletions of messages.

An edit is made against the version that was read, and is stored only if that is still the present one; otherwise it is
made again on top of the other edit. So of concurrent edits the later wins, edits never mix, and none brings back a
deleted message. The event is made from the message as it will be stored, so the last event shows the last state.

Rights are confirmed right before a change (fresh_rights.py).
"""

from collections.abc import Collection
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from api.services.access import ChannelAccess
from api.services.caller import Caller
from api.services.directs.direct_sends import DirectSends
from api.services.entity_cache import EntityCache
from api.services.files.attachments import AttachmentService, choose_attachments
from api.services.files.incoming_files import IncomingFiles
from api.services.ids import IdSource
from api.services.messages.content.message_forms import (
    IS_VOICE_MESSAGE,
    Edit,
    EditMessage,
    forward_content,
    parse_edit,
)
from api.services.messages.content.message_mentions import resolve_mentions
from api.services.messages.forgotten_pins import ForgottenPins
from api.services.messages.fresh_rights import claim_of, on_fresh_rights
from api.services.messages.message_events import message_updated, messages_deleted
from api.services.messages.pages.message_renderer import MessageRenderer
from api.services.messages.pages.reader_parts import ReaderParts
from api.services.messages.publications import Publications
from api.services.previews.previews import PreviewService
from api.services.previews.stored_previews import keep_previews
from api.services.relationships.acquaintances import FRIENDS
from core.domain.channels.channel import Channel
from core.domain.errors import (
    BulkDeleteCount,
    BulkDeleteTooOld,
    DirectChannelAction,
    EmptyMessage,
    NotTheAuthor,
    PollEdit,
    SystemMessageAction,
    Unavailable,
    UnknownMessage,
    VoiceMessageEdit,
)
from core.domain.guilds.permissions import Permission
from core.domain.ids import snowflake_at
from core.domain.messages.attachment import Attachment
from core.domain.messages.message import CROSSPOSTED, LASTING, SUPPRESS_EMBEDS, WRITTEN, Message
from core.door.interfaces import Claim, Door
from core.runtime.clock import Clock
from core.store.aggregates.messages.messages import MessageStore
from core.wire.objects.messages.embed import NO_EMBEDS
from core.wire.objects.messages.embed_files import name_embed_files

_MANAGE: Final = int(Permission.MANAGE_MESSAGES)
_READ_HISTORY: Final = int(Permission.READ_MESSAGE_HISTORY)
_EMBED_LINKS: Final = int(Permission.EMBED_LINKS)

_MAX_ATTEMPTS: Final = 100
"""Each failed attempt means that another edit of the message was stored. This many at once are abuse."""

_BULK_MIN: Final = 2
_BULK_MAX: Final = 100
_BULK_AGE_MS: Final = 14 * 24 * 60 * 60 * 1000


class MessageEditService:
    """Edits and deletes messages."""

    __slots__ = (
        "_attachments",
        "_clock",
        "_directs",
        "_door",
        "_entities",
        "_ids",
        "_messages",
        "_parts",
        "_pins",
        "_previews",
        "_publications",
        "_renderer",
    )

    def __init__(  # noqa: PLR0913 - what hangs on a message goes with it
        self,
        *,
        entities: EntityCache,
        directs: DirectSends,
        messages: MessageStore,
        attachments: AttachmentService,
        renderer: MessageRenderer,
        parts: ReaderParts,
        pins: ForgottenPins,
        publications: Publications,
        previews: PreviewService,
        door: Door,
        ids: IdSource,
        clock: Clock,
    ) -> None:
        self._entities = entities
        self._directs = directs
        self._messages = messages
        self._attachments = attachments
        self._renderer = renderer
        self._parts = parts
        self._pins = pins
        self._publications = publications
        self._previews = previews
        self._door = door
        self._ids = ids
        self._clock = clock

    async def edit(
        self, caller: Caller, channel_id: int, message_id: int, form: EditMessage, files: IncomingFiles | None = None
    ) -> bytes:
        """Change a message, and return the REST object as JSON. Managers of messages may change others' flags, no more.

        Raises:
            Invalid, NotBuilt: as `parse_edit`. UnknownChannel, MissingAccess, UnknownMessage.
            Invalid: when a forward is to have content.
            NotTheAuthor, Forbidden: when the caller is not the author. SystemMessageAction: for a system message.
            CannotSendToUser: in a direct channel whose other recipient must not hear from the caller any more.
            LimitReached, TooLarge: for files.
        """
        edit = parse_edit(form, has_files=files is not None and bool(files.files))
        if not edit.changes_files:
            return await self._edit(caller, channel_id, message_id, edit, ())
        # An attachment of the message has an id, and one of the request's files a small number.
        access = await self._entities.text_access(caller.user_id, channel_id)
        message = await self._find_editable(access, caller.user_id, message_id, edit)
        own = {each.id for each in message.attachments}
        new = [draft for draft in edit.wanted or () if draft.upload_id is not None or draft.id not in own]
        if not new and not edit.has_files:
            return await self._edit(caller, channel_id, message_id, edit, ())
        async with self._attachments.attach(caller.user_id, channel_id, new, files, message_id=message_id) as attached:
            answer = await self._edit(caller, channel_id, message_id, edit, attached.attachments)
            await attached.use(message_id)
            return answer

    @on_fresh_rights
    async def _edit(
        self, caller: Caller, channel_id: int, message_id: int, edit: Edit, added: tuple[Attachment, ...]
    ) -> bytes:
        """Edit a message, which gets the attachments `added` besides those that it keeps."""
        mark = self._door.mark()
        access = await self._entities.text_access(caller.user_id, channel_id)
        direct = access.guild is None
        tie = await self._directs.require_write(caller.user_id, access.channel) if direct else FRIENDS
        claim = claim_of(access, caller.user_id, mark, shared_guild_id=tie)
        for _ in range(_MAX_ATTEMPTS):
            message = await self._find_editable(access, caller.user_id, message_id, edit)
            attachments = choose_attachments(message.attachments, edit.wanted, added)
            changes = await self._compute_changes(access, message, edit, attachments)
            answer = await self._apply(access, claim, message, changes)
            if answer is not None:
                kept = {each.id for each in attachments}
                text = changes.get("content", message.content)
                embeds = changes.get("embeds", NO_EMBEDS)
                self._previews.note(channel_id, message_id, text, message.author_id, embeds)
                await self._attachments.give_up([each for each in message.attachments if each.id not in kept])
                return await self._parts.show_one(caller, access.channel, message_id, answer)
        raise Unavailable

    async def _find_editable(self, access: ChannelAccess, user_id: int, message_id: int, edit: Edit) -> Message:
        """Find a message that the user may edit so. Raises as `edit`."""
        message = await self._messages.find(access.channel.id, message_id)
        if message is None:
            raise UnknownMessage
        _require_may_edit(access, user_id, message, edit)
        return message

    @on_fresh_rights
    async def delete(self, user_id: int, channel_id: int, message_id: int) -> None:
        """Delete the caller's own message, or any with MANAGE_MESSAGES.

        Raises UnknownChannel, MissingAccess, UnknownMessage; DirectChannelAction, Forbidden for another author's;
        SystemMessageAction for one that tells what has become of a group.
        """
        mark = self._door.mark()
        access = await self._entities.text_access(user_id, channel_id)
        message = await self._messages.find(channel_id, message_id)
        if message is None:
            raise UnknownMessage
        if message.author_id != user_id:
            if access.guild is None:
                raise DirectChannelAction
            access.require(_MANAGE)
        if message.type in LASTING:
            raise SystemMessageAction
        if not await self._delete_all(access.channel, claim_of(access, user_id, mark), [message_id]):
            raise UnknownMessage

    @on_fresh_rights
    async def delete_many(self, user_id: int, channel_id: int, message_ids: Collection[int]) -> None:
        """Delete 2 to 100 messages of a guild's channel that are younger than two weeks.

        Raises:
            BulkDeleteCount, BulkDeleteTooOld, UnknownChannel, MissingAccess, Forbidden.
            DirectChannelAction, WrongChannelType: where there is no bulk delete.
        """
        mark = self._door.mark()
        access = await self._entities.text_access(user_id, channel_id)
        if access.guild is None:
            raise DirectChannelAction
        access.require_messages()
        access.require(_MANAGE)
        if not _BULK_MIN <= len(message_ids) <= _BULK_MAX:
            raise BulkDeleteCount
        ordered = sorted(message_ids)
        if ordered[0] < snowflake_at(self._clock.now_ms() - _BULK_AGE_MS):
            raise BulkDeleteTooOld
        await self._delete_all(access.channel, claim_of(access, user_id, mark), ordered)

    async def _delete_all(self, channel: Channel, claim: Claim, message_ids: list[int]) -> list[int]:
        envelopes = messages_deleted(self._ids.next(), channel, message_ids)
        async with self._publications.follow_deletion(channel.guild_id, message_ids):
            await self._door.confirm(claim)
            gone = await self._messages.delete(channel.id, message_ids, envelopes)
        await self._pins.forget(channel, gone)
        return gone

    async def _compute_changes(
        self, access: ChannelAccess, message: Message, edit: Edit, attachments: tuple[Attachment, ...]
    ) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        if attachments != message.attachments:
            changes |= {"attachments": attachments, "edited_ms": self._clock.now_ms()}
        if edit.flags is not UNSET:
            changes["flags"] = (message.flags & ~SUPPRESS_EMBEDS) | edit.flags
        if not edit.changes_text:
            if edit.changes_files and is_empty(message.content, message.embeds, attachments):
                raise EmptyMessage
            return changes
        content = message.content if edit.content is UNSET else edit.content
        sent = message.embeds
        if not isinstance(edit.embeds, UnsetType):
            named = name_embed_files(edit.embeds, message.channel_id, attachments)
            sent = self._previews.link_pictures(named)
        embeds = keep_previews(content, sent, message.embeds)
        if is_empty(content, embeds, attachments):
            raise EmptyMessage
        mentions = await resolve_mentions(
            self._entities,
            access,
            content=content,
            allowed=edit.allowed,
            replied_id=await self._find_replied_id(message),
        )
        return {
            **changes,
            "content": content,
            "embeds": embeds,
            "mention_ids": mentions.user_ids,
            "mention_role_ids": mentions.role_ids,
            "mention_everyone": mentions.everyone,
            "edited_ms": self._clock.now_ms(),
        }

    async def _find_replied_id(self, message: Message) -> int | None:
        """Find the author of the answered message, if they were mentioned: an edit does not change that."""
        if message.reference_id is None:
            return None
        replied = await self._messages.find(message.channel_id, message.reference_id)
        return replied.author_id if replied is not None and replied.author_id in message.mention_ids else None

    async def _apply(
        self, access: ChannelAccess, claim: Claim, message: Message, changes: dict[str, Any]
    ) -> bytes | None:
        """Store the changes and return the answer, or None when another edit came first."""
        edited = msgspec.structs.replace(message, **changes, version=message.version + 1) if changes else message
        resolved = await self._renderer.resolve_for_dispatch(edited)
        member = None
        if message.guild_id:
            member = await self._entities.member(message.guild_id, message.author_id)
        encoded = self._renderer.encode(resolved, member, with_nonce=False)
        if not changes:
            return encoded.answer
        published = [message.id] if message.flags & CROSSPOSTED else []
        async with self._publications.follow(message.guild_id, published):
            await self._door.confirm(claim)
            stored = await self._messages.update(
                message.channel_id,
                message.id,
                changes,
                expected_version=message.version,
                envelopes=message_updated(self._ids.next(), access.channel, edited, encoded.dispatch),
            )
        return None if stored is None else encoded.answer


def is_empty(content: str, embeds: msgspec.Raw, attachments: tuple[Attachment, ...]) -> bool:
    """Tell whether a message would show nothing."""
    return not content and not attachments and bytes(embeds) == b"[]"


def _require_may_edit(access: ChannelAccess, user_id: int, message: Message, edit: Edit) -> None:
    """Raise unless the user may make this edit. Content that needs a permission to be sent needs it in an edit, too."""
    if message.type not in WRITTEN:
        raise SystemMessageAction
    if message.flags & IS_VOICE_MESSAGE and edit.is_authors:
        raise VoiceMessageEdit
    if message.poll is not None and message.author_id == user_id and edit.is_authors:
        raise PollEdit
    if message.forward is not None and message.author_id == user_id and edit.is_authors:
        raise forward_content()
    if message.author_id == user_id:
        if not isinstance(edit.embeds, UnsetType) and len(edit.embeds) > len(NO_EMBEDS):
            access.require(_EMBED_LINKS)
        return
    if edit.is_authors or access.guild is None:
        raise NotTheAuthor
    access.require(_MANAGE | _READ_HISTORY)  # the answer shows the message
