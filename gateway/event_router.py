"""From a delivery to the actor that it is for."""

from core.bus.interfaces import Delivery
from core.domain.events import MEMBER_EVENTS
from gateway.event_meter import EventMeter
from gateway.guild_directory import GuildDirectory
from gateway.login_reads import LoginReads
from gateway.user_directory import UserDirectory


class EventRouter:
    """Guilds' events to guilds, users' to users; both also to logins that are being read."""

    __slots__ = ("_guilds", "_logins", "_meter", "_users")

    def __init__(self, *, guilds: GuildDirectory, users: UserDirectory, logins: LoginReads, meter: EventMeter) -> None:
        self._guilds = guilds
        self._meter = meter
        self._users = users
        self._logins = logins

    def route(self, delivery: Delivery) -> None:
        """Hand it on.

        Raises:
            UnknownEvent: for an event that nobody may be sent, because nobody can say who asked for it.
            WrongAudience: for one that is addressed to others than those who may see it.
        """
        envelope = delivery.envelope
        envelope.check_event()
        if delivery.position:
            self._meter.note_lag(delivery.shard, envelope.id)
        if envelope.guild_id:
            if envelope.event in MEMBER_EVENTS:
                self._logins.note_member(envelope.guild_id, envelope.user_id)
            self._guilds.deliver(delivery)
            return
        self._logins.note_user(envelope)
        self._users.deliver(envelope)
