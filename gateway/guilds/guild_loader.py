"""Loading of guild actors from the store."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from core.bus.interfaces import Bus
from core.domain.guilds.guild import GuildSnapshot
from core.domain.guilds.member import Member
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
from gateway.voice.interfaces import VoiceEnds
from gateway.voice.voice_ends import NO_ENDS


class GuildRows(msgspec.Struct, kw_only=True, frozen=True):
    """The rows of guilds that were read together."""

    snapshots: Mapping[int, GuildSnapshot]
    """By guild id. There is no guild of an id that is absent."""
    members: Mapping[int, Sequence[Member]]
    """All members of each guild that is kept whole."""
    last_message_ids: Mapping[int, int]
    """The newest message of each channel."""


class GuildLoader:
    """Makes actors, and owns the parts that all of them share."""

    __slots__ = (
        "_bus",
        "_call_later",
        "_clock",
        "_hidden_from",
        "_large",
        "_meter",
        "_on_online",
        "_pace",
        "_store",
        "_voice_ends",
    )

    def __init__(  # noqa: PLR0913 - what all actors are given
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
        voice_ends: VoiceEnds = NO_ENDS,
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
        self._voice_ends = voice_ends

    async def read(self, guild_ids: Sequence[int]) -> GuildRows:
        """Read guilds together.

        All events of the snapshots have come when this returns. So whoever collects the guilds' events misses none of
        those that the actors will leave out.

        Raises:
            Unavailable: when the store cannot be read.
        """
        snapshots = await self._store.guilds.load_snapshots(guild_ids)
        small = [guild_id for guild_id, found in snapshots.items() if found.member_count < KEEP_ALL_BELOW]
        members = await self._store.members.list_all(small) if small else {}
        await self._bus.wait_for_revisions(self._newest_revisions(snapshots.values()))
        channel_ids = [channel.id for found in snapshots.values() for channel in found.channels]
        last_ids = await self._store.messages.last_ids(channel_ids)
        return GuildRows(
            snapshots=snapshots, members={each: members.get(each, []) for each in small}, last_message_ids=last_ids
        )

    def make_actor(self, guild_id: int, rows: GuildRows) -> GuildActor | None:
        """Return the guild's actor, at the revision of its snapshot. None means that there is no such guild."""
        snapshot = rows.snapshots.get(guild_id)
        if snapshot is None:
            return None
        members = rows.members.get(guild_id)
        return GuildActor(
            GuildState(snapshot, members=members, last_message_ids=rows.last_message_ids),
            revision=snapshot.revision,
            clock=self._clock,
            call_later=self._call_later,
            on_dispatch=None if self._meter is None else self._meter.count,
            on_online=self._on_online,
            large=self._large,
            hidden_from=self._hidden_from,
            pace=self._pace,
            voice_ends=self._voice_ends,
        )

    def _newest_revisions(self, snapshots: Iterable[GuildSnapshot]) -> dict[int, int]:
        """Return the newest revision of each shard that the snapshots show."""
        newest: dict[int, int] = {}
        for snapshot in snapshots:
            shard = shard_of(snapshot.guild.id, self._bus.num_shards)
            newest[shard] = max(newest.get(shard, 0), snapshot.revision)
        return newest
