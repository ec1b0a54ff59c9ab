"""The mentions of messages in memory: `MentionRows`, as the contract of read states describes it."""

from collections.abc import Collection

from core.domain.messages.message import Message
from core.domain.messages.read_state import find_targets


class FakeMentionRows:
    """Keeps the targets of each message, and whether each is a ping."""

    def __init__(self) -> None:
        self.targets: dict[int, dict[int, bool]] = {}

    async def put(self, message: Message) -> None:
        """Note the targets of a new message."""
        known = self.targets.setdefault(message.id, {})
        for target_id in find_targets(message):
            known.setdefault(target_id, True)

    async def replace(self, message: Message) -> None:
        """Note the targets of an edited message."""
        known = self.targets.get(message.id, {})
        self.targets[message.id] = {target_id: known.get(target_id, False) for target_id in find_targets(message)}

    async def drop(self, message_ids: Collection[int]) -> None:
        """Forget messages."""
        for message_id in message_ids:
            self.targets.pop(message_id, None)
