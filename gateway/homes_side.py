"""The homes' side of the composition root: actors of guilds and users, and the way of events to them.

```
 inbox ─→ router ─┬─→ guild directory ─→ guild actors ─┐
                  └─→ user directory  ─→ user actors ──┴─→ seats (the host's sessions)
```

The router also tells the host's table, which is made later, so it is made there (`gateway.host_side`).
"""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec

from core.live.interfaces import OnlineCounts
from gateway.common_parts import Common
from gateway.events.inbox import Inbox
from gateway.events.log_progress import LogProgress
from gateway.events.login_windows import LoginWindows
from gateway.events.row_wait import RowWait
from gateway.far.far_guilds import FarGuilds
from gateway.far.far_side import FarSide
from gateway.far.neighbours import Neighbours
from gateway.guilds.guild_directory import GuildDirectory
from gateway.guilds.guild_loader import GuildLoader
from gateway.guilds.guild_replay import Way
from gateway.guilds.passive_sessions import LargeGuilds
from gateway.homes.afk_watch import AfkWatch
from gateway.homes.call_watch import CallWatch
from gateway.homes.guild_entrance import GuildEntrance
from gateway.homes.home_port import HomePort
from gateway.homes.missed_events import MissedEvents
from gateway.homes.replay_plans import ReplayPlans
from gateway.homes.session_restoring import SessionRestoring
from gateway.homes.voice_sweep import VoiceSweep
from gateway.users.relations import Relations
from gateway.users.user_directory import UserDirectory
from gateway.voice.interfaces import VoiceEnds
from gateway.voice.voice_ends import RETURN_S, EndingVoice


class HomesSide(msgspec.Struct, kw_only=True, frozen=True):
    """The parts of this side that the host's side or the gateway itself needs."""

    port: HomePort
    guilds: GuildDirectory
    users: UserDirectory
    entrance: GuildEntrance
    restoring: SessionRestoring
    relations: Relations
    rows: RowWait
    windows: LoginWindows
    inbox: Inbox
    progress: LogProgress
    missed: MissedEvents
    calls: CallWatch
    afk: AfkWatch
    plans: ReplayPlans
    voice_sweep: VoiceSweep
    voice_ends: EndingVoice
    far: FarGuilds | None = None
    """The guilds elsewhere, None when there is no elsewhere (`gateway.far_homes_side`)."""
    far_side: FarSide | None = None


def build_homes_side(common: Common, *, online: OnlineCounts) -> HomesSide:
    """Build the parts. Call this within a running loop."""
    inbox = Inbox(call_soon=asyncio.get_running_loop().call_soon, clock=common.clock)
    windows = LoginWindows()
    rows = RowWait(bus=common.bus, store=common.store, spawn=common.tasks.spawn)
    neighbours = common.neighbours
    progress = LogProgress() if neighbours is None else LogProgress(is_here=neighbours.homes.is_here)
    missed = MissedEvents(bus=common.bus, call_later=common.call_later)
    replays = {way: common.metrics.connections.guild_replays_total.labels(way.value) for way in Way}
    plans = ReplayPlans(on_planned=lambda way: replays[way].inc())
    relations = Relations()

    def has_session(guild_id: int, user_id: int, session_id: str) -> bool:  # the directories are made later
        if guild_id:
            return guilds.has_session(guild_id, user_id, session_id)
        return users.actors.has_session(user_id, session_id)

    voice_ends = _build_voice_ends(common, has_session)
    calls = CallWatch(port=common.voice, tasks=common.tasks)
    guilds = _build_guilds(common, online, windows, relations, voice_ends)
    users = UserDirectory(
        bus=common.bus,
        clock=common.clock,
        call_later=common.call_later,
        metrics=common.metrics,
        meter=common.meter,
        relations=relations,
        on_block=guilds.show_block,
        grace_s=common.settings.gateway.presence_grace_s,
    )
    entrance = GuildEntrance(
        guilds=guilds,
        users=users,
        store=common.store,
        tasks=common.tasks,
        inbox=inbox,
        rows=rows,
        meter=common.meter,
    )
    restoring = SessionRestoring(
        guilds=guilds,
        users=users,
        entrance=entrance,
        store=common.store,
        progress=progress,
        missed=missed,
        plans=plans,
        rows=rows,
        num_shards=common.bus.num_shards,
    )
    return HomesSide(
        port=HomePort(users=users, guilds=entrance, sessions=restoring),
        guilds=guilds,
        users=users,
        entrance=entrance,
        restoring=restoring,
        relations=relations,
        rows=rows,
        windows=windows,
        inbox=inbox,
        progress=progress,
        missed=missed,
        calls=calls,
        afk=AfkWatch(guilds=guilds, port=common.voice, clock=common.clock, is_here=_find_places(common)),
        plans=plans,
        voice_ends=voice_ends,
        voice_sweep=VoiceSweep(
            rows=common.store.voice_states,
            guilds=guilds,
            users=users,
            calls=calls,
            ends=voice_ends,
            clock=common.clock,
            grace_s=common.settings.gateway.resume_window_s,
            is_here=_find_places(common),
        ),
    )


def _find_places(common: Common) -> Callable[[int], bool]:
    """Return the function that says whether the home of a guild or a user is here."""
    neighbours = common.neighbours
    if neighbours is None:
        return lambda _owner_id: True
    return lambda owner_id: neighbours.homes.home_of(owner_id) == neighbours.own


def _build_voice_ends(common: Common, has_session: Callable[[int, int, str], bool]) -> EndingVoice:
    return EndingVoice(
        port=common.voice,
        tasks=common.tasks,
        has_session=has_session,
        is_here=_find_places(common),
        delay_s=0.0 if common.neighbours is None else RETURN_S,
    )


def _build_guilds(
    common: Common, online: OnlineCounts, windows: LoginWindows, relations: Relations, voice_ends: VoiceEnds
) -> GuildDirectory:
    options = common.settings.gateway
    loader = GuildLoader(
        store=common.store,
        bus=common.bus,
        clock=common.clock,
        call_later=common.call_later,
        meter=common.meter,
        on_online=online.put if common.neighbours is None else partial(_put_online, online, common.neighbours),
        hidden_from=relations.hidden_from,
        large=LargeGuilds(members=options.large_guild_members, gap_s=options.passive_gap_s),
        voice_ends=voice_ends,
    )
    return GuildDirectory(
        loader=loader,
        windows=windows,
        tasks=common.tasks,
        call_later=common.call_later,
        idle_s=options.guild_idle_s,
        num_shards=common.bus.num_shards,
        sending=common.sending,
    )


def _put_online(online: OnlineCounts, neighbours: Neighbours, guild_id: int, count: int) -> None:
    """Set the count of a guild whose home is here. At its former home the guild empties, which is nobody's count."""
    if neighbours.homes.home_of(guild_id) == neighbours.own:
        online.put(guild_id, count)
    else:
        online.let_go(guild_id)
