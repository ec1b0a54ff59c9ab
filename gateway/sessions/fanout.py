"""The fan-out of one event to its local recipients, which others have resolved.

A kernel walks over them (`core_ext.delivery.deliver`): it takes an actor's table of tracks, the slots of an audience,
and a body that is encoded once for each format. The variants of a message are chosen by set algebra before that.
`core_ext.delivery` also sends to the sockets later.
"""

from collections.abc import Callable, Collection, Iterable

import msgspec

from core.wire.objects.messages.hidden_content import find_quoted_people, has_quotes, hide_content
from core_ext.delivery import Track, deliver
from core_ext.guild import SlotSet
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.seat import Seat


class MessageVariants:
    """One message event in the variants that its recipients may see. A variant is made when it is first needed."""

    __slots__ = ("_bare", "_has_quotes", "_hidden", "_is_direct", "author_id", "full", "mention_ids", "public")

    def __init__(
        self, body: DispatchBody, *, author_id: int, mention_ids: Collection[int], is_direct: bool = False
    ) -> None:
        """`is_direct` tells whether it is a direct message, which shows its content to everybody."""
        self.full = body
        self.author_id = author_id
        self.mention_ids = frozenset(mention_ids)
        # The nonce is for the author alone. Most messages of bots have none, and then one variant serves all.
        self.public = body.without_nonce() if author_id and b'"nonce":' in body.payload else body
        self._is_direct = is_direct
        self._bare: DispatchBody | None = None
        self._has_quotes: bool | None = None
        self._hidden: dict[int, DispatchBody] = {}

    def variant_for(self, session: Seat) -> DispatchBody:
        """Return a session's variant: nonce for the author, content for those concerned and with the intent."""
        if not session.sees_content:
            return self.hidden_for(session.user_id)
        return self.full if session.user_id == self.author_id else self.public

    def find_concerned(self) -> Iterable[int]:
        """Return the users whose sessions without the intent for content may see some of it."""
        concerned = {self.author_id, *self.mention_ids}
        if self._quotes():
            concerned |= find_quoted_people(msgspec.json.decode(self.full.payload))
        return concerned

    def hidden_for(self, user_id: int) -> DispatchBody:
        """Return the variant for a user's sessions without the intent for content."""
        shown = self.full if user_id == self.author_id else self.public
        is_concerned = self._is_direct or user_id == self.author_id or user_id in self.mention_ids
        if not self._quotes():
            return shown if is_concerned else self.make_bare()
        found = self._hidden.get(user_id)
        if found is None:
            payload = hide_content(shown.payload, user_id, is_direct=self._is_direct)
            found = self._hidden[user_id] = DispatchBody(shown.event, payload)
        return found

    def make_bare(self) -> DispatchBody:
        """Return the variant without content, made once."""
        if self._bare is None:
            self._bare = self.public.without_content()
        return self._bare

    def _quotes(self) -> bool:
        if self._has_quotes is None:
            self._has_quotes = has_quotes(self.full.payload)
        return self._has_quotes


def fan_out(tracks: list[Track | None], slots: SlotSet, body: DispatchBody) -> int:
    """Dispatch one body to the tracks in `slots`, and return their number. A slot may have been given back."""
    return deliver(tracks, slots, body)


def fan_out_message(
    tracks: list[Track | None],
    slots: SlotSet,
    variants: MessageVariants,
    *,
    content: SlotSet,
    slots_of: Callable[[int], Iterable[int]],
) -> int:
    """Dispatch a message event, to each session in its variant. Return the number of sessions.

    `content` are the slots of sessions with the intent for content, `slots_of` gives the slots of a user.
    """
    entitled, bare = slots & content, slots - content
    delivered = 0
    if variants.public is not variants.full:
        own = SlotSet(slots_of(variants.author_id)) & entitled
        entitled = entitled - own
        delivered += deliver(tracks, own, variants.full)
    delivered += deliver(tracks, entitled, variants.public)
    if not bare:
        return delivered
    for user_id in variants.find_concerned():
        theirs = SlotSet(slots_of(user_id)) & bare
        if theirs:
            delivered += deliver(tracks, theirs, variants.hidden_for(user_id))
            bare = bare - theirs
    return delivered + deliver(tracks, bare, variants.make_bare()) if bare else delivered
