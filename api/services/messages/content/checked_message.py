"""A message between the check of its author's rights and its id: what it needs, and what is made of it then.

Nothing here waits for anything, so the making of the message is safe behind an open door (messages.py).
"""

from typing import Final

import msgspec

from api.services.access import ChannelAccess
from api.services.files.incoming_files import ATTACH_FILES
from api.services.messages.content.message_forms import Draft
from api.services.messages.content.message_mentions import Mentions
from core.domain.errors import VoiceMessageFacts, VoiceMessageFiles, VoiceMessageForbidden
from core.domain.guilds.permissions import Permission
from core.domain.messages.attachment import Attachment
from core.domain.messages.forward import HAS_SNAPSHOT
from core.domain.messages.message import Message, MessageType, ResolvedMessage
from core.domain.people.user import User
from core.door.interfaces import Opening

_SEND_TTS: Final = int(Permission.SEND_TTS_MESSAGES)
_EMBED_LINKS: Final = int(Permission.EMBED_LINKS)
_SEND_POLLS: Final = int(Permission.SEND_POLLS)
_SEND_VOICE: Final = int(Permission.SEND_VOICE_MESSAGES)
_BYPASS_SLOW_MODE: Final = int(Permission.BYPASS_SLOWMODE)


class CheckedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message whose author may send it: all that is needed to make it once it has an id."""

    draft: Draft
    access: ChannelAccess
    author: User
    mentions: Mentions
    referenced: ResolvedMessage | None
    forward_mentions: tuple[User, ...]
    mark: int
    """How new the rights are (`Door.mark`)."""
    shared_guild_id: int
    """As in `Opening`."""


def opening_of(checked: CheckedMessage) -> Opening:
    channel, author = checked.access.channel, checked.author
    waits = channel.rate_limit_per_user > 0 and not author.bot and not checked.access.has(_BYPASS_SLOW_MODE)
    return Opening(
        channel_id=channel.id,
        guild_id=channel.guild_id,
        recipient_ids=channel.recipient_ids,
        shared_guild_id=checked.shared_guild_id,
        author_id=author.id,
        nonce=checked.draft.nonce,
        slow_mode_s=channel.rate_limit_per_user if waits else 0,
        mark=checked.mark,
    )


def resolve_checked(checked: CheckedMessage, message_id: int) -> ResolvedMessage:
    """Make the message, now that it has an id."""
    draft, mentions, referenced = checked.draft, checked.mentions, checked.referenced
    message = Message(
        id=message_id,
        channel_id=checked.access.channel.id,
        guild_id=checked.access.channel.guild_id,
        author_id=checked.author.id,
        type=MessageType.DEFAULT if referenced is None else MessageType.REPLY,
        content=draft.content,
        tts=draft.tts,
        mention_everyone=mentions.everyone,
        mention_ids=mentions.user_ids,
        mention_role_ids=mentions.role_ids,
        embeds=draft.embeds,
        flags=draft.flags if draft.forward is None else draft.flags | HAS_SNAPSHOT,
        nonce=draft.nonce,
        nonce_is_int=draft.nonce_is_int,
        reference_id=None if referenced is None else referenced.message.id,
        attachments=draft.attachments,
        forward=draft.forward,
        poll=draft.poll,
    )
    return ResolvedMessage(
        message=message,
        author=checked.author,
        mentions=mentions.users,
        mentioned_members=mentions.members,
        referenced=referenced,
        forward_mentions=checked.forward_mentions,
    )


def require_send_rights(access: ChannelAccess, draft: Draft) -> None:
    """Raise as `ChannelAccess.require_to_send`, and VoiceMessageForbidden."""
    needed = 0
    if draft.tts:
        needed |= _SEND_TTS
    if draft.has_embeds:
        needed |= _EMBED_LINKS
    if draft.poll is not None:
        needed |= _SEND_POLLS
    shown = draft.attachments if draft.forward is None else draft.forward.attachments
    if shown and not draft.is_voice:
        needed |= ATTACH_FILES
    access.require_to_send(needed)
    if draft.is_voice and not access.has(_SEND_VOICE):
        raise VoiceMessageForbidden


def check_voice(attachments: tuple[Attachment, ...]) -> None:
    """Raise VoiceMessageFiles or VoiceMessageFacts for what is no single recording."""
    if len(attachments) != 1 or not attachments[0].content_type.startswith(("audio/", "video/")):
        raise VoiceMessageFiles
    if attachments[0].duration_s is None or attachments[0].waveform is None:
        raise VoiceMessageFacts
