"""Handing one event to its local recipients. Nothing here knows why a session is one.

The loop itself is a kernel (`core_ext.deliver`): it takes an actor's table of tracks, the slots that an audience resolved to,
and bodies that are encoded once per form whoever asks. What goes to the sockets, and when, is `core_ext`'s delivery.
"""

from collections.abc import Sequence

from core_ext import Track, deliver
from gateway.dispatch_body import DispatchBody
from gateway.session import Session


class MessageForms:
    """One message event as its different recipients may see it. Forms nobody needs are never made."""

    __slots__ = ("_bare", "author_id", "full", "mention_ids", "public")

    def __init__(self, body: DispatchBody, *, author_id: int, mention_ids: Sequence[int]) -> None:
        self.full = body
        self.author_id = author_id
        self.mention_ids = frozenset(mention_ids)
        # The nonce is the author's own; most messages of bots have none, and then one form serves all.
        self.public = body.without_nonce() if author_id and b'"nonce":' in body.payload else body
        self._bare: DispatchBody | None = None

    def form_for(self, session: Session) -> DispatchBody:
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


def fan_out(tracks: list[Track | None], slots: Sequence[int], body: DispatchBody) -> None:
    """Dispatch the same body to the sessions whose tracks are in `slots`. A slot may have been given back meanwhile."""
    deliver(tracks, slots, body)


def fan_out_message(tracks: list[Track | None], slots: Sequence[int], forms: MessageForms) -> None:
    """Dispatch a message event, to each the form that it may see. A track is open when its session sees content."""
    without_content = deliver(
        tracks,
        slots,
        forms.public,
        open_only=True,
        exempt=forms.mention_ids,
        own_id=forms.author_id,
        own=forms.full,
    )
    if without_content:
        deliver(tracks, without_content, forms.make_bare())
