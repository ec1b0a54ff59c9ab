"""/users/@me/mentions: the inbox of messages that mention the caller."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.answers import Answer
from api.http.parameters import SnowflakePath, SnowflakeQuery, WireName
from api.http.route import Route, delete, get
from api.services.caller import Caller
from api.services.reading.mention_inbox import DEFAULT_LIMIT, MAX_LIMIT, InboxQuery, MentionInboxService
from core.wire.objects.messages.message import MessageObject

InboxLimit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="How many messages at most")]
WithRoles = Annotated[bool, Meta(description="Whether mentions of roles count"), WireName("roles")]
WithEveryone = Annotated[bool, Meta(description="Whether mentions of everyone count"), WireName("everyone")]


@get("/users/@me/mentions", answer=list[MessageObject])
async def list_mentions(
    caller: Caller,
    mentions: MentionInboxService,
    before: SnowflakeQuery = None,
    limit: InboxLimit = DEFAULT_LIMIT,
    guild_id: SnowflakeQuery = None,
    with_roles: WithRoles = True,  # noqa: FBT002 - a query parameter
    with_everyone: WithEveryone = True,  # noqa: FBT002
) -> Answer:
    """Messages that mention the caller, newest first; on demand without those of roles or of everyone."""
    query = InboxQuery(before=before, limit=limit, guild_id=guild_id, roles=with_roles, everyone=with_everyone)
    return Answer(await mentions.list_page(caller, query))


@delete("/users/@me/mentions/{message_id}", status=204)
async def dismiss_mention(message_id: SnowflakePath, caller: Caller, mentions: MentionInboxService) -> None:
    """Take a message out of the inbox."""
    await mentions.dismiss(caller, message_id)


ROUTES: Final[Sequence[Route]] = (list_mentions, dismiss_mention)
