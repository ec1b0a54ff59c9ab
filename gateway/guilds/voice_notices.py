"""The notices of voice states: who is in a voice channel is told to those who view the channel, and to nobody else.

```
                        views the new channel     views only the former one     views neither
 VOICE_STATE_UPDATE     as it is                  as a leave                    nothing
```

The user's own sessions get it as it is. A session that begins to view a channel is told who is in it; one that loses
the view is told that they have left, before CHANNEL_DELETE.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from core.domain.events import VOICE_STATE_UPDATE
from core.wire.envelope import Envelope
from core_ext.guild import SlotSet
from gateway.guilds.guild_sessions import GuildSessions
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.voice_table import VoiceEntry, render_leave, render_update
from gateway.payloads.dispatch_body import DispatchBody


class _Recipients(NamedTuple):
    told: SlotSet
    told_of_leave: SlotSet


class VoiceNotices:
    """The notices of one guild."""

    __slots__ = ("_sessions", "_state")

    def __init__(self, state: GuildState, sessions: GuildSessions) -> None:
        self._state = state
        self._sessions = sessions

    def tell(self, envelope: Envelope, *, only: SlotSet | None = None) -> None:
        """Dispatch a VOICE_STATE_UPDATE to all who may see it, or to those of `only` among them."""
        told, told_of_leave = self._find(envelope)
        if only is not None:
            told, told_of_leave = told & only, told_of_leave & only
        payload = bytes(envelope.payload)
        if told:
            self._sessions.send(DispatchBody(VOICE_STATE_UPDATE, payload), told)
        if told_of_leave:
            self._sessions.send(DispatchBody(VOICE_STATE_UPDATE, render_leave(payload)), told_of_leave)

    def show(self, channel_id: int, slots: SlotSet) -> None:
        """Tell sessions who is in a channel that they view from now on."""
        self._tell_each(channel_id, slots, lambda update: update)

    def hide(self, channel_id: int, slots: SlotSet) -> None:
        """Tell sessions that view a channel no more that all others in it have left."""
        self._tell_each(channel_id, slots, render_leave)

    def _tell_each(self, channel_id: int, slots: SlotSet, render: Callable[[bytes], bytes]) -> None:
        for entry in self._list(channel_id, slots):
            # The user's own sessions know where the user is.
            others = slots - SlotSet(self._sessions.slots_of(entry.user_id))
            if others:
                body = DispatchBody(VOICE_STATE_UPDATE, render(render_update(self._state.guild_id, entry)))
                self._sessions.send(body, self._sessions.with_intent(VOICE_STATE_UPDATE, others))

    def _list(self, channel_id: int, slots: SlotSet) -> Iterable[VoiceEntry]:
        return self._state.voice.list_of(channel_id) if slots and self._state.voice else ()

    def _find(self, envelope: Envelope) -> _Recipients:
        sessions = self._sessions
        own = sessions.with_intent(VOICE_STATE_UPDATE, sessions.slots_of(envelope.user_id))
        told = own | self._viewers(envelope.channel_id)
        return _Recipients(told, self._viewers(envelope.former_channel_id) - told)

    def _viewers(self, channel_id: int) -> SlotSet:
        # Without a channel the index would select everybody.
        return self._sessions.select(VOICE_STATE_UPDATE, channel_id) if channel_id else SlotSet()
