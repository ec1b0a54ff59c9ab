"""The fan-out of one event to its local recipients, which others have resolved.

A kernel walks over them (`core_ext.delivery.deliver`): it takes an actor's table of tracks, the slots of an audience,
and a body that is encoded once for each format. The variants of a message are chosen by set algebra before that.
`core_ext.delivery` also sends to the sockets later.
"""

from collections.abc import Callable, Iterable, Sequence

from core_ext.delivery import Track, deliver
from core_ext.guild import SlotSet
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.seat import Seat


class MessageVariants:
    """One message event in the variants that its recipients may see. A variant is made when it is first needed."""

    __slots__ = ("_bare", "author_id", "full", "mention_ids", "public")

    def __init__(self, body: DispatchBody, *, author_id: int, mention_ids: Sequence[int]) -> None:
        self.full = body
        self.author_id = author_id
        self.mention_ids = frozenset(mention_ids)
        # The nonce is for the author alone. Most messages of bots have none, and then one variant serves all.
        self.public = body.without_nonce() if author_id and b'"nonce":' in body.payload else body
        self._bare: DispatchBody | None = None

    def variant_for(self, session: Seat) -> DispatchBody:
        """Return a session's variant: nonce for the author, content for mentioned users and with the intent."""
        if session.user_id == self.author_id:
            return self.full
        if session.sees_content or session.user_id in self.mention_ids:
            return self.public
        return self.make_bare()

    def make_bare(self) -> DispatchBody:
        """Return the variant without content, made once."""
        if self._bare is None:
            self._bare = self.public.without_content()
        return self._bare


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
