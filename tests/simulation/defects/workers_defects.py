"""The defects that the simulation of several workers finds."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from core.links.outbox import Outbox
from core.shards.map_writer import Change, MapWriter
from gateway.far.far_session import FarSession
from gateway.far.home_positions import HomePositions
from gateway.far.moves import Moves, Outcome
from gateway.far.session_homes import ClusterSessions
from gateway.far.stranding import Stranding
from gateway.homes.session_state import SessionState
from gateway.roaming.hosted_sessions import HostedSessions
from gateway.sessions.far_guild import FarGuild
from gateway.sessions.seat import Seat
from shardctl.control.fleet import Fleet
from tests.simulation.defects.planting import Defects, Original

DEFECTS: Final = Defects()


@DEFECTS.plant("seat not taken again", Moves, "_sit_there")
def _keep_without_a_seat(_: Original) -> Original:
    async def sit_there(_moves: Moves, _far: FarSession, _guild_id: int, _after: int) -> Outcome:
        return Outcome.KEPT

    return sit_there


@DEFECTS.plant("position one too small after a move", HomePositions, "find")
def _go_one_back(original: Original) -> Original:
    def find(positions: HomePositions, shard: int) -> int:
        position: int = original(positions, shard)
        return max(0, position - 1)

    return find


@DEFECTS.plant("frames of a cut link not sent again", Outbox, "rewind", seeds=(2,))
def _forget_what_was_under_way(original: Original) -> Original:
    def rewind(outbox: Outbox, received: int) -> int:
        outbox.acknowledge(outbox._sent_most)
        return original(outbox, outbox.acknowledged)  # type: ignore[no-any-return]

    return rewind


@DEFECTS.plant("words of every worker", FarGuild, "_find")
def _find_everybody(original: Original) -> Original:
    def find(guild: FarGuild, words: bytes) -> Any:
        return original(guild, b"\xff" * len(words))

    return find


@DEFECTS.plant("guild twice in a record", ClusterSessions, "describe", seeds=(30, 31))
def _tell_guilds_twice(original: Original) -> Original:
    def describe(sessions: ClusterSessions, session: Seat) -> SessionState:
        state: SessionState = original(sessions, session)
        return msgspec.structs.replace(state, guilds=(*state.guilds, *sessions._far.describe(session)))

    return describe


@DEFECTS.plant("drained worker keeps its shards", Fleet, "find_home")
def _leave_shards_where_they_are(original: Original) -> Original:
    def find_home(fleet: Fleet, shard: int, owner: str | None) -> str | None:
        home: str | None = original(fleet, shard, owner)
        return owner if owner in fleet.incarnations and shard not in fleet.wishes.pins else home

    return find_home


@DEFECTS.plant("home of a user not told", HostedSessions, "_say")
def _say_nothing_to_others(original: Original) -> Original:
    def say(hosted: HostedSessions, user_id: int) -> None:
        if hosted._told.get(user_id) is None or hosted._port.is_home(user_id):
            original(hosted, user_id)

    return say


@DEFECTS.plant("owner without an epoch of its own", MapWriter, "write")
def _give_without_an_epoch(original: Original) -> Original:
    async def write(writer: MapWriter, term: int, changes: Sequence[Change]) -> Any:
        wrong = [msgspec.structs.replace(change, next_epoch=max(1, change.epoch)) for change in changes]
        return await original(writer, term, wrong)

    return write


@DEFECTS.plant("seats at old homes kept", Stranding, "leave_old_homes")
def _stay_at_old_homes(_: Original) -> Original:
    def leave_old_homes(_stranding: Stranding, _shards: Collection[int]) -> Any:
        return iter(())

    return leave_old_homes


@DEFECTS.plant("positions of another home", HomePositions, "reach", seeds=(1,))
def _believe_all_positions(_: Original) -> Original:
    def reach(positions: HomePositions, peer: str, told: Mapping[int, int]) -> None:
        positions._touched.pop(peer, None)
        positions._progress.reach(dict.fromkeys(told, 1 << 60))

    return reach


@DEFECTS.plant("user's next home not told", HostedSessions, "follow_homes", seeds=(18, 28))
def _tell_no_next_home(_: Original) -> Original:
    def follow_homes(_hosted: HostedSessions) -> None:
        return None

    return follow_homes
