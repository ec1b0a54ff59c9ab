"""/channels/{channel_id}/messages: sending, reading, editing, deleting. Answers are the bytes that the services made."""

from typing import Annotated, Final

from litestar import delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter
from litestar.status_codes import HTTP_204_NO_CONTENT

from api.forms.form import SnowflakePath, SnowflakeQuery
from api.http.answers import Answer
from api.http.binding import JSON_OF_KEY
from api.http.gate import Gate
from api.http.html_forms import find_json
from api.http.openapi import ANSWER_KEY
from api.http.scope import Scope
from api.services.caller import Caller
from api.services.messages.message_edits import MessageEdits
from api.services.messages.message_forms import BulkDelete, CreateMessage, EditMessage
from api.services.messages.message_history import DEFAULT_LIMIT, MAX_LIMIT, MessageHistory, PageQuery
from api.services.messages.messages import MessageService
from core.wire.objects.message import MessageObject

FORM: Final = {JSON_OF_KEY: find_json, ANSWER_KEY: MessageObject}
"""Bodies may be forms."""

PageLimit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="How many messages at most")]


@post("/channels/{channel_id:str}/messages", status_code=200, opt=FORM)
async def send_message(
    channel_id: SnowflakePath,
    data: CreateMessage,
    caller: Caller,
    messages: MessageService,
    gate: Gate,
    scope: Scope,
) -> Answer:
    """Send a message; a nonce that is known gives the first message of it."""
    try:
        return Answer(await messages.send(caller.user_id, channel_id, data))
    finally:
        await gate.show_message_rate(scope, caller.user_id, channel_id)


@get("/channels/{channel_id:str}/messages", opt={ANSWER_KEY: list[MessageObject]})
async def list_messages(
    channel_id: SnowflakePath,
    caller: Caller,
    history: MessageHistory,
    around: SnowflakeQuery = None,
    before: SnowflakeQuery = None,
    after: SnowflakeQuery = None,
    limit: PageLimit = DEFAULT_LIMIT,
) -> Answer:
    """Messages of a channel, newest first."""
    query = PageQuery(around=around, before=before, after=after, limit=limit)
    return Answer(await history.list_page(caller.user_id, channel_id, query))


@get("/channels/{channel_id:str}/messages/{message_id:str}", opt={ANSWER_KEY: MessageObject})
async def get_message(
    channel_id: SnowflakePath, message_id: SnowflakePath, caller: Caller, history: MessageHistory
) -> Answer:
    """One message."""
    return Answer(await history.fetch(caller.user_id, channel_id, message_id))


@patch("/channels/{channel_id:str}/messages/{message_id:str}", opt=FORM)
async def edit_message(
    channel_id: SnowflakePath, message_id: SnowflakePath, data: EditMessage, caller: Caller, edits: MessageEdits
) -> Answer:
    """Change one's own message, or the flags of any with MANAGE_MESSAGES."""
    return Answer(await edits.edit(caller.user_id, channel_id, message_id, data))


@delete("/channels/{channel_id:str}/messages/{message_id:str}", status_code=HTTP_204_NO_CONTENT)
async def delete_message(
    channel_id: SnowflakePath, message_id: SnowflakePath, caller: Caller, edits: MessageEdits
) -> None:
    """Delete one's own message, or anybody's with MANAGE_MESSAGES."""
    await edits.delete(caller.user_id, channel_id, message_id)


@post("/channels/{channel_id:str}/messages/bulk-delete", status_code=HTTP_204_NO_CONTENT)
async def bulk_delete_messages(
    channel_id: SnowflakePath, data: BulkDelete, caller: Caller, edits: MessageEdits
) -> None:
    """Delete 2 to 100 messages at once."""
    await edits.delete_many(caller.user_id, channel_id, data.messages)


HANDLERS: list[HTTPRouteHandler] = [
    send_message,
    list_messages,
    get_message,
    edit_message,
    delete_message,
    bulk_delete_messages,
]
