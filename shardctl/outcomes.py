"""Exit statuses of `shardctl`, and the failures that lead to them. Each is told in one line.

Errors of settings and of the database's version have those of `core/runtime/errors.py`: 2, 3 and 4.
"""

from typing import ClassVar, Final

DONE: Final = 0
INTERRUPTED: Final = 130


class CommandError(Exception):
    """A command that could not do what it was told. The text is complete."""

    exit_status: ClassVar[int] = 1


class WrongInput(CommandError):
    """What was named does not exist, or may not be."""

    exit_status = 2


class NotAtRest(CommandError):
    """The cluster runs, or has left something that only it can end."""

    exit_status = 6


class WouldStrand(CommandError):
    """Shards would be left without a worker."""

    exit_status = 5
