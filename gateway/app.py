"""The gateway's composition root, and the gateway that it makes.

A gateway has two halves: the homes of guilds and users, and the host of sessions. Each has a side of the composition
root (`gateway.homes_side`, `gateway.host_side`), where the ways of events and commands are drawn.
"""

import asyncio
from collections.abc import Callable, Sequence

from core.bus.interfaces import Bus, Subscription
from core.live.interfaces import OnlineCounts, SessionStarts
from core.runtime.clock import Clock
from core.runtime.metrics.metrics import Metrics
from core.runtime.randomness import SYSTEM_RANDOMNESS, Randomness
from core.runtime.settings.current_limits import CurrentLimits
from core.runtime.settings.settings import Settings
from core.runtime.traces.interfaces import Tracer
from core.store.aggregates.session_journal import SessionJournal
from core.store.interfaces import Store
from core.voice.interfaces import VoiceNodes
from core.wire.opcodes import Opcode
from gateway.common_parts import Common
from gateway.events.event_meter import EventMeter
from gateway.events.event_tracing import EventTracing
from gateway.events.inbox import Inbox
from gateway.events.log_progress import LogProgress
from gateway.far.far_side import FarSide
from gateway.far.neighbours import Neighbours
from gateway.far_homes_side import join_neighbours
from gateway.homes.afk_watch import AfkWatch
from gateway.homes.home_port import HomePort
from gateway.homes.voice_sweep import VoiceSweep
from gateway.homes_side import build_homes_side
from gateway.host_side import Lent, build_host_side
from gateway.journal.drain import Drain
from gateway.journal.journal import Journal
from gateway.requests.message_port import MessagePort
from gateway.scheduling.batch_timer import CallLater
from gateway.scheduling.sending import Sending, make_sending
from gateway.scheduling.tasks import Tasks
from gateway.transport.listener import Listener, MakeListener, make_listener
from gateway.transport.public_address import PublicAddress
from gateway.transport.surroundings import ALONE, Surroundings
from gateway.voice.interfaces import VoicePort


class Gateway:
    """The gateway of one process."""

    __slots__ = (
        "_address",
        "_afk",
        "_bus",
        "_close",
        "_count_sessions",
        "_drain",
        "_far_side",
        "_inbox",
        "_journal",
        "_listener",
        "_progress",
        "_subscription",
        "_tasks",
        "_voice_sweep",
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
        drain: Drain,
        tasks: Tasks,
        address: PublicAddress,
        count_sessions: Callable[[], int],
        far_side: FarSide | None,
        voice_sweep: VoiceSweep,
        afk: AfkWatch | None,
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
        self._count_sessions = count_sessions
        self._close = close
        self._drain = drain
        self._far_side = far_side
        self._voice_sweep = voice_sweep
        self._afk = afk
        self._subscription: Subscription | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, once started."""
        return self._listener.address

    @property
    def session_count(self) -> int:
        """The sessions of this gateway, with those that wait for a resume."""
        return self._count_sessions()

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
            group.create_task(self._drain.run(), name="drain")
            group.create_task(self._voice_sweep.run(), name="voice sweep")
            if self._afk is not None:
                group.create_task(self._afk.run(), name="idle people in voice")
            if self._far_side is not None:
                group.create_task(self._far_side.run(), name="positions for other workers")

    def stop_journal(self) -> None:
        """Write nothing of sessions from now on: they come back as they were at the last cut."""
        self._journal.writer.stop()

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


def build_gateway(  # noqa: PLR0913 - a composition root is given all that its parts need
    *,
    store: Store,
    bus: Bus,
    clock: Clock,
    call_later: CallLater,
    settings: Settings,
    metrics: Metrics,
    messages: MessagePort,
    voice: VoicePort,
    session_journal: SessionJournal,
    online: OnlineCounts,
    starts: SessionStarts,
    address: PublicAddress,
    surroundings: Surroundings = ALONE,
    random: Randomness = SYSTEM_RANDOMNESS,
    make_listener: MakeListener = make_listener,
    neighbours: Neighbours | None = None,
    voice_nodes: VoiceNodes | None = None,
    tracer: Tracer | None = None,
    current_limits: CurrentLimits | None = None,
) -> Gateway:
    """Build the gateway with all its parts. Call this within a running loop.

    `messages` takes messages that clients send over the socket, and `voice` their voice states. `session_journal` keeps
    the sessions for the next process, and has those of the one before. `address` is bound when the gateway listens.
    `neighbours` are the other workers of a cluster. Without `voice_nodes` there is voice without media.
    Without `tracer` nothing is traced. Without `current_limits` those of the settings hold.
    """
    sending = make_sending(clock=clock, call_later=call_later, metrics=metrics)
    common = Common(
        store=store,
        bus=bus,
        clock=clock,
        call_later=call_later,
        settings=settings,
        current_limits=current_limits or CurrentLimits(settings),
        metrics=metrics,
        surroundings=surroundings,
        random=random,
        tasks=Tasks(),
        meter=EventMeter(metrics=metrics, clock=clock),
        sending=sending,
        tracing=None if tracer is None else _trace_events(tracer, sending),
        neighbours=neighbours,
        voice=voice,
    )
    homes = build_homes_side(common, online=online)
    if neighbours is not None:
        homes = join_neighbours(homes, common, neighbours)
    lent = Lent(
        messages=messages,
        session_journal=session_journal,
        starts=starts,
        address=address,
        make_listener=make_listener,
        voice_nodes=voice_nodes,
    )
    host = build_host_side(common, homes, lent)
    return Gateway(
        bus=bus,
        inbox=homes.inbox,
        progress=homes.progress,
        homes=homes.port,
        listener=host.listener,
        journal=host.journal,
        drain=host.drain,
        tasks=common.tasks,
        address=address,
        count_sessions=host.table.__len__,
        far_side=homes.far_side,
        voice_sweep=homes.voice_sweep,
        afk=None if voice_nodes is None else homes.afk,
        close=(host.close, host.table.close, homes.users.close, homes.guilds.close, homes.missed.close),
    )


def _trace_events(tracer: Tracer, sending: Sending) -> EventTracing:
    queue = sending.queue
    return EventTracing(tracer=tracer, count_entered=lambda: queue.entered, when_sent=sending.when_sent)
