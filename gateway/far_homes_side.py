"""The homes elsewhere, put beside those of this process: the part of the composition root that a lone gateway has not.

```
                        ┌─ guests       ─→ guild actors                  sessions of others, in the guilds here
 links ─→ far side ─────┤
                        └─ home frames  ─→ far guilds (sessions' tracks)  sessions here, in the guilds of others
 shard map ─→ moves ────→ far guilds, guild actors                        sessions whose guild has another home now
```
"""

import msgspec

from gateway.common_parts import Common
from gateway.far.far_entrance import FarEntrance
from gateway.far.far_guilds import FarGuilds
from gateway.far.far_presences import FarPresences
from gateway.far.far_sessions import FarSessions
from gateway.far.far_side import FarSide
from gateway.far.guests import Guests
from gateway.far.guild_homes import ClusterGuilds
from gateway.far.home_frames import HomeFrames
from gateway.far.home_positions import HomePositions
from gateway.far.moves import Moves
from gateway.far.neighbours import Neighbours
from gateway.far.said_since import SaidSince
from gateway.far.session_homes import ClusterSessions
from gateway.far.shown_parts import ShownParts
from gateway.far.stranding import Stranding
from gateway.homes.guild_returns import GuildReturns
from gateway.homes.home_port import HomePort
from gateway.homes_side import HomesSide


def join_neighbours(here: HomesSide, common: Common, neighbours: Neighbours) -> HomesSide:
    """Put the homes elsewhere beside those here, and let guests in."""
    homes, num_shards = neighbours.homes, common.bus.num_shards
    sessions = FarSessions(on_dispatch=common.meter.count, num_shards=num_shards)
    presences, parts = FarPresences(), ShownParts()
    positions = HomePositions(progress=here.progress, owner_of=homes.owner_of, num_shards=num_shards)
    far = FarGuilds(
        links=neighbours.links,
        home_of=homes.home_of,
        sessions=sessions,
        presences=presences,
        parts=parts,
    )
    frames = HomeFrames(
        sessions=sessions,
        positions=positions,
        presences=presences,
        parts=parts,
        home_of=homes.home_of,
        send=far.send,
        tracing=common.tracing,
    )
    returns = GuildReturns(
        guilds=here.guilds,
        entrance=here.entrance,
        missed=here.missed,
        plans=here.plans,
        progress=here.progress,
        num_shards=num_shards,
    )
    moves = Moves(
        far=far,
        stranding=Stranding(sessions=sessions, positions=positions, owner_of=homes.owner_of, send=far.send),
        here=returns,
        guilds=here.guilds,
        homes=homes,
        own=neighbours.own,
        progress=here.progress,
        tasks=common.tasks,
        num_shards=num_shards,
        on_end=lambda outcome: common.metrics.connections.session_moves_total.labels(outcome.value).inc(),
    )
    homes.on_change(moves.follow_map)
    guests = _build_guests(here, common, neighbours, returns)
    far_side = FarSide(links=neighbours.links, guests=guests, homes=frames, moves=moves, progress=here.progress)
    return msgspec.structs.replace(
        here, port=_build_port(here, common, neighbours, far, moves), far=far, far_side=far_side
    )


def _build_guests(here: HomesSide, common: Common, neighbours: Neighbours, returns: GuildReturns) -> Guests:
    since = SaidSince(missed=here.missed, progress=here.progress, num_shards=common.bus.num_shards)
    return Guests(
        guilds=here.guilds,
        entrance=here.entrance,
        relations=here.relations,
        since=since,
        returns=returns,
        rows=here.rows,
        store=common.store,
        links=neighbours.links,
        tasks=common.tasks,
        is_here=lambda guild_id: neighbours.homes.home_of(guild_id) == neighbours.own,
        find_trace=None if common.tracing is None else common.tracing.link_context,
    )


def _build_port(here: HomesSide, common: Common, neighbours: Neighbours, far: FarGuilds, moves: Moves) -> HomePort:
    def is_here(guild_id: int) -> bool:
        return neighbours.homes.home_of(guild_id) == neighbours.own

    entrance = FarEntrance(far=far, here=here.entrance, is_here=is_here, tasks=common.tasks, meter=common.meter)
    guilds = ClusterGuilds(
        here=here.entrance,
        far=far,
        entrance=entrance,
        progress=here.progress,
        num_shards=common.bus.num_shards,
        is_here=is_here,
    )
    sessions = ClusterSessions(
        here=here.restoring, far=far, entrance=entrance, guilds=guilds, moves=moves, is_here=is_here
    )
    return HomePort(users=here.users, guilds=guilds, sessions=sessions)
