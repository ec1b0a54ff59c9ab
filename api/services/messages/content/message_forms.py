"""Bodies of requests that send or edit messages, and the checks that need the body alone.

`parse_draft` and `parse_edit` know no caller and no channel. Parts of Discord's messages that this server does not have
yet are marked as not built, and refused when they are present and not empty.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from api.forms.form import SnowflakeField
from api.forms.marks import as_set, unbuilt
from api.services.files.attachment_forms import AttachmentDraft, AttachmentForm, parse_attachments
from api.services.messages.content.embeds import EmbedForm, parse_embed, parse_embeds
from api.services.messages.content.mentions import AllowedMentions, AllowedMentionsForm, parse_allowed_mentions
from api.services.messages.content.polls import PollForm, parse_poll
from core.domain.errors import EmptyMessage, Invalid, VoiceMessageContent, invalid_field, unbuilt_field
from core.domain.messages.attachment import Attachment
from core.domain.messages.forward import Forward
from core.domain.messages.message import SUPPRESS_EMBEDS
from core.domain.messages.poll import Poll
from core.domain.texts import MESSAGE_CONTENT
from core.wire.objects.messages.embed import NO_EMBEDS
from core.wire.objects.messages.message import FORWARD

MAX_NONCE: Final = 25

SUPPRESS_NOTIFICATIONS: Final = 1 << 12
IS_VOICE_MESSAGE: Final = 1 << 13
_SENDABLE_FLAGS: Final = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | IS_VOICE_MESSAGE
_EDITABLE_FLAGS: Final = SUPPRESS_EMBEDS
"""Discord documents that an edit ignores other flags without error. A new message drops flags that the server sets
itself, as clients copy messages with all their fields."""
_EPHEMERAL: Final = 1 << 6
_IS_COMPONENTS_V2: Final = 1 << 15


class MessageReferenceForm(msgspec.Struct, kw_only=True):
    """`message_reference` of a request."""

    message_id: SnowflakeField
    channel_id: SnowflakeField | None = None
    guild_id: SnowflakeField | None = None
    fail_if_not_exists: bool | None = None
    type: int | None = None


class CreateMessage(msgspec.Struct, kw_only=True):
    """Body of a new message."""

    content: str | None = None
    embeds: list[EmbedForm] | None = None
    embed: EmbedForm | None = None
    """The field of libraries for v9 and older. `embeds` wins."""
    tts: bool | None = None
    allowed_mentions: AllowedMentionsForm | None = None
    message_reference: MessageReferenceForm | None = None
    flags: int | None = None
    nonce: int | str | None = None
    enforce_nonce: bool | None = None
    sticker_ids: Annotated[Any, unbuilt("stickers")] = None
    components: Annotated[Any, unbuilt("components")] = None
    attachments: list[AttachmentForm] | None = None
    poll: PollForm | None = None
    activity: Annotated[Any, unbuilt("invitations to activities")] = None
    shared_client_theme: Annotated[Any, unbuilt("themes")] = None


class EditMessage(msgspec.Struct, kw_only=True):
    """Body of an edit. Absent fields stay."""

    content: str | UnsetType | None = UNSET
    embeds: list[EmbedForm] | UnsetType | None = UNSET
    embed: EmbedForm | UnsetType | None = UNSET
    allowed_mentions: AllowedMentionsForm | None = None
    flags: int | UnsetType | None = UNSET
    sticker_ids: Annotated[Any, unbuilt("stickers")] = None
    components: Annotated[Any, unbuilt("components")] = None
    attachments: list[AttachmentForm] | UnsetType | None = UNSET


class BulkDelete(msgspec.Struct, kw_only=True):
    """Body of a bulk delete."""

    messages: Annotated[list[SnowflakeField], as_set()]


class Reply(msgspec.Struct, frozen=True):
    """The message that a new one answers."""

    message_id: int
    channel_id: int | None
    guild_id: int | None
    is_required: bool
    """True when sending fails if the message is gone."""


class ForwardSource(msgspec.Struct, frozen=True):
    """The message that a new one forwards."""

    message_id: int
    channel_id: int
    guild_id: int | None


class Draft(msgspec.Struct, kw_only=True, frozen=True):
    """A new message, checked as far as its body goes."""

    content: str
    embeds: msgspec.Raw
    has_embeds: bool
    tts: bool
    allowed: AllowedMentions
    flags: int
    nonce: str | None
    nonce_is_int: bool
    reply: Reply | None
    poll: Poll | None = None
    source: ForwardSource | None = None
    forward: Forward | None = None
    """What the source shows, once it is read."""
    wanted: tuple[AttachmentDraft, ...] = ()
    """What the request says of its files."""
    attachments: tuple[Attachment, ...] = ()
    """The files, once they are stored."""

    @property
    def is_voice(self) -> bool:
        """True for a message that is nothing but somebody's voice."""
        return bool(self.flags & IS_VOICE_MESSAGE)


class Edit(msgspec.Struct, kw_only=True, frozen=True):
    """An edit, checked as far as its body goes."""

    content: str | UnsetType
    embeds: msgspec.Raw | UnsetType
    allowed: AllowedMentions
    flags: int | UnsetType
    wanted: tuple[AttachmentDraft, ...] | None = None
    """The attachments that the message is to have: those it keeps, and new ones. None keeps all."""
    has_files: bool = False
    """True when files came with the request."""

    @property
    def changes_text(self) -> bool:
        """True when the edit changes more than flags and attachments."""
        return self.content is not UNSET or self.embeds is not UNSET

    @property
    def changes_files(self) -> bool:
        """True when the edit is about attachments."""
        return self.has_files or self.wanted is not None

    @property
    def is_authors(self) -> bool:
        """True when the edit changes more than flags, which only the author may."""
        return self.changes_text or self.changes_files


def parse_draft(form: CreateMessage, *, has_files: bool = False) -> Draft:
    """Check a new message. `has_files` tells whether files came with it.

    Raises:
        Invalid: on anything beyond Discord's limits. EmptyMessage: when nothing is left to show.
        NotBuilt: on messages of components. LimitReached: on more than ten attachments.
    """
    content = parse_content(form.content)
    embeds = parse_embed(form.embed) if form.embed and not form.embeds else parse_embeds(form.embeds)
    has_embeds = len(embeds) > len(NO_EMBEDS)
    reply, source = _parse_reference(form.message_reference)
    flags = _parse_sent_flags(form.flags)
    wanted = parse_attachments(form.attachments)
    poll = None if form.poll is None else parse_poll(form.poll)
    has_content = content or has_embeds or wanted or has_files or poll is not None
    if source is not None and has_content:
        raise forward_content()
    if source is None and not has_content:
        raise EmptyMessage
    if flags & IS_VOICE_MESSAGE and (content or has_embeds or poll is not None):
        raise VoiceMessageContent
    nonce, nonce_is_int = _parse_nonce(form.nonce)
    return Draft(
        content=content,
        embeds=embeds,
        has_embeds=has_embeds,
        tts=bool(form.tts),
        allowed=parse_allowed_mentions(form.allowed_mentions),
        flags=flags,
        nonce=nonce,
        nonce_is_int=nonce_is_int,
        reply=reply,
        poll=poll,
        source=source,
        wanted=wanted,
    )


def parse_edit(form: EditMessage, *, has_files: bool = False) -> Edit:
    """Check an edit. Takes and raises as `parse_draft`, but not EmptyMessage: that depends on the message."""
    return Edit(
        content=UNSET if isinstance(form.content, UnsetType) else parse_content(form.content),
        embeds=_parse_edited_embeds(form),
        allowed=parse_allowed_mentions(form.allowed_mentions),
        flags=UNSET if isinstance(form.flags, UnsetType) else _parse_flags(form.flags) & _EDITABLE_FLAGS,
        wanted=None if isinstance(form.attachments, UnsetType) else parse_attachments(form.attachments),
        has_files=has_files,
    )


def parse_content(content: str | None) -> str:
    """Return the text without surrounding white space. Raises Invalid when it is too long."""
    if content is None:
        return ""
    return MESSAGE_CONTENT.parse(content, "content")


def _parse_edited_embeds(form: EditMessage) -> msgspec.Raw | UnsetType:
    """Choose between the older and the newer field: the one with content, else the one that is present."""
    if form.embed and not form.embeds:
        return parse_embed(form.embed)
    if not isinstance(form.embeds, UnsetType):
        return parse_embeds(form.embeds)
    return UNSET if isinstance(form.embed, UnsetType) else NO_EMBEDS


def _parse_sent_flags(flags: int | None) -> int:
    parsed = _parse_flags(flags)
    if parsed & _EPHEMERAL:
        text = "Only the answer to an interaction can be ephemeral; this message would be everybody's."
        raise invalid_field("flags", "BASE_TYPE_CHOICES", text)
    return parsed & _SENDABLE_FLAGS


def _parse_flags(flags: int | None) -> int:
    if flags is None:
        return 0
    if flags < 0:
        raise invalid_field("flags", "NUMBER_TYPE_MIN", "int value should be greater than or equal to 0.")
    if flags & _IS_COMPONENTS_V2:
        raise unbuilt_field(("flags",), "components")
    return flags


def _parse_nonce(nonce: int | str | None) -> tuple[str | None, bool]:
    if nonce is None or nonce == "":
        return None, False
    if isinstance(nonce, str):
        if len(nonce) > MAX_NONCE:
            raise invalid_field("nonce", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_NONCE} or fewer in length.")
        return nonce, False
    if not -(1 << 63) <= nonce < 1 << 63:
        raise invalid_field("nonce", "NUMBER_TYPE_MAX", f"int value should be less than or equal to {(1 << 63) - 1}.")
    return str(nonce), True


def _parse_reference(form: MessageReferenceForm | None) -> tuple[Reply | None, ForwardSource | None]:
    """Read what a message refers to: one that it answers, or one that it forwards."""
    if form is None:
        return None, None
    if form.type == FORWARD:
        if form.channel_id is None:
            raise invalid_field(("message_reference", "channel_id"), "BASE_TYPE_REQUIRED", "This field is required")
        return None, ForwardSource(form.message_id, form.channel_id, form.guild_id)
    if form.type:
        raise invalid_field(("message_reference", "type"), "BASE_TYPE_CHOICES", "Value must be one of (0, 1).")
    is_required = form.fail_if_not_exists is not False
    return Reply(form.message_id, form.channel_id, form.guild_id, is_required), None


def forward_content() -> Invalid:
    """Make the error of a forward that is to have content of its own."""
    text = "A forward shows the other message alone: it has no content, embeds, attachments or poll."
    return invalid_field("message_reference", "MESSAGE_FORWARD_CONTENT", text)
