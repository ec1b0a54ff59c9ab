"""Loading of guild actors from the store."""

from collections.abc import Callable

from core.bus.interfaces import Bus
from core.domain.ids import shard_of
from core.runtime.clock import Clock
from core.store.interfaces import Store
from gateway.events.event_meter import EventMeter
from gateway.guilds.guild_actor import GuildActor
from gateway.guilds.hiding import HiddenFrom, hides_nobody
from gateway.guilds.passive_sessions import LargeGuilds
from gateway.guilds.presence_batches import PresencePace
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.member_table import KEEP_ALL_BELOW
from gateway.scheduling.batch_timer import CallLater


class GuildLoader:
    """Makes actors, and owns the parts that all of them share."""

    __slots__ = ("_bus", "_call_later", "_clock", "_hidden_from", "_large", "_meter", "_on_online", "_pace", "_store")

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        call_later: CallLater,
        meter: EventMeter | None = None,
        on_online: Callable[[int, int], None] | None = None,
        large: LargeGuilds | None = None,
        hidden_from: HiddenFrom = hides_nobody,
    ) -> None:
        """The optional arguments are those of `GuildActor`."""
        self._bus = bus
        self._call_later = call_later
        self._clock = clock
        self._hidden_from = hidden_from
        self._large = large
        self._meter = meter
        self._on_online = on_online
        self._pace = PresencePace(clock=clock, call_later=call_later)
        self._store = store

    async def load(self, guild_id: int) -> GuildActor | None:
        """Return the guild's actor, at the revision of its snapshot. None means that there is no such guild.

        All events of the snapshot have come when this returns. So whoever collects the guild's events misses none of
        those that the actor will leave out.

        Raises:
            Unavailable: when the store cannot be read.
        """
        snapshot = await self._store.guilds.load_snapshot(guild_id)
        if snapshot is None:
            return None
        members = None
        if snapshot.member_count < KEEP_ALL_BELOW:
            members = await self._store.members.list_page(guild_id, limit=2 * KEEP_ALL_BELOW)
        await self._bus.wait_for_revisions({shard_of(guild_id, self._bus.num_shards): snapshot.revision})
        last_ids = await self._store.messages.last_ids([channel.id for channel in snapshot.channels])
        return GuildActor(
            GuildState(snapshot, members=members, last_message_ids=last_ids),
            revision=snapshot.revision,
            clock=self._clock,
            call_later=self._call_later,
            on_dispatch=None if self._meter is None else self._meter.count,
            on_online=self._on_online,
            large=self._large,
            hidden_from=self._hidden_from,
            pace=self._pace,
        )
