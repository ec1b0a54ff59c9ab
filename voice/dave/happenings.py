"""What happens in rooms that is counted, by the words that operators see."""

import enum
from collections.abc import Callable


class Happening(enum.StrEnum):
    """One thing that has happened to a room's encryption from end to end."""

    COMMIT = "commit"
    """A commit has made the next epoch of a group."""
    REFUSED = "refused"
    """A client has sent a key package, a commit or a Welcome that is none, and was closed."""
    UNREADABLE = "unreadable"
    """A client could not read the commit or the Welcome that it was given, and is removed and added anew."""
    RESET = "reset"
    """Fewer than two of a group could go on, so that all of the room begin anew."""
    RAISED = "raised"
    """A room that was plain takes DAVE up."""
    LOWERED = "lowered"
    """A room goes back to plain packets."""


Count = Callable[[Happening], None]
