"""The host's side of the composition root: connections, sessions, and what clients ask for.

```
 listener ─→ protocol ─┬─→ identifying ─→ login reads, entrance into guilds     (login)
                       ├─→ resuming ─→ restoring                                (resume)
                       └─→ session commands: presence, member requests, messages
```

Two queues are made before their receivers, the inbox and the login reads, and get them at the end (`hand_to`).
"""

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from core.domain.errors import Unavailable
from core.domain.guilds.voice_session import VoiceSession
from core.links.interfaces import LinkListener
from core.live.interfaces import SessionStarts
from core.store.aggregates.session_journal import SessionJournal
from core.voice.interfaces import VoiceNodes
from core.voice.seats import Seat as VoiceSeat
from gateway.common_parts import Common
from gateway.event_router import EventRouter
from gateway.far.hosted_users import HostedUsers
from gateway.far.neighbours import Neighbours
from gateway.homes.home_port import HomePort
from gateway.homes.voice_seats import VoiceSeats
from gateway.homes.voice_takeover import VoiceTakeover
from gateway.homes_side import HomesSide
from gateway.journal.drain import Drain
from gateway.journal.journal import Journal, build_journal
from gateway.login.identify import Identifying
from gateway.login.login_reads import LoginReads
from gateway.login.restoring import Restoring
from gateway.login.resume import Resuming
from gateway.login.session_factory import SessionFactory
from gateway.protocol import GatewayProtocol
from gateway.requests.guild_subscribing import GuildSubscribing
from gateway.requests.member_requests import MemberRequests
from gateway.requests.message_port import MessagePort
from gateway.requests.session_commands import SessionCommands
from gateway.requests.socket_messages import SocketMessages
from gateway.requests.socket_voice import SocketVoice
from gateway.roaming.building import build_roaming
from gateway.sessions.seat import Seat
from gateway.sessions.session_table import SessionTable
from gateway.transport.listener import Listener, MakeListener
from gateway.transport.public_address import PublicAddress
from gateway.users.user_directory import UserDirectory
from gateway.voice.interfaces import VoicePort

logger = logging.getLogger(__name__)

_INCARNATION_BYTES = 8
"""Enough bytes that no two lives of a gateway have the same name."""

_SESSION_ID_BYTES = 16
"""Enough bytes that nobody guesses a session id, though a resume needs the token as well."""


class Lent(msgspec.Struct, kw_only=True, frozen=True):
    """What others lend to the host's side: the way of messages into the API, and the shared records of sessions."""

    messages: MessagePort
    session_journal: SessionJournal
    starts: SessionStarts
    address: PublicAddress
    make_listener: MakeListener
    voice_nodes: VoiceNodes | None


class HostSide(msgspec.Struct, kw_only=True, frozen=True):
    """The parts of this side that the gateway itself needs."""

    listener: Listener
    journal: Journal
    table: SessionTable
    drain: Drain
    close: Callable[[], None]
    """Stops timers."""


def build_host_side(common: Common, homes: HomesSide, lent: Lent) -> HostSide:
    """Build the parts, and connect the homes' inbox with the router."""
    journal = build_journal(
        store=lent.session_journal,
        homes=homes.port,
        incarnation=_name_incarnation(common),
        clock=common.clock,
        resume_window_s=common.settings.gateway.resume_window_s,
        presence_grace_s=common.settings.gateway.presence_grace_s,
        metrics=common.metrics,
    )
    table = _build_table(common, homes, journal)
    journal.taken.hand_to(table.let_go)
    closing: Callable[[], None] = _close_nothing
    if homes.far is not None and homes.far_side is not None and common.neighbours is not None:
        homes.far.hand_to(HostedUsers(users=homes.users, on_lost=table.invalidate))
        closing = _share_users(common, common.neighbours, homes.users, table, then=homes.far_side)
    router = EventRouter(
        guilds=homes.guilds,
        users=homes.users,
        windows=homes.windows,
        homes=homes.port.guilds,
        table=table,
        meter=common.meter,
        progress=homes.progress,
        calls=homes.calls,
        on_revoked=homes.voice_ends.end_for_good,
        voice=_build_voice_seats(common, homes, lent, table),
    )
    homes.inbox.hand_to(router.route if common.tracing is None else common.tracing.around(router.route))
    commands = _build_commands(common, lent.messages, homes.port)
    protocol = GatewayProtocol(
        identifying=_build_identifying(common, homes, lent, table, commands),
        resuming=_build_resuming(common, homes.port, journal, table, commands),
        commands=commands,
        table=table,
    )
    listener = lent.make_listener(
        settings=common.settings.gateway,
        clock=common.clock,
        call_later=common.call_later,
        handler=protocol,
        metrics=common.metrics,
        sending=common.sending,
        surroundings=common.surroundings,
    )
    drain = Drain(
        table=table,
        writer=journal.writer,
        call_later=common.call_later,
        is_wanted=common.surroundings.is_drained,
    )
    return HostSide(listener=listener, journal=journal, table=table, drain=drain, close=closing)


def _name_incarnation(common: Common) -> str:
    """Return the name of this life in the journal. In a cluster the others know by it whether it lives."""
    return common.random.token_hex(_INCARNATION_BYTES) if common.neighbours is None else common.neighbours.own


def _share_users(
    common: Common, neighbours: Neighbours, users: UserDirectory, table: SessionTable, *, then: LinkListener
) -> Callable[[], None]:
    """Have users in common with other workers, and listen to their links. What is returned stops the timers."""

    def end(session_id: str) -> None:
        session = table.find(session_id)
        if session is not None:
            table.invalidate(session)

    roaming = build_roaming(
        own=neighbours.own,
        links=neighbours.links,
        home_of=neighbours.homes.home_of,
        owner_of=neighbours.homes.owner_of,
        num_shards=common.bus.num_shards,
        users=users,
        store=common.store,
        tasks=common.tasks,
        clock=common.clock,
        call_later=common.call_later,
        grace_s=common.settings.gateway.presence_grace_s,
        limit=lambda: common.current_limits.rates.sessions_per_user,
        end=end,
        then=then,
    )
    neighbours.homes.on_change(roaming.follow_homes)
    neighbours.listen(roaming.frames)
    return roaming.close


def _build_voice_seats(common: Common, homes: HomesSide, lent: Lent, table: SessionTable) -> VoiceSeats | None:
    if lent.voice_nodes is None:
        return None

    def find_session(seat: VoiceSeat) -> Seat | None:
        session = table.find(seat.session_id)
        if session is not None and session.user_id == seat.user_id:  # whoever joins by REST names the session
            return session
        return homes.guilds.find_session(*seat.key, seat.session_id)

    def host_for(seat: Seat) -> str:
        session = table.find(seat.id)
        asked = "" if session is None or session.connection is None else session.connection.host
        return urlsplit(lent.address.resume_url_for(asked)).hostname or ""

    takeover = _build_takeover(common, homes)
    seats = VoiceSeats(
        nodes=lent.voice_nodes,
        guilds=homes.guilds,
        find_session=find_session,
        host_for=host_for,
        log=lambda session: common.tasks.spawn(_log_voice(common.voice, session)),
        has=_has_every_guild if takeover is None else takeover.has,
        on_spoke=homes.afk.note,
    )
    if takeover is not None:
        takeover.hand_to(seats)
    homes.voice_ends.hand_to(seats.refresh)
    return seats


async def _log_voice(port: VoicePort, session: VoiceSession) -> None:
    try:
        await port.log_session(session)
    except Unavailable:
        logger.warning("a stay in voice was not logged", extra={"guild_id": session.guild_id})


def _has_every_guild(_guild_id: int) -> bool:
    """One gateway seats the people of all guilds."""
    return True


def _build_takeover(common: Common, homes: HomesSide) -> VoiceTakeover | None:
    neighbours = common.neighbours
    if neighbours is None:
        return None
    takeover = VoiceTakeover(
        rows=common.store.voice_states,
        guilds=homes.guilds,
        tasks=common.tasks,
        num_shards=common.bus.num_shards,
        is_here=neighbours.homes.is_here,
        catch_up=homes.inbox.flush,
    )
    neighbours.homes.on_change(takeover.follow_homes)
    common.tasks.spawn(takeover.begin())
    return takeover


def _build_table(common: Common, side: HomesSide, journal: Journal) -> SessionTable:
    homes = side.port
    table = SessionTable(
        resume_window_s=common.settings.gateway.resume_window_s,
        linger_s=common.settings.gateway.presence_grace_s,
        call_later=common.call_later,
        on_added=journal.writer.add,
        on_lost=homes.users.lose,
        on_parted=(journal.writer.drop, homes.users.part),
        on_ended=(journal.writer.drop, homes.users.leave, homes.guilds.leave_all, side.calls.end),
    )
    common.metrics.connections.sessions.set_function(lambda: float(len(table)))
    return table


def _build_commands(common: Common, messages: MessagePort, homes: HomePort) -> SessionCommands:
    return SessionCommands(
        members=MemberRequests(homes=homes, store=common.store, tasks=common.tasks, meter=common.meter),
        messages=SocketMessages(port=messages, tasks=common.tasks),
        subscribing=GuildSubscribing(homes=homes),
        voice=SocketVoice(port=common.voice, tasks=common.tasks),
        homes=homes,
    )


def _build_resuming(
    common: Common, homes: HomePort, journal: Journal, table: SessionTable, commands: SessionCommands
) -> Resuming:
    restoring = Restoring(
        journal=journal,
        homes=homes.sessions,
        table=table,
        commands=commands,
        tasks=common.tasks,
        options=common.settings.gateway,
        metrics=common.metrics,
    )
    return Resuming(table=table, homes=homes, restoring=restoring, metrics=common.metrics)


def _build_identifying(
    common: Common, homes: HomesSide, lent: Lent, table: SessionTable, commands: SessionCommands
) -> Identifying:
    factory = SessionFactory(
        gateway=common.settings.gateway,
        limits=common.current_limits,
        table=table,
        users=homes.port.users,
        starts=lent.starts,
        new_session_id=lambda: common.random.token_hex(_SESSION_ID_BYTES),
        metrics=common.metrics,
    )
    reads = LoginReads(
        store=common.store,
        rows=homes.rows,
        windows=homes.windows,
        tasks=common.tasks,
        on_bad_token=common.surroundings.on_bad_token,
        settle_places=common.surroundings.settle_places,
        count_start=factory.count_start,
    )
    identifying = Identifying(
        reads=reads,
        factory=factory,
        tasks=common.tasks,
        homes=homes.port,
        table=table,
        call_later=common.call_later,
        address=lent.address,
        commands=commands,
        on_logins=common.surroundings.on_logins,
    )
    reads.hand_to(identifying.take)
    return identifying


def _close_nothing() -> None:
    """There are no timers without other workers."""
