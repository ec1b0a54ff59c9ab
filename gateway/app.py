"""The gateway's composition root, and the thing that it composes.

```
 bus ─→ inbox ─┬─→ guild directory ─→ guild actors ─┐
               └─→ user directory  ─→ user actors ──┴─→ sessions ─→ connections ─→ listener
 listener ─→ protocol ─┬─→ identifying ─→ attachment     (login)
                       ├─→ resuming                      (resume)
                       └─→ member requests, messages, presence
```
"""

import asyncio
import secrets
from collections.abc import Callable

from core.bus.interfaces import Bus, Subscription
from core.live.interfaces import OnlineCounts, SessionStarts
from core.runtime.clock import Clock
from core.runtime.metrics import Metrics
from core.runtime.settings import Settings
from core.store.interfaces import Store
from core.wire.opcodes import Opcode
from gateway.batch_timer import CallLater
from gateway.event_meter import EventMeter
from gateway.event_router import EventRouter
from gateway.guild_attachment import GuildAttachment
from gateway.guild_directory import GuildDirectory
from gateway.guild_subscribing import GuildSubscribing
from gateway.identify import Identifying
from gateway.inbox import Inbox
from gateway.login_reads import LoginReads
from gateway.member_requests import MemberRequests
from gateway.message_port import MessagePort
from gateway.passive_sessions import LargeGuilds
from gateway.protocol import GatewayProtocol
from gateway.public_address import compute_gateway_url
from gateway.resume import Resuming
from gateway.sending import make_sending
from gateway.session import Session
from gateway.session_factory import SessionFactory
from gateway.session_table import SessionTable
from gateway.socket_messages import SocketMessages
from gateway.surroundings import ALONE, Surroundings
from gateway.tasks import Tasks
from gateway.transport.listener import Listener, make_listener
from gateway.user_actor import UserEvents
from gateway.user_directory import Ids, UserDirectory

_SESSION_ID_BYTES = 16
"""Not to be guessed, though resuming needs the token as well."""


class Gateway:
    """The gateway of one process."""

    __slots__ = ("_bus", "_close", "_inbox", "_listener", "_public_url", "_subscription", "_tasks")

    def __init__(
        self,
        *,
        bus: Bus,
        inbox: Inbox,
        listener: Listener,
        tasks: Tasks,
        public_url: str,
        close: Callable[[], None],
    ) -> None:
        """`close` stops timers."""
        self._bus = bus
        self._inbox = inbox
        self._listener = listener
        self._tasks = tasks
        self._public_url = public_url
        self._close = close
        self._subscription: Subscription | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, once started."""
        return self._listener.address

    @property
    def local_url(self) -> str:
        """The address by which a client on this machine reaches the gateway, once started."""
        host, port = self._listener.address
        return compute_gateway_url(public_url="", host=host, port=port)

    @property
    def url(self) -> str:
        """The address that clients are told who have not asked for a host by name."""
        return self.url_for("")

    def url_for(self, asked_host: str) -> str:
        """The address that a client is told whose request named `asked_host` (a Host header)."""
        host, port = self._listener.address
        return compute_gateway_url(public_url=self._public_url, host=host, port=port, asked_host=asked_host)

    async def start(self) -> None:
        """Listen to the bus, then to clients."""
        self._subscription = self._bus.subscribe(self._inbox.put)
        await self._listener.start()

    async def run(self) -> None:
        """Own the gateway's tasks until cancelled. Logins wait until this runs."""
        await self._tasks.run()

    async def stop(self) -> None:
        """Tell every client to reconnect, and close."""
        for connection in self._listener.connections:
            connection.send(Opcode.RECONNECT)
        await self._listener.stop()
        if self._subscription is not None:
            self._subscription.close()
        self._tasks.close()
        self._close()


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
    online: OnlineCounts,
    starts: SessionStarts,
    surroundings: Surroundings = ALONE,
) -> Gateway:
    """Everything of the gateway, wired. Call within a running loop.

    `messages` takes what clients send over the socket.
    """
    # Longer than functions are here: in pieces it would hide what depends on what, and the parts that need each other.
    options = settings.gateway
    tasks = Tasks()
    meter = EventMeter(metrics=metrics, clock=clock)
    sending = make_sending(clock=clock, call_later=call_later, metrics=metrics)
    guilds = GuildDirectory(
        store=store,
        clock=clock,
        call_later=call_later,
        tasks=tasks,
        idle_s=options.guild_idle_s,
        meter=meter,
        sending=sending,
        on_online=online.put,
        large=LargeGuilds(members=options.large_guild_members, gap_s=options.passive_gap_s),
    )
    events = UserEvents(
        join_guild=lambda session, guild_id: attachment.join(session, guild_id),  # noqa: PLW0108 - made below
        revoke=lambda session: table.revoke(session),  # noqa: PLW0108 - made below
    )
    users = UserDirectory(
        bus=bus, clock=clock, call_later=call_later, ids=ids, metrics=metrics, meter=meter, events=events
    )
    attachment = GuildAttachment(guilds=guilds, users=users, tasks=tasks, flush=lambda: inbox.flush())  # noqa: PLW0108

    def on_ended(session: Session) -> None:
        users.leave(session)
        attachment.leave_all(session)

    def close() -> None:
        for part in (table, users, guilds):
            part.close()

    table = SessionTable(
        resume_window_s=options.resume_window_s, call_later=call_later, on_lost=users.lose, on_ended=on_ended
    )
    metrics.connections.sessions.set_function(lambda: float(len(table)))
    reads = LoginReads(
        store=store,
        tasks=tasks,
        take=lambda logins: surroundings.on_logins(identifying.take(logins)),
        on_bad_token=surroundings.on_bad_token,
    )
    identifying = Identifying(
        reads=reads,
        factory=SessionFactory(
            clock=clock,
            settings=settings,
            table=table,
            starts=starts,
            new_session_id=lambda: secrets.token_hex(_SESSION_ID_BYTES),
            metrics=metrics,
        ),
        tasks=tasks,
        users=users,
        attachment=attachment,
        table=table,
        call_later=call_later,
        resume_url=lambda asked_host: gateway.url_for(asked_host),  # noqa: PLW0108 - made below
        on_command=lambda connection, command: protocol.on_command(connection, command),  # noqa: PLW0108 - made below
    )
    protocol = GatewayProtocol(
        identifying=identifying,
        resuming=Resuming(table=table, users=users, metrics=metrics),
        members=MemberRequests(guilds=guilds, store=store, tasks=tasks, meter=meter),
        messages=SocketMessages(port=messages, tasks=tasks),
        subscribing=GuildSubscribing(guilds=guilds),
        table=table,
        users=users,
    )
    router = EventRouter(guilds=guilds, users=users, logins=reads, meter=meter)
    inbox = Inbox(apply=router.route, call_soon=asyncio.get_running_loop().call_soon, clock=clock)
    gateway = Gateway(
        bus=bus,
        inbox=inbox,
        listener=make_listener(
            settings=options,
            clock=clock,
            call_later=call_later,
            handler=protocol,
            metrics=metrics,
            sending=sending,
            surroundings=surroundings,
        ),
        tasks=tasks,
        public_url=options.public_url,
        close=close,
    )
    return gateway
