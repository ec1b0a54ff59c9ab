"""What a keeper of logs asks the relational database, in memory."""

from collections.abc import Mapping


class FakeLogSource:
    """Generations that rise, and the revisions that a test sets."""

    def __init__(self) -> None:
        self.generation = 0
        self.revisions: dict[int, int] = {}

    async def next_generation(self) -> int:
        """Return the next generation."""
        self.generation += 1
        return self.generation

    async def find_revisions(self) -> Mapping[int, int]:
        """Return what was set."""
        return self.revisions
