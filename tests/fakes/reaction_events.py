"""The events of reactions, which say what they are about."""

from collections.abc import Sequence

from core.domain.messages.reaction import Reaction
from core.wire.envelope import Envelope
from tests.contract.builders import new_envelope


class FakeReactionEvents:
    """The `ReactionEvents` of a guild."""

    def __init__(self, guild_id: int) -> None:
        self._guild_id = guild_id

    async def added(self, event_id: int, reaction: Reaction) -> Sequence[Envelope]:
        """Make the event of a reaction."""
        return self._make(event_id, reaction.channel_id, f"added {reaction.emoji} of {reaction.user_id}")

    async def removed(self, event_id: int, reaction: Reaction) -> Sequence[Envelope]:
        """Make the event of its removal."""
        return self._make(event_id, reaction.channel_id, f"removed {reaction.emoji} of {reaction.user_id}")

    async def all_removed(
        self, event_id: int, channel_id: int, message_id: int, emoji: str | None
    ) -> Sequence[Envelope]:
        """Make the event of the removal of several."""
        return self._make(event_id, channel_id, f"removed all {emoji}")

    def _make(self, event_id: int, channel_id: int, event: str) -> Sequence[Envelope]:
        return [new_envelope(event_id, self._guild_id, event, channel_id=channel_id)]
