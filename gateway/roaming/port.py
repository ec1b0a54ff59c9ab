"""What the parts of this room have in common: who this worker is, which one is a user's home, and the way there."""

from collections.abc import Callable

from core.links.interfaces import Links
from gateway.roaming.frames import OfUsers, encode_user_frame


class UserPort:
    """`home_of` names the worker that is a user's home, "" when nobody is now."""

    __slots__ = ("_links", "home_of", "own")

    def __init__(self, *, own: str, links: Links, home_of: Callable[[int], str]) -> None:
        self.own = own
        self._links = links
        self.home_of = home_of

    def is_home(self, user_id: int) -> bool:
        """Return whether this worker is the user's home."""
        return self.home_of(user_id) == self.own

    def send(self, peer: str, frame: OfUsers) -> bool:
        """Send a frame to a worker, if there is a conversation with it."""
        return bool(peer) and self._links.send(peer, encode_user_frame(frame))
