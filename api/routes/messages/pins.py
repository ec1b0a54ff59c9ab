"""/channels/{channel_id}/messages/pins, and /channels/{channel_id}/pins, by which older clients know them."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from api.forms.moments import Moment
from api.http.answers import Answer
from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, put
from api.services.caller import Caller
from api.services.pins.pins import MAX_PAGE, PinService
from core.wire.objects.messages.message import MessageObject
from core.wire.objects.messages.pin import PinsObject

PageLimit = Annotated[int, Meta(ge=1, le=MAX_PAGE, description="How many pins at most")]

_PINNED: Final = ("/channels/{channel_id}/messages/pins/{message_id}", "/channels/{channel_id}/pins/{message_id}")


@put(*_PINNED, status=204, is_audited=True)
async def pin_message(channel_id: SnowflakePath, message_id: SnowflakePath, caller: Caller, pins: PinService) -> None:
    """Pin a message."""
    await pins.pin(caller.user_id, channel_id, message_id)


@delete(*_PINNED, status=204, is_audited=True)
async def unpin_message(channel_id: SnowflakePath, message_id: SnowflakePath, caller: Caller, pins: PinService) -> None:
    """Unpin a message."""
    await pins.unpin(caller.user_id, channel_id, message_id)


@get("/channels/{channel_id}/messages/pins", answer=PinsObject)
async def list_pins(
    channel_id: SnowflakePath,
    caller: Caller,
    pins: PinService,
    before: Moment | None = None,
    limit: PageLimit = MAX_PAGE,
) -> Answer:
    """A page of pins, the newest first. `before` is the time of a pin."""
    before_ms = None if before is None else round(before.timestamp() * 1000)
    return Answer(await pins.list_page(caller, channel_id, before_ms=before_ms, limit=limit))


@get("/channels/{channel_id}/pins", answer=list[MessageObject])
async def list_pinned_messages(channel_id: SnowflakePath, caller: Caller, pins: PinService) -> Answer:
    """The newest pinned messages."""
    return Answer(await pins.list_messages(caller, channel_id))


ROUTES: Final[Sequence[Route]] = (pin_message, unpin_message, list_pins, list_pinned_messages)
