"""Messages on the wire: the REST object, and the same with guild and member for MESSAGE_CREATE and MESSAGE_UPDATE."""

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.guilds.member import Member
from core.domain.messages.call_note import CallNote
from core.domain.messages.forward import Forward
from core.domain.messages.message import SUPPRESS_EMBEDS, Message, MessageType, ResolvedMessage
from core.domain.people.user import User
from core.wire.objects.guilds.member import MemberObject, render_member
from core.wire.objects.messages.attachment import AttachmentObject, LinkTo, render_attachment
from core.wire.objects.messages.embed import NO_EMBEDS
from core.wire.objects.messages.embed_files import show_embed_files
from core.wire.objects.messages.poll import PollObject, render_poll
from core.wire.objects.messages.reaction import ReactionObject
from core.wire.objects.people.user import UserObject, render_user
from core.wire.times import iso_time, iso_time_of

FORWARD = 1
"""The type of a reference to a message that is forwarded."""
WEBHOOK_DISCRIMINATOR = "0000"
"""The discriminator of all webhooks. Users have "0"."""


class MessageReferenceObject(msgspec.Struct, kw_only=True):
    """The message that a reply or a copy (type 0) or a forward (type 1) points at; or the channel that was followed."""

    type: int = 0
    channel_id: str
    message_id: str | UnsetType = UNSET
    guild_id: str | UnsetType = UNSET


class SnapshotMessageObject(msgspec.Struct, kw_only=True):
    """What a forwarded message showed (MinimalContentMessageResponse). Of its author nothing is told."""

    type: int
    content: str
    mentions: list[UserObject]
    mention_roles: list[str]
    attachments: list[AttachmentObject]
    embeds: msgspec.Raw
    timestamp: str
    edited_timestamp: str | None
    flags: int
    components: list[str] = []


class MessageSnapshotObject(msgspec.Struct, kw_only=True):
    """A forwarded message (MessageSnapshotResponse)."""

    message: SnapshotMessageObject


class MentionObject(UserObject, kw_only=True):
    """A mentioned user. Only dispatches in the user's guilds have `member`, without its user."""

    member: MemberObject | UnsetType = UNSET


class MessageCallObject(msgspec.Struct, kw_only=True):
    """The call that a message tells of (MessageCallResponse)."""

    participants: list[str]
    ended_timestamp: str | None


class MessageObject(msgspec.Struct, kw_only=True):
    """A message (MessageResponse). Only dispatches have `guild_id` and `member`."""

    id: str
    type: int
    content: str
    channel_id: str
    author: UserObject
    timestamp: str
    edited_timestamp: str | None
    tts: bool
    mention_everyone: bool
    mentions: list[MentionObject]
    mention_roles: list[str]
    attachments: list[AttachmentObject] = []
    embeds: msgspec.Raw
    components: list[str] = []
    pinned: bool
    flags: int
    nonce: str | int | UnsetType = UNSET
    webhook_id: str | UnsetType = UNSET
    poll: PollObject | UnsetType = UNSET
    call: MessageCallObject | UnsetType = UNSET
    message_reference: MessageReferenceObject | UnsetType = UNSET
    message_snapshots: list[MessageSnapshotObject] | UnsetType = UNSET
    referenced_message: "MessageObject | UnsetType | None" = UNSET
    guild_id: str | UnsetType = UNSET
    member: MemberObject | UnsetType = UNSET
    reactions: list[ReactionObject] | UnsetType = UNSET
    """What the reader sees, which REST alone shows, and puts behind the rest."""


def _reference_of(message: Message) -> MessageReferenceObject | UnsetType:
    forward = message.forward
    if forward is not None:
        return MessageReferenceObject(
            type=FORWARD,
            channel_id=str(forward.channel_id),
            message_id=str(forward.message_id),
            guild_id=str(forward.guild_id) if forward.guild_id else UNSET,
        )
    source = message.source
    if source is not None:
        return MessageReferenceObject(
            channel_id=str(source.channel_id),
            message_id=str(source.message_id) if source.message_id else UNSET,
            guild_id=str(source.guild_id),
        )
    if message.reference_id is None:
        return UNSET
    return MessageReferenceObject(
        channel_id=str(message.channel_id),
        message_id=str(message.reference_id),
        guild_id=str(message.guild_id) if message.guild_id else UNSET,
    )


def _render_call(call: CallNote) -> MessageCallObject:
    return MessageCallObject(
        participants=[str(user_id) for user_id in call.participant_ids],
        ended_timestamp=iso_time(call.ended_ms) if call.ended_ms else None,
    )


def _nonce_of(message: Message) -> str | int | UnsetType:
    if message.nonce is None or message.webhook is not None:  # a copy's nonce is the server's own
        return UNSET
    return int(message.nonce) if message.nonce_is_int else message.nonce


def _author_of(resolved: ResolvedMessage) -> UserObject:
    """Return the author; of a webhook that has sent the message, what looks like a user."""
    webhook = resolved.message.webhook
    if webhook is None:
        return render_user(resolved.author)
    return UserObject(
        id=str(resolved.message.author_id),
        username=webhook.name,
        discriminator=WEBHOOK_DISCRIMINATOR,
        avatar=webhook.avatar,
        bot=True,
    )


def render_message(
    resolved: ResolvedMessage,
    *,
    with_nonce: bool = False,
    author: UserObject | None = None,
    link_to: LinkTo | None = None,
) -> MessageObject:
    """Return the message's REST object. The nonce is only for the answer to its sender and for the dispatch.

    `author` is the author's object, if the caller has it already. Without `link_to` a message shows no attachments.
    """
    message = resolved.message
    rendered = MessageObject(
        id=str(message.id),
        type=message.type,
        content=message.content,
        channel_id=str(message.channel_id),
        author=author or _author_of(resolved),
        timestamp=iso_time_of(message.id),
        edited_timestamp=iso_time(message.edited_ms) if message.edited_ms else None,
        tts=message.tts,
        mention_everyone=message.mention_everyone,
        mentions=[_render_mention(user, None) for user in resolved.mentions],
        mention_roles=[str(role_id) for role_id in message.mention_role_ids],
        embeds=NO_EMBEDS if message.flags & SUPPRESS_EMBEDS else message.embeds,
        pinned=message.pinned,
        flags=message.flags,
        nonce=_nonce_of(message) if with_nonce else UNSET,
        message_reference=_reference_of(message),
    )
    if message.webhook is not None:
        rendered.webhook_id = rendered.author.id
    if message.poll is not None:
        rendered.poll = render_poll(message.id, message.poll)
    if message.call is not None:
        rendered.call = _render_call(message.call)
    if message.attachments and link_to is not None:
        files = [render_attachment(message.channel_id, each, link_to) for each in message.attachments]
        rendered.embeds, rendered.attachments = show_embed_files(rendered.embeds, files)
    if message.forward is not None:
        rendered.message_snapshots = [_render_snapshot(resolved, message.forward, link_to)]
    if message.type == MessageType.REPLY:
        referenced = resolved.referenced
        rendered.referenced_message = None if referenced is None else render_message(referenced, link_to=link_to)
    return rendered


def _render_snapshot(resolved: ResolvedMessage, forward: Forward, link_to: LinkTo | None) -> MessageSnapshotObject:
    files = [render_attachment(resolved.message.channel_id, each, link_to) for each in forward.attachments if link_to]
    embeds, attachments = show_embed_files(forward.embeds, files)
    return MessageSnapshotObject(
        message=SnapshotMessageObject(
            type=forward.type,
            content=forward.content,
            mentions=[render_user(user) for user in resolved.forward_mentions],
            mention_roles=[str(role_id) for role_id in forward.mention_role_ids],
            attachments=attachments,
            embeds=embeds,
            timestamp=iso_time(forward.created_ms),
            edited_timestamp=iso_time(forward.edited_ms) if forward.edited_ms else None,
            flags=forward.flags,
        )
    )


def _render_mention(user: User, member: Member | None) -> MentionObject:
    mention = MentionObject(**msgspec.structs.asdict(render_user(user)))
    if member is not None:
        mention.member = render_member(member, with_user=False)
    return mention


def render_mentions(resolved: ResolvedMessage) -> list[MentionObject]:
    """Return the mentions as a dispatch shows them."""
    return [_render_mention(user, resolved.mentioned_members.get(user.id)) for user in resolved.mentions]


def render_message_dispatch(
    resolved: ResolvedMessage, member: Member | None, *, with_nonce: bool = True
) -> MessageObject:
    """Return the message for its event, with `guild_id`, the author's membership and the nonce, but no attachments."""
    rendered = render_message(resolved, with_nonce=with_nonce)
    if resolved.message.guild_id:
        rendered.guild_id = str(resolved.message.guild_id)
        rendered.mentions = render_mentions(resolved)
    if member is not None:
        rendered.member = render_member(member, with_user=False)
    return rendered


class DeletedMessage(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`d` of MESSAGE_DELETE."""

    id: str
    channel_id: str
    guild_id: str | None = None


class DeletedMessages(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`d` of MESSAGE_DELETE_BULK."""

    ids: list[str]
    channel_id: str
    guild_id: str | None = None
