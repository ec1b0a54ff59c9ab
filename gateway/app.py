"""The gateway's composition root, and the gateway that it makes.

```
 homes                                                             host
 bus ─→ inbox ─→ router ─┬─→ guild directory ─→ guild actors ─┐
                         └─→ user directory  ─→ user actors ──┴─ seats ─→ sessions ─→ connections ─→ listener
                                     ↑
                                 HomePort ←─┬─ identifying ← login reads (login) ─┬─ protocol ←─ listener
                                            ├─ resuming                           │
                                            └─ session commands: presence, …     ─┘
```

Each part gets the parts that it needs, which are made before it. Two queues are made before their receivers: the inbox
and the login reads. They get their receivers at the end (`hand_to`).
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from core.bus.interfaces import Bus, Subscription
from core.live.interfaces import OnlineCounts, SessionStarts
from core.runtime.clock import Clock
from core.runtime.metrics import Metrics
from core.runtime.randomness import SYSTEM_RANDOMNESS, Randomness
from core.runtime.settings.settings import Settings
from core.store.aggregates.session_journal import SessionJournal
from core.store.interfaces import Store
from core.wire.opcodes import Opcode
from gateway.event_router import EventRouter
from gateway.events.event_meter import EventMeter
from gateway.events.inbox import Inbox
from gateway.events.log_progress import LogProgress
from gateway.events.login_windows import LoginWindows
from gateway.events.row_wait import RowWait
from gateway.guilds.guild_directory import GuildDirectory
from gateway.guilds.guild_loader import GuildLoader
from gateway.guilds.passive_sessions import LargeGuilds
from gateway.homes.guild_entrance import GuildEntrance
from gateway.homes.home_port import HomePort
from gateway.homes.missed_events import MissedEvents
from gateway.homes.session_restoring import SessionRestoring
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
from gateway.scheduling.batch_timer import CallLater
from gateway.scheduling.sending import Sending, make_sending
from gateway.scheduling.tasks import Tasks
from gateway.sessions.session_table import SessionTable
from gateway.transport.listener import Listener, MakeListener, make_listener
from gateway.transport.public_address import PublicAddress
from gateway.transport.surroundings import ALONE, Surroundings
from gateway.users.user_directory import Ids, UserDirectory

_INCARNATION_BYTES = 8
"""Enough bytes that no two lives of a gateway have the same name."""

_SESSION_ID_BYTES = 16
"""Enough bytes that nobody guesses a session id, though a resume needs the token as well."""


class Gateway:
    """The gateway of one process."""

    __slots__ = (
        "_address",
        "_bus",
        "_close",
        "_inbox",
        "_journal",
        "_listener",
        "_progress",
        "_subscription",
        "_tasks",
        "homes",
    )

    def __init__(  # noqa: PLR0913 - everything that it starts and stops
        self,
        *,
        bus: Bus,
        inbox: Inbox,
        progress: LogProgress,
        homes: HomePort,
        listener: Listener,
        journal: Journal,
        tasks: Tasks,
        address: PublicAddress,
        close: Sequence[Callable[[], None]],
    ) -> None:
        """The functions of `close` are called at the end, to stop timers."""
        self.homes = homes
        """The homes of this process's guilds and users."""
        self._address = address
        self._bus = bus
        self._inbox = inbox
        self._journal = journal
        self._listener = listener
        self._progress = progress
        self._tasks = tasks
        self._close = close
        self._subscription: Subscription | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, once started."""
        return self._listener.address

    @property
    def local_url(self) -> str:
        """The address by which a client on this machine reaches the gateway, once started."""
        return self._address.local_url

    @property
    def url(self) -> str:
        """The address for clients that have not named a host themselves, once started."""
        return self._address.url_for("")

    async def start(self) -> None:
        """Subscribe to the bus, then listen for clients."""
        self._subscription = self._bus.subscribe(self._inbox.put)
        await self._progress.begin(self._bus)
        await self._listener.start()
        self._address.bind(*self._listener.address)

    async def run(self) -> None:
        """Run the gateway's tasks until cancelled. Logins wait until this runs."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tasks.run(), name="gateway tasks")
            group.create_task(self._journal.run(), name="journal")

    async def stop(self) -> None:
        """Tell every client to reconnect, and close.

        Nothing is dispatched any more before the journal's cut. So the next process goes on exactly where this one
        ends, also when the closing of the connections is cut short.
        """
        if self._subscription is not None:
            self._subscription.close()
        self._inbox.flush()
        self._tasks.close()
        await self._journal.writer.write()
        for connection in self._listener.connections:
            connection.send(Opcode.RECONNECT)
        await self._listener.stop()
        await self._journal.writer.write()
        for close in self._close:
            close()


class _Common(msgspec.Struct, kw_only=True, frozen=True):
    """The parts that most others need. A part gets by name the ones that it uses."""

    store: Store
    clock: Clock
    call_later: CallLater
    settings: Settings
    metrics: Metrics
    surroundings: Surroundings
    random: Randomness
    tasks: Tasks
    meter: EventMeter


def build_gateway(  # noqa: PLR0913 - a composition root is given all that its parts need
    *,
    store: Store,
    bus: Bus,
    ids: Ids,
    clock: Clock,
    call_later: CallLater,
    settings: Settings,
    metrics: Metrics,
    messages: MessagePort,
    session_journal: SessionJournal,
    online: OnlineCounts,
    starts: SessionStarts,
    address: PublicAddress,
    surroundings: Surroundings = ALONE,
    random: Randomness = SYSTEM_RANDOMNESS,
    make_listener: MakeListener = make_listener,
) -> Gateway:
    """Build the gateway with all its parts. Call this within a running loop.

    `messages` takes messages that clients send over the socket. `session_journal` keeps the sessions for the
    next process, and has those of the one before. `address` is bound when the gateway listens.
    """
    tasks = Tasks()
    meter = EventMeter(metrics=metrics, clock=clock)
    common = _Common(
        store=store,
        clock=clock,
        call_later=call_later,
        settings=settings,
        metrics=metrics,
        surroundings=surroundings,
        random=random,
        tasks=tasks,
        meter=meter,
    )
    sending = make_sending(clock=clock, call_later=call_later, metrics=metrics)
    inbox = Inbox(call_soon=asyncio.get_running_loop().call_soon, clock=clock)
    windows = LoginWindows()

    guilds = _build_guilds(common, bus, online, windows, sending)
    users = UserDirectory(bus=bus, clock=clock, call_later=call_later, ids=ids, metrics=metrics, meter=meter)
    rows = RowWait(bus=bus, store=store)
    entrance = GuildEntrance(guilds=guilds, users=users, store=store, tasks=tasks, inbox=inbox, rows=rows, meter=meter)
    progress = LogProgress()
    missed = MissedEvents(bus=bus, call_later=call_later)
    restoring = SessionRestoring(
        guilds=guilds,
        users=users,
        entrance=entrance,
        store=store,
        progress=progress,
        missed=missed,
        rows=rows,
        num_shards=bus.num_shards,
    )
    homes = HomePort(users=users, guilds=entrance, sessions=restoring)
    journal = build_journal(
        store=session_journal,
        homes=homes,
        incarnation=random.token_hex(_INCARNATION_BYTES),
        clock=clock,
        resume_window_s=settings.gateway.resume_window_s,
        metrics=metrics,
    )
    table = _build_table(common, homes, journal)
    router = EventRouter(
        guilds=guilds,
        users=users,
        windows=windows,
        entrance=entrance,
        table=table,
        meter=meter,
        progress=progress,
    )
    inbox.hand_to(router.route)

    commands = _build_commands(common, messages, homes)
    identifying = _build_identifying(
        common,
        starts,
        rows=rows,
        windows=windows,
        homes=homes,
        table=table,
        commands=commands,
        address=address,
    )
    returning = Restoring(
        journal=journal,
        homes=homes.sessions,
        table=table,
        commands=commands,
        tasks=tasks,
        options=settings.gateway,
        metrics=metrics,
    )
    resuming = Resuming(table=table, homes=homes, restoring=returning, metrics=metrics)
    protocol = GatewayProtocol(identifying=identifying, resuming=resuming, commands=commands, table=table)
    listener = make_listener(
        settings=settings.gateway,
        clock=clock,
        call_later=call_later,
        handler=protocol,
        metrics=metrics,
        sending=sending,
        surroundings=surroundings,
    )
    timers = (table.close, users.close, guilds.close, missed.close)
    return Gateway(
        bus=bus,
        inbox=inbox,
        progress=progress,
        homes=homes,
        listener=listener,
        journal=journal,
        tasks=tasks,
        address=address,
        close=timers,
    )


def _build_guilds(
    common: _Common, bus: Bus, online: OnlineCounts, windows: LoginWindows, sending: Sending
) -> GuildDirectory:
    options = common.settings.gateway
    loader = GuildLoader(
        store=common.store,
        bus=bus,
        clock=common.clock,
        call_later=common.call_later,
        meter=common.meter,
        on_online=online.put,
        large=LargeGuilds(members=options.large_guild_members, gap_s=options.passive_gap_s),
    )
    return GuildDirectory(
        loader=loader,
        windows=windows,
        tasks=common.tasks,
        call_later=common.call_later,
        idle_s=options.guild_idle_s,
        sending=sending,
    )


def _build_table(common: _Common, homes: HomePort, journal: Journal) -> SessionTable:
    table = SessionTable(
        resume_window_s=common.settings.gateway.resume_window_s,
        call_later=common.call_later,
        on_added=journal.writer.add,
        on_lost=homes.users.lose,
        on_ended=(journal.writer.drop, homes.users.leave, homes.guilds.leave_all),
    )
    common.metrics.connections.sessions.set_function(lambda: float(len(table)))
    return table


def _build_commands(common: _Common, messages: MessagePort, homes: HomePort) -> SessionCommands:
    return SessionCommands(
        members=MemberRequests(homes=homes, store=common.store, tasks=common.tasks, meter=common.meter),
        messages=SocketMessages(port=messages, tasks=common.tasks),
        subscribing=GuildSubscribing(homes=homes),
        homes=homes,
    )


def _build_identifying(
    common: _Common,
    starts: SessionStarts,
    *,
    rows: RowWait,
    windows: LoginWindows,
    homes: HomePort,
    table: SessionTable,
    commands: SessionCommands,
    address: PublicAddress,
) -> Identifying:
    reads = LoginReads(
        store=common.store,
        rows=rows,
        windows=windows,
        tasks=common.tasks,
        on_bad_token=common.surroundings.on_bad_token,
    )
    factory = SessionFactory(
        clock=common.clock,
        settings=common.settings,
        table=table,
        starts=starts,
        new_session_id=lambda: common.random.token_hex(_SESSION_ID_BYTES),
        metrics=common.metrics,
    )
    identifying = Identifying(
        reads=reads,
        factory=factory,
        tasks=common.tasks,
        homes=homes,
        table=table,
        call_later=common.call_later,
        address=address,
        commands=commands,
        on_logins=common.surroundings.on_logins,
    )
    reads.hand_to(identifying.take)
    return identifying
