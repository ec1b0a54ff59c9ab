"""Read receipts of direct channels, and whether the caller shares its own: routes of our own."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, get, patch
from api.services.caller import Caller
from api.services.reading.read_receipts import ReadReceiptService
from api.services.reading.read_state_forms import UpdateReadReceipts
from core.wire.objects.channels.read_state import ReadReceiptObject, ReadReceiptSettings


@get("/channels/{channel_id}/read-receipts")
async def list_read_receipts(
    channel_id: SnowflakePath, caller: Caller, read_receipts: ReadReceiptService
) -> list[ReadReceiptObject]:
    """How far the others in a direct channel have read, of those who share it with the caller."""
    return await read_receipts.list_of_channel(caller, channel_id)


@get("/users/@me/read-receipts")
async def get_read_receipt_settings(caller: Caller, read_receipts: ReadReceiptService) -> ReadReceiptSettings:
    """Whether the caller shares how far it has read."""
    return await read_receipts.fetch_settings(caller)


@patch("/users/@me/read-receipts")
async def update_read_receipt_settings(
    caller: Caller, data: UpdateReadReceipts, read_receipts: ReadReceiptService
) -> ReadReceiptSettings:
    """Begin or end to share how far the caller has read."""
    return await read_receipts.update_settings(caller, enabled=data.enabled)


ROUTES: Final[Sequence[Route]] = (list_read_receipts, get_read_receipt_settings, update_read_receipt_settings)
