"""The refusals of links, of which each is told once until the link stands, with a count then.

A worker that starts is dialled before the others know it, and is refused some times a second until they do. One line
tells that, and another one its end.
"""

import logging
from typing import Final

import msgspec

logger = logging.getLogger(__name__)

STRANGER: Final = "unknown"
"""The peer of a wire that has not said who it is, or is not who may connect."""
_REASONS: Final = 8
"""The most reasons that are told of one link. Strangers choose some of the words."""


class _Refused(msgspec.Struct):
    """What was refused of one peer."""

    told: set[tuple[str, str]] = msgspec.field(default_factory=set)
    """Carriers and reasons of which there is a line."""
    count: int = 0


class Refusals:
    """The refusals of all links of one worker, on both sides."""

    __slots__ = ("_by_peer",)

    def __init__(self) -> None:
        self._by_peer: dict[str, _Refused] = {}

    def note(self, message: str, *, peer: str, carrier: str, reason: str) -> None:
        """Count a refusal, and warn of it if its reason is new. `message` says who has refused."""
        refused = self._by_peer.setdefault(peer, _Refused())
        refused.count += 1
        if (carrier, reason) not in refused.told and len(refused.told) < _REASONS:
            refused.told.add((carrier, reason))
            logger.warning(message, extra={"peer": peer, "carrier": carrier, "reason": reason})

    def end(self, peer: str) -> None:
        """Take note that the link stands; say how often it was refused. Strangers may have been this peer."""
        for name in (peer, STRANGER):
            refused = self._by_peer.pop(name, None)
            if refused is not None:
                logger.info("a link is not refused any more", extra={"peer": name, "refusals": refused.count})

    def forget(self, peer: str) -> None:
        """Forget a peer whose life is over."""
        self._by_peer.pop(peer, None)
