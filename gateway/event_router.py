"""From a delivery to the actor that it is for."""

from core.bus.interfaces import Delivery
from core.wire.envelope import SESSION_REVOKED
from gateway.event_meter import EventMeter
from gateway.guild_directory import GuildDirectory
from gateway.identify import Identifying
from gateway.user_actor import parse_revoked
from gateway.user_directory import UserDirectory


class EventRouter:
    """Guilds' events to guilds, users' to users; the end of a login also to those who are about to be READY with it."""

    __slots__ = ("_guilds", "_identifying", "_meter", "_users")

    def __init__(
        self, *, guilds: GuildDirectory, users: UserDirectory, identifying: Identifying, meter: EventMeter
    ) -> None:
        self._guilds = guilds
        self._meter = meter
        self._users = users
        self._identifying = identifying

    def route(self, delivery: Delivery) -> None:
        """Hand it on."""
        envelope = delivery.envelope
        if delivery.position:
            self._meter.note_lag(delivery.shard, envelope.id)
        if envelope.guild_id:
            self._guilds.deliver(delivery)
            return
        if envelope.event == SESSION_REVOKED:
            self._identifying.on_revoked(parse_revoked(envelope.payload))
        self._users.deliver(envelope)
