"""The notices of channels: CHANNEL_UPDATE, and CHANNEL_CREATE or CHANNEL_DELETE for sessions that gain or lose one."""

from core.domain.events import CHANNEL_CREATE, CHANNEL_DELETE, CHANNEL_UPDATE
from core_ext.guild import SlotSet
from gateway.guilds.guild_sessions import GuildSessions
from gateway.guilds.guild_views import GuildViews
from gateway.guilds.state.guild_changes import ChannelPut
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.voice_notices import VoiceNotices
from gateway.payloads.dispatch_body import DispatchBody


class ChannelNotices:
    """The notices of one guild. The index of views has changed already when they are sent."""

    __slots__ = ("_sessions", "_state", "_views", "_voice")

    def __init__(self, state: GuildState, sessions: GuildSessions, views: GuildViews, voice: VoiceNotices) -> None:
        self._state = state
        self._sessions = sessions
        self._views = views
        self._voice = voice

    def tell_put(self, put: ChannelPut) -> None:
        """Tell of a channel that is new or changed. Sessions that lose it get it as it was before."""
        (change,) = self._views.take_changes()
        before, channel = put
        interested = self._sessions.select(CHANNEL_UPDATE)
        now = channel.encode()
        keeping = self._sessions.viewers(channel.id) - change.gained
        self._sessions.send(DispatchBody(CHANNEL_UPDATE, now), keeping & interested)
        self._sessions.send(DispatchBody(CHANNEL_CREATE, now), change.gained & interested)
        self._voice.show(channel.id, change.gained)
        self._voice.hide(channel.id, change.lost)
        if before is not None:
            self._sessions.send(DispatchBody(CHANNEL_DELETE, before.encode()), change.lost & interested)

    def tell_views(self) -> None:
        """Tell sessions which channels they have lost and gained."""
        changes = self._views.take_changes()
        if not changes:
            return
        interested = self._sessions.select(CHANNEL_UPDATE)
        for change in changes:
            self._voice.hide(change.channel_id, change.lost)
            self._send(CHANNEL_DELETE, change.channel_id, change.lost & interested)
        for change in changes:
            self._send(CHANNEL_CREATE, change.channel_id, change.gained & interested)
            self._voice.show(change.channel_id, change.gained)

    def _send(self, event: str, channel_id: int, slots: SlotSet) -> None:
        if slots:
            self._sessions.send(DispatchBody(event, self._state.channels[channel_id].encode()), slots)
