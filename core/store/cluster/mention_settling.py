"""The mentions of an edited message, whose row is in another server.

Two edits may write their mentions in either order, and a deletion may come between. So whoever has written looks at the
row once more, and writes again when it has changed: the last one to write has seen the last row.
"""

from core.domain.messages.message import Message
from core.store.aggregates.messages.message_rows import MessageRows
from core.store.aggregates.messages.read_states import MentionRows


async def settle_mentions(rows: MessageRows, mentions: MentionRows, edited: Message) -> None:
    """Make the mentions those of the message as it is stored, which was `edited` a moment ago. It may be repeated.

    Raises:
        Unavailable, OutcomeUnknown.
    """
    while True:
        await mentions.replace(edited)
        stored = await rows.find(edited.channel_id, edited.id)
        if stored is None:
            await mentions.drop([edited.id])
            return
        if stored.version == edited.version:
            return
        edited = stored
