"""What sessions share of bodies that came over links: the same bytes are one object again.

The home has one object for a guild's roles or the channels of a view, to which all sessions refer. Over the link its
bytes come for each session. So they are looked up here by what they are, and a crowd that logs in shares them again,
with their encodings and compressed forms.
"""

from typing import Final

import msgspec
from cachetools import LRUCache

from gateway.far.frames import Part, Told
from gateway.payloads.body import Body
from gateway.payloads.dispatch_body import DispatchBody
from gateway.payloads.encodings import Encoding
from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.shared_text import SharedText
from gateway.payloads.spliced_body import SplicedBody
from gateway.sessions.shown_guild import ShownGuild

_KEPT_BYTES: Final = 1 << 25
"""The parts of some thousands of guilds. Those that sessions still refer to live on without the cache."""


class ShownParts:
    __slots__ = ("_pairs", "_texts")

    def __init__(self) -> None:
        self._pairs: LRUCache[bytes, SharedPairs] = LRUCache(
            _KEPT_BYTES, getsizeof=lambda pairs: len(pairs.text(Encoding.JSON))
        )
        self._texts: LRUCache[bytes, SharedText] = LRUCache(_KEPT_BYTES, getsizeof=lambda text: len(text.json))

    def read(self, guild_id: int, part: Part) -> ShownGuild:
        """Return a guild as READY shows it."""
        return ShownGuild(
            guild_id=guild_id,
            own=part.own,
            parts=tuple(self._share(each) for each in part.parts),
            member=msgspec.Raw(part.member),
            members=self._share_text(part.members),
            presences=self._share_text(part.presences),
            channel_ids=frozenset(part.channel_ids),
            voice_states=self._share_text(part.voice_states),
        )

    def read_body(self, frame: Told) -> Body:
        """Return an event for one session."""
        if not frame.parts:
            return DispatchBody(frame.event, frame.own)
        return SplicedBody(frame.event, frame.own, tuple(self._share(each) for each in frame.parts))

    def _share(self, pairs: bytes) -> SharedPairs:
        found = self._pairs.get(pairs)
        if found is None:
            found = SharedPairs(pairs)
            if len(pairs) <= _KEPT_BYTES:
                self._pairs[pairs] = found
        return found

    def _share_text(self, text: bytes | None) -> SharedText | None:
        if text is None:
            return None
        found = self._texts.get(text)
        if found is None:
            found = SharedText(text)
            if len(text) <= _KEPT_BYTES:
                self._texts[text] = found
        return found
