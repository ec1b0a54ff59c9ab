"""Handing one event to its local recipients. The hot loop of the gateway: nothing here knows why a session is one.

The edge is narrow so that its inside can be compiled: an actor's table of sessions, the slots that an audience resolved to,
and bodies that are encoded once per form whoever asks.
"""

from collections.abc import Sequence

from gateway.dispatch_body import DispatchBody
from gateway.session import Session


class MessageForms:
    """One message event as its different recipients may see it. Forms nobody needs are never made."""

    __slots__ = ("_author_id", "_bare", "_full", "_mention_ids", "_public")

    def __init__(self, body: DispatchBody, *, author_id: int, mention_ids: Sequence[int]) -> None:
        self._full = body
        self._author_id = author_id
        self._mention_ids = frozenset(mention_ids)
        # The nonce is the author's own; most messages of bots have none, and then one form serves all.
        self._public = body.without_nonce() if author_id and b'"nonce":' in body.payload else body
        self._bare: DispatchBody | None = None

    def form_for(self, session: Session) -> DispatchBody:
        """The author sees all; whom it mentions, and who has the intent, the content; others neither."""
        if session.user_id == self._author_id:
            return self._full
        if session.sees_content or session.user_id in self._mention_ids:
            return self._public
        if self._bare is None:
            self._bare = self._public.without_content()
        return self._bare


def fan_out(sessions: Sequence[Session | None], slots: Sequence[int], body: DispatchBody) -> None:
    """Dispatch the same body to the sessions in `slots`. A slot may have been given back while the loop ran."""
    for slot in slots:
        session = sessions[slot]
        if session is not None:
            session.dispatch(body)


def fan_out_message(sessions: Sequence[Session | None], slots: Sequence[int], forms: MessageForms) -> None:
    """Dispatch a message event, to each the form that it may see."""
    for slot in slots:
        session = sessions[slot]
        if session is not None:
            session.dispatch(forms.form_for(session))
