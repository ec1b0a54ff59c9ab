"""/users/{user_id}/chats: the caller's channels with their newest messages and what is unread, a list of our own."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.http.parameters import SnowflakePath, SnowflakeQuery
from api.http.route import Route, get
from api.services.caller import Caller
from api.services.reading.chats import DEFAULT_CHATS, MAX_CHATS, ChatService
from core.wire.objects.channels.chat import ChatObject

ChatLimit = Annotated[int, Meta(ge=1, le=MAX_CHATS, description="How many chats at most")]


@get("/users/{user_id}/chats")
async def list_chats(
    user_id: SnowflakePath,
    caller: Caller,
    chats: ChatService,
    before: SnowflakeQuery = None,
    limit: ChatLimit = DEFAULT_CHATS,
) -> list[ChatObject]:
    """The caller's chats, that with the newest message first; `before` is the newest message of the last one seen."""
    return await chats.list_page(caller, user_id, before=before, limit=limit)


ROUTES: Final[Sequence[Route]] = (list_chats,)
