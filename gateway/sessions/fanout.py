"""Handing one event to its local recipients. Nothing here knows why a session is one.

The walk itself is a kernel (`core_ext.delivery.deliver`): it takes an actor's table of tracks, the set of slots that an audience
resolved to, and a body that is encoded once per format whoever asks. Who sees which variant of a message is set algebra before it.
What goes to the sockets, and when, is `core_ext`'s delivery.
"""

from collections.abc import Callable, Iterable, Sequence

from core_ext.delivery import Track, deliver
from core_ext.guild import SlotSet
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.session import Session


class MessageVariants:
    """One message event as its different recipients may see it. Variants that nobody needs are never made."""

    __slots__ = ("_bare", "author_id", "full", "mention_ids", "public")

    def __init__(self, body: DispatchBody, *, author_id: int, mention_ids: Sequence[int]) -> None:
        self.full = body
        self.author_id = author_id
        self.mention_ids = frozenset(mention_ids)
        # The nonce is the author's own; most messages of bots have none, and then one variant serves all.
        self.public = body.without_nonce() if author_id and b'"nonce":' in body.payload else body
        self._bare: DispatchBody | None = None

    def variant_for(self, session: Session) -> DispatchBody:
        """The author sees all; whom it mentions, and who has the intent, the content; others neither."""
        if session.user_id == self.author_id:
            return self.full
        if session.sees_content or session.user_id in self.mention_ids:
            return self.public
        return self.make_bare()

    def make_bare(self) -> DispatchBody:
        """For who may not see the content. Made once."""
        if self._bare is None:
            self._bare = self.public.without_content()
        return self._bare


def fan_out(tracks: list[Track | None], slots: SlotSet, body: DispatchBody) -> int:
    """Dispatch the same body to the sessions whose tracks are in `slots`; how many. A slot may have been given back."""
    return deliver(tracks, slots, body)


def fan_out_message(
    tracks: list[Track | None],
    slots: SlotSet,
    variants: MessageVariants,
    *,
    content: SlotSet,
    slots_of: Callable[[int], Iterable[int]],
) -> int:
    """Dispatch a message event, to each the variant that it may see; how many got it.

    `content` are the slots whose sessions have the intent for it, `slots_of` gives those of a user.
    """
    own = SlotSet(slots_of(variants.author_id)) & slots
    entitled = (slots & content) | own
    for user_id in variants.mention_ids:
        entitled = entitled | (SlotSet(slots_of(user_id)) & slots)
    bare = slots - entitled
    if variants.public is not variants.full:
        entitled = entitled - own
        delivered = deliver(tracks, own, variants.full)
    else:
        delivered = 0
    delivered += deliver(tracks, entitled, variants.public)
    return delivered + deliver(tracks, bare, variants.make_bare()) if bare else delivered
