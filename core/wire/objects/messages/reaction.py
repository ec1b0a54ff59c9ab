"""Reactions on the wire: what messages show, and the bodies of the events."""

from collections.abc import Collection

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.messages.reaction import Counts, OwnReactions, Reaction, ReactionCount
from core.wire.objects.guilds.member import MemberObject


class ReactionEmojiObject(msgspec.Struct, kw_only=True):
    """An emoji (MessageReactionEmojiResponse). One of Unicode's has no id."""

    id: str | None = None
    name: str


class ReactionCountDetails(msgspec.Struct, kw_only=True):
    """How many users have reacted in each way."""

    burst: int
    normal: int


class ReactionObject(msgspec.Struct, kw_only=True):
    """The reactions with one emoji, as one reader sees them (MessageReactionResponse)."""

    emoji: ReactionEmojiObject
    count: int
    count_details: ReactionCountDetails
    burst_colors: list[str] = []
    me: bool
    me_burst: bool
    burst_me: bool
    """The same as `me_burst`, by the name that older clients know."""
    burst_count: int


class ReactionEvent(msgspec.Struct, kw_only=True):
    """`d` of MESSAGE_REACTION_ADD and _REMOVE. Only ADD has the member, in guilds, and the message's author."""

    user_id: str
    channel_id: str
    message_id: str
    guild_id: str | UnsetType = UNSET
    member: MemberObject | UnsetType = UNSET
    message_author_id: str | UnsetType = UNSET
    emoji: ReactionEmojiObject
    burst: bool
    burst_colors: list[str] | UnsetType = UNSET
    type: int


class ReactionsRemoved(msgspec.Struct, kw_only=True):
    """`d` of MESSAGE_REACTION_REMOVE_ALL, and with an emoji of MESSAGE_REACTION_REMOVE_EMOJI."""

    channel_id: str
    message_id: str
    guild_id: str | UnsetType = UNSET
    emoji: ReactionEmojiObject | UnsetType = UNSET


def render_reactions(counts: Counts, own: OwnReactions) -> list[ReactionObject]:
    """Return what a message shows to a user with these own reactions."""
    return [_render_count(count, own) for count in counts]


def _render_count(count: ReactionCount, own: Collection[tuple[str, bool]]) -> ReactionObject:
    is_own_burst = (count.key, True) in own
    return ReactionObject(
        emoji=ReactionEmojiObject(name=count.emoji),
        count=count.normal + count.burst,
        count_details=ReactionCountDetails(burst=count.burst, normal=count.normal),
        me=(count.key, False) in own,
        me_burst=is_own_burst,
        burst_me=is_own_burst,
        burst_count=count.burst,
    )


def render_reaction_event(reaction: Reaction, guild_id: int) -> ReactionEvent:
    """Return the body without what only MESSAGE_REACTION_ADD has."""
    return ReactionEvent(
        user_id=str(reaction.user_id),
        channel_id=str(reaction.channel_id),
        message_id=str(reaction.message_id),
        guild_id=str(guild_id) if guild_id else UNSET,
        emoji=ReactionEmojiObject(name=reaction.emoji),
        burst=reaction.is_burst,
        type=int(reaction.is_burst),
    )


class _Reacted(msgspec.Struct):
    message_id: str


_decode_reacted = msgspec.json.Decoder(_Reacted).decode


def find_reacted(payload: msgspec.Raw) -> int:
    """Return the message that an event about reactions is about. Raises msgspec.MsgspecError when it is none."""
    return int(_decode_reacted(payload).message_id)
