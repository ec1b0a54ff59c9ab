"""/channels/{channel_id}/messages/{message_id}/reactions.

People's clients name the kind of a reaction, 0 or 1 for a burst, before the user; bots do not, and mean the plain one.
"""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from msgspec import Meta

from api.http.gate import Gate
from api.http.parameters import SnowflakePath, SnowflakeQuery, WireName
from api.http.route import Route, delete, get, put
from api.http.scope import Scope
from api.services.caller import Caller
from api.services.reactions.reactions import DEFAULT_LIMIT, MAX_LIMIT, ReactionService
from core.wire.objects.people.user import UserObject

_MESSAGE: Final = "/channels/{channel_id}/messages/{message_id}"
_EMOJI: Final = f"{_MESSAGE}/reactions/{{emoji_name}}"

Kind = Literal[0, 1]
KindQuery = Annotated[Kind, WireName("type")]
"""0 is a plain reaction, 1 a burst."""
PageLimit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="How many users at most")]


@put(f"{_EMOJI}/@me", status=204)
async def add_reaction(
    channel_id: SnowflakePath,
    message_id: SnowflakePath,
    emoji_name: str,
    caller: Caller,
    reactions: ReactionService,
    gate: Gate,
    scope: Scope,
    kind: KindQuery = 0,
) -> None:
    """React to a message."""
    await gate.count_reaction(scope, caller.user_id, channel_id)
    await reactions.add(caller.user_id, channel_id, message_id, emoji_name, is_burst=kind == 1)


@delete(f"{_EMOJI}/@me", status=204)
async def remove_own_reaction(
    channel_id: SnowflakePath,
    message_id: SnowflakePath,
    emoji_name: str,
    caller: Caller,
    reactions: ReactionService,
    gate: Gate,
    scope: Scope,
) -> None:
    """Take one's own reaction back."""
    await gate.count_reaction(scope, caller.user_id, channel_id)
    await reactions.remove(caller.user_id, channel_id, message_id, emoji_name)


@delete(f"{_EMOJI}/{{kind}}/@me", status=204)
async def remove_own_reaction_of_kind(
    channel_id: SnowflakePath,
    message_id: SnowflakePath,
    emoji_name: str,
    kind: Kind,
    caller: Caller,
    reactions: ReactionService,
    gate: Gate,
    scope: Scope,
) -> None:
    """Take one's own plain reaction or burst back."""
    await gate.count_reaction(scope, caller.user_id, channel_id)
    await reactions.remove(caller.user_id, channel_id, message_id, emoji_name, is_burst=kind == 1)


@delete(f"{_EMOJI}/{{user_id}}", status=204)
async def remove_reaction(
    channel_id: SnowflakePath,
    message_id: SnowflakePath,
    emoji_name: str,
    user_id: SnowflakePath,
    caller: Caller,
    reactions: ReactionService,
    gate: Gate,
    scope: Scope,
) -> None:
    """Remove a user's reaction."""
    await gate.count_reaction(scope, caller.user_id, channel_id)
    await reactions.remove(caller.user_id, channel_id, message_id, emoji_name, whose=user_id)


@delete(f"{_EMOJI}/{{kind}}/{{user_id}}", status=204)
async def remove_reaction_of_kind(  # noqa: PLR0913, PLR0917 - all that the address says
    channel_id: SnowflakePath,
    message_id: SnowflakePath,
    emoji_name: str,
    kind: Kind,
    user_id: SnowflakePath,
    caller: Caller,
    reactions: ReactionService,
    gate: Gate,
    scope: Scope,
) -> None:
    """Remove a user's plain reaction or burst."""
    await gate.count_reaction(scope, caller.user_id, channel_id)
    await reactions.remove(caller.user_id, channel_id, message_id, emoji_name, whose=user_id, is_burst=kind == 1)


@delete(f"{_MESSAGE}/reactions", status=204)
async def remove_all_reactions(
    channel_id: SnowflakePath,
    message_id: SnowflakePath,
    caller: Caller,
    reactions: ReactionService,
    gate: Gate,
    scope: Scope,
) -> None:
    """Remove all reactions to a message."""
    await gate.count_reaction(scope, caller.user_id, channel_id)
    await reactions.remove_all(caller.user_id, channel_id, message_id)


@delete(_EMOJI, status=204)
async def remove_reactions_with_emoji(
    channel_id: SnowflakePath,
    message_id: SnowflakePath,
    emoji_name: str,
    caller: Caller,
    reactions: ReactionService,
    gate: Gate,
    scope: Scope,
) -> None:
    """Remove all reactions with one emoji."""
    await gate.count_reaction(scope, caller.user_id, channel_id)
    await reactions.remove_all(caller.user_id, channel_id, message_id, emoji_name)


@get(_EMOJI)
async def list_reactions(
    channel_id: SnowflakePath,
    message_id: SnowflakePath,
    emoji_name: str,
    caller: Caller,
    reactions: ReactionService,
    after: SnowflakeQuery = None,
    limit: PageLimit = DEFAULT_LIMIT,
    kind: KindQuery = 0,
) -> list[UserObject]:
    """The users who have reacted with an emoji."""
    return await reactions.list_users(
        caller.user_id, channel_id, message_id, emoji_name, is_burst=kind == 1, after=after or 0, limit=limit
    )


ROUTES: Final[Sequence[Route]] = (
    add_reaction,
    remove_own_reaction,
    remove_own_reaction_of_kind,
    remove_reaction,
    remove_reaction_of_kind,
    remove_all_reactions,
    remove_reactions_with_emoji,
    list_reactions,
)
