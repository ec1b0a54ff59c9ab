"""A page: the newest messages of a channel, and what readers have made of them.

That is their JSON, the messages that replies answer, and the counts of reactions. The first two are as fresh as the
page, and the JSON counts only together with the author that it shows. The counts of a message are forgotten when an
event tells of its reactions, and a reading that had begun before that is not kept. Everything is bounded in bytes: with
embeds a message may take half a MiB. `api.services.messages.pages.message_cache` keeps pages and alone changes which
messages they have.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from core.domain.ids import MAX_SNOWFLAKE
from core.domain.messages.forward import Forward
from core.domain.messages.message import Message, ResolvedMessage
from core.domain.messages.reaction import Counts
from core.domain.people.user import User

PAGE_SIZE: Final = 100
"""The longest history request."""
MAX_MESSAGE_BYTES: Final = 256 * 1024
"""The bound of a page's messages: a hundred of 2,000 ASCII characters. Larger ones leave fewer on the page."""
MAX_DERIVED_BYTES: Final = 256 * 1024
"""The bound of what readers have made of them. All pages take 128 MiB at most, and 25 MiB with ordinary messages."""

_FIXED_BYTES: Final = 512
"""A message's Struct and its numbers."""
_ID_BYTES: Final = 44
"""An id in a tuple."""
_ATTACHMENT_BYTES: Final = 1024
"""An attachment with a short description."""
_ENTRY_BYTES: Final = 160
"""The overhead of kept JSON: the headers of its bytes and its tuple, and a place in a dict."""
_COUNT_BYTES: Final = 256
"""The count of one emoji, and its part of what holds it."""
_WIDE_BYTES: Final = 8
"""A character of a text that is not ASCII: at most 4 bytes, and 4 of the UTF-8 that Python keeps beside it."""


def estimate_bytes(message: Message | None) -> int:
    """Return about how much memory a message takes."""
    if message is None:
        return _ID_BYTES
    content_bytes = len(message.content) * (1 if message.content.isascii() else _WIDE_BYTES)
    ids = len(message.mention_ids) + len(message.mention_role_ids)
    listed_bytes = _ID_BYTES * ids + _ATTACHMENT_BYTES * len(message.attachments)
    own_bytes = _FIXED_BYTES + content_bytes + len(message.embeds) + listed_bytes
    return own_bytes if message.forward is None else own_bytes + _estimate_forward_bytes(message.forward)


def _estimate_forward_bytes(forward: Forward) -> int:
    content_bytes = len(forward.content) * (1 if forward.content.isascii() else _WIDE_BYTES)
    ids = len(forward.mention_ids) + len(forward.mention_role_ids)
    listed_bytes = _ID_BYTES * ids + _ATTACHMENT_BYTES * len(forward.attachments)
    return _FIXED_BYTES + content_bytes + len(forward.embeds) + listed_bytes


class Page:
    """A channel's newest messages, newest first. Only `MessageCache` changes which they are."""

    __slots__ = (
        "_counts",
        "_encoded",
        "_free_derived",
        "_free_messages",
        "_replied",
        "_told_at",
        "_uncounted",
        "complete_to",
        "is_whole",
        "messages",
        "reactions_told",
        "told_id",
    )

    def __init__(self, read: Sequence[Message], *, before: int = MAX_SNOWFLAKE) -> None:
        """`read` are the newest messages of the channel, newest first. Those from `before` on are left out."""
        self.messages: tuple[Message, ...] = tuple(message for message in read if message.id < before)
        self.complete_to = self.messages[0].id if self.messages else 0
        """No message up to this one is missing at the page's new end. It may itself be too large for the page."""
        self.told_id = 0
        """The newest message that was told while the page was behind."""
        self.is_whole = len(read) < PAGE_SIZE
        """True when the channel has no older messages than these."""
        self._encoded: dict[int, tuple[User, bytes]] = {}
        """The JSON of a message and the author that stands in it, keyed by message id."""
        self._replied: dict[int, Message | None] = {}
        """The messages that replies of the page answer, keyed by id; None for a deleted one."""
        self._counts: dict[int, Counts] = {}
        """The counts of the messages that have reactions, keyed by message id."""
        self._uncounted = {message.id for message in self.messages}
        """The messages whose counts have not been read since the last event about them."""
        self.reactions_told = 0
        """The number of events about reactions so far."""
        self._told_at: dict[int, int] = {}
        """That number as it was at the last such event of a message, keyed by message id."""
        self._free_derived = MAX_DERIVED_BYTES
        self._free_messages = MAX_MESSAGE_BYTES - sum(map(estimate_bytes, self.messages))
        self._trim()

    @property
    def is_behind(self) -> bool:
        """Whether a message was told that the page has not got."""
        return self.told_id > self.complete_to

    @property
    def replied(self) -> Mapping[int, Message | None]:
        """The answered messages that readers have looked up."""
        return self._replied

    def find_slice(self, *, before: int | None, after: int | None, limit: int) -> tuple[Message, ...] | None:
        """Return what a history request asks for, newest first, or None when the page does not reach that far."""
        messages = self.messages
        if after is not None:
            if not self.is_whole and (not messages or after < messages[-1].id):
                return None
            above = tuple(message for message in messages if message.id > after)
            return above[-limit:]
        if before is not None:
            messages = tuple(message for message in messages if message.id < before)
        return messages[:limit] if self.is_whole or len(messages) >= limit else None

    def find_encoded(self, message: Message, author: User | None) -> bytes | None:
        """Return the message's JSON, if it was encoded with this author."""
        known = self._encoded.get(message.id)
        return known[1] if known is not None and known[0] is author else None

    def keep_encoded(self, resolved: ResolvedMessage, encoded: bytes) -> None:
        """Keep the JSON of a message that shows text and author alone, if it is still on the page and there is room."""
        message = resolved.message
        # Links to attachments are good for a time only, so what shows them is encoded anew.
        shows_more = message.reference_id is not None or message.mention_ids or message.attachments or message.forward
        # What a webhook has sent has no user as its author, by whom the JSON would be found.
        if shows_more or message.webhook is not None or not self._holds(message):
            return
        self._forget_encoded(message.id)
        size_bytes = _ENTRY_BYTES + len(encoded)
        if size_bytes <= self._free_derived:
            self._encoded[message.id] = (resolved.author, encoded)
            self._free_derived -= size_bytes

    def keep_replied(self, reply: Message, answered: Message | None) -> None:
        """Keep the message that a reply answers, if the reply is still on the page and there is room."""
        target_id = reply.reference_id
        size_bytes = estimate_bytes(answered)
        if target_id is None or target_id in self._replied or not self._holds(reply) or size_bytes > self._free_derived:
            return
        self._replied[target_id] = answered
        self._free_derived -= size_bytes

    @property
    def is_bare(self) -> bool:
        """Whether it is known that no message of the page has reactions."""
        return not self._uncounted and not self._counts

    def find_uncounted(self, message_ids: Iterable[int]) -> list[int]:
        """Return the messages whose counts are to be read."""
        return [each for each in message_ids if each in self._uncounted] if self._uncounted else []

    def find_counts(self, message_ids: Iterable[int]) -> dict[int, Counts]:
        """Return the counts of those messages that are known to have reactions."""
        counts = self._counts
        return {each: counts[each] for each in message_ids if each in counts} if counts else {}

    def keep_counts(self, read: Mapping[int, Counts], *, told: int) -> None:
        """Keep counts that were read when `reactions_told` was `told`, of messages of which nothing was told since."""
        for message_id, counts in read.items():
            size_bytes = _COUNT_BYTES * len(counts)
            is_new = message_id in self._uncounted and self._told_at.get(message_id, 0) <= told
            if is_new and size_bytes <= self._free_derived:
                self._uncounted.discard(message_id)
                if counts:
                    self._counts[message_id] = counts
                    self._free_derived -= size_bytes

    def forget_counts(self, message_id: int) -> None:
        """Note that the reactions of a message have changed."""
        self.reactions_told += 1
        if any(message.id == message_id for message in self.messages):
            self._told_at[message_id] = self.reactions_told
            self._drop_counts(message_id)
            self._uncounted.add(message_id)

    def push(self, message: Message, *, is_sent_now: bool = False) -> None:
        """Put a newer message in front. One that is sent now has no reactions yet."""
        if not is_sent_now:
            self._uncounted.add(message.id)
        self.complete_to = message.id
        self.messages = (message, *self.messages)
        self._free_messages -= estimate_bytes(message)
        self._trim()

    def _holds(self, message: Message) -> bool:
        """Tell whether a message that was on the page has not left it since: the oldest leave first."""
        return bool(self.messages) and message.id >= self.messages[-1].id

    def _trim(self) -> None:
        kept = len(self.messages)
        while kept > PAGE_SIZE or self._free_messages < 0:
            kept -= 1
            self._forget(self.messages[kept])
        if kept < len(self.messages):
            self.messages = self.messages[:kept]
            self.is_whole = False

    def _forget(self, left_out: Message) -> None:
        self._free_messages += estimate_bytes(left_out)
        self._forget_encoded(left_out.id)
        self._drop_counts(left_out.id)
        self._uncounted.discard(left_out.id)
        self._told_at.pop(left_out.id, None)
        if left_out.reference_id in self._replied:
            self._free_derived += estimate_bytes(self._replied.pop(left_out.reference_id))

    def _forget_encoded(self, message_id: int) -> None:
        known = self._encoded.pop(message_id, None)
        if known is not None:
            self._free_derived += _ENTRY_BYTES + len(known[1])

    def _drop_counts(self, message_id: int) -> None:
        self._free_derived += _COUNT_BYTES * len(self._counts.pop(message_id, ()))
