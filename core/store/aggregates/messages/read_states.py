"""Read states: how far people have read, and the mentions that wait for them."""

from collections.abc import Collection, Mapping
from typing import Protocol

from core.domain.messages.message import Message
from core.domain.messages.read_state import Ack, MentionPage, ReadReceipt, ReadState


class ReadStateReader(Protocol):
    async def list_of_user(self, user_id: int) -> list[ReadState]:
        """Return a person's read states, as `list_of_users` does."""

    async def list_of_users(self, user_ids: Collection[int]) -> dict[int, list[ReadState]]:
        """Return each person's read states as of one instant, by ascending channel id. Many cost one trip.

        Besides channels of which something was read, it has those with mentions that wait, in guilds of which the user
        is a member and in direct channels. Nothing counts that was sent before the user joined, by the user, or by
        somebody whom the user has blocked. Channels that the user may not view are among them: it is for the caller to
        leave them out.
        """

    async def list_in(self, user_id: int, channel_ids: Collection[int]) -> list[ReadState]:
        """Return those of `list_of_user` that are of these channels. What else there is costs nothing."""

    async def fetch_followed(self) -> dict[int, int]:
        """Return the position in each shard's log up to which authors' messages have moved their places (`move_own`).

        Shards whose log was never followed are missing.
        """

    async def list_mentions(
        self, user_id: int, *, before: int, limit: int, guild_id: int = 0, roles: bool = True, everyone: bool = True
    ) -> MentionPage:
        """Return messages that mention the user and were not dismissed, newest first, also those that were read.

        None is from before the user joined, or from somebody whom the user has blocked. What is read for a page is
        bounded, whatever there is, so it may have less than `limit`, and the next one is asked for with `next_before`.

        `guild_id` asks for one guild alone; without `roles` or `everyone` such mentions are left out.
        """

    async def find_receipt_peers(self, user_id: int, channel_ids: Collection[int]) -> dict[int, list[int]]:
        """Return those who may know how far the user has read each of these channels, where there are any.

        They are the other recipients of a direct channel of up to `MAX_RECEIPT_RECIPIENTS`, if they and the user share
        receipts and neither has blocked the other. So the user may know the same of them.
        """

    async def list_receipts(self, user_id: int, channel_id: int) -> list[ReadReceipt]:
        """Return how far those of `find_receipt_peers` have read, by user id, without who has read nothing."""


class ReadStateWriter(ReadStateReader, Protocol):
    async def ack(self, user_id: int, acks: Collection[Ack], *, now_ms: int) -> list[ReadState]:
        """Move the person's places, each channel once; return the states that have changed, in the order of `acks`.

        A place never goes back, unless the ack is manual.
        """

    async def move_own(
        self, places: Mapping[tuple[int, int], int], *, followed: Mapping[int, int], now_ms: int
    ) -> None:
        """Mark channels as read for the authors of messages, without bots. The unit needs no owner.

        A place never goes back, and stays where a manual ack, or `forget`, that is younger than the message has put it.
        So the same message may come again. `places` has the newest message by (user id, channel id), `followed` the new
        positions of `fetch_followed`.
        """

    async def ack_pins(self, user_id: int, channel_id: int, pinned_ms: int, *, now_ms: int) -> int | None:
        """Note the newest pin that was seen. Return the state's version, or None when the pin was seen before."""

    async def forget(self, user_id: int, channel_id: int, *, now_ms: int) -> ReadState | None:
        """Remove a read state, as if nothing in the channel was ever read. Return what is left; None if there was none.

        The version is that of the removal.
        """

    async def forget_all(self, user_id: int) -> None:
        """Delete the read states of a user, and what they were mentioned in, as if they had never been here."""

    async def dismiss(self, user_id: int, message_id: int) -> bool:
        """Leave a message out of `list_mentions` from now on; return whether it was not dismissed before."""


class MentionRows(Protocol):
    """The mentions of messages that are kept elsewhere, in a cluster; an embedded store writes them with the message.

    Every call may be repeated, and raises Unavailable.
    """

    async def put(self, message: Message) -> None:
        """Note the targets of a new message."""

    async def replace(self, message: Message) -> None:
        """Note the targets of a message as it was edited. A new one is listed, but does not count."""

    async def drop(self, message_ids: Collection[int]) -> None:
        """Forget the targets of messages that are gone."""
