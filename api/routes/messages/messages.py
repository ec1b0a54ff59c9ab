"""/channels/{channel_id}/messages: sending, reading, editing, deleting. The services make the bytes of the answers."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.answers import Answer
from api.http.gate import Gate
from api.http.parameters import SnowflakePath, SnowflakeQuery
from api.http.route import Route, delete, get, patch, post
from api.http.scope import Scope
from api.services.caller import Caller
from api.services.crossposts.crossposts import CrosspostService
from api.services.files.incoming_files import IncomingFiles
from api.services.messages.content.message_forms import BulkDelete, CreateMessage, EditMessage
from api.services.messages.message_edits import MessageEditService
from api.services.messages.messages import MessageService
from api.services.messages.pages.message_history import DEFAULT_LIMIT, MAX_LIMIT, MessageHistoryService, PageQuery
from core.domain.errors import DomainError
from core.wire.objects.messages.message import MessageObject

PageLimit = Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="How many messages at most")]


@post("/channels/{channel_id}/messages", takes_html_forms=True, answer=MessageObject)
async def send_message(
    channel_id: SnowflakePath,
    data: CreateMessage,
    caller: Caller,
    messages: MessageService,
    gate: Gate,
    scope: Scope,
    files: IncomingFiles | None,
) -> Answer:
    """Send a message. A known nonce answers the first message that was sent with it."""
    try:
        sent = await messages.send(caller.user_id, channel_id, data, files)
    except DomainError:
        await gate.show_message_rate(scope, caller.user_id, channel_id)
        raise
    gate.show_rate(scope, sent.standing)
    return Answer(sent.answer_for(caller))


@get("/channels/{channel_id}/messages", answer=list[MessageObject])
async def list_messages(
    channel_id: SnowflakePath,
    caller: Caller,
    history: MessageHistoryService,
    around: SnowflakeQuery = None,
    before: SnowflakeQuery = None,
    after: SnowflakeQuery = None,
    limit: PageLimit = DEFAULT_LIMIT,
) -> Answer:
    """Messages of a channel, newest first."""
    query = PageQuery(around=around, before=before, after=after, limit=limit)
    return Answer(await history.list_page(caller, channel_id, query))


@get("/channels/{channel_id}/messages/{message_id}", answer=MessageObject)
async def get_message(
    channel_id: SnowflakePath, message_id: SnowflakePath, caller: Caller, history: MessageHistoryService
) -> Answer:
    """One message."""
    return Answer(await history.fetch(caller, channel_id, message_id))


@patch("/channels/{channel_id}/messages/{message_id}", takes_html_forms=True, answer=MessageObject)
async def edit_message(
    channel_id: SnowflakePath,
    message_id: SnowflakePath,
    data: EditMessage,
    caller: Caller,
    edits: MessageEditService,
    files: IncomingFiles | None,
) -> Answer:
    """Change one's own message, or the flags of any with MANAGE_MESSAGES."""
    return Answer(await edits.edit(caller, channel_id, message_id, data, files))


@delete("/channels/{channel_id}/messages/{message_id}", status=204, is_audited=True)
async def delete_message(
    channel_id: SnowflakePath, message_id: SnowflakePath, caller: Caller, edits: MessageEditService
) -> None:
    """Delete one's own message, or anybody's with MANAGE_MESSAGES."""
    await edits.delete(caller.user_id, channel_id, message_id)


@post("/channels/{channel_id}/messages/{message_id}/crosspost", answer=MessageObject)
async def crosspost_message(
    channel_id: SnowflakePath, message_id: SnowflakePath, caller: Caller, crossposts: CrosspostService
) -> Answer:
    """Publish a message of an announcement channel."""
    return Answer(await crossposts.publish(caller, channel_id, message_id))


@post("/channels/{channel_id}/messages/bulk-delete", status=204, is_audited=True)
async def bulk_delete_messages(
    channel_id: SnowflakePath, data: BulkDelete, caller: Caller, edits: MessageEditService
) -> None:
    """Delete 2 to 100 messages at once."""
    await edits.delete_many(caller.user_id, channel_id, data.messages)


ROUTES: Final[Sequence[Route]] = (
    send_message,
    list_messages,
    get_message,
    edit_message,
    delete_message,
    bulk_delete_messages,
    crosspost_message,
)
