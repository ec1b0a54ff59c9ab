"""The gateway's server socket, seen from its composition root: what every transport can do, and which one is taken.

    native   one epoll of our own under the event loop; Linux
    picows   the event loop reads the sockets, picows the frames; runs everywhere

`gateway.transport` names one; `auto` takes the best that this machine has.

Both stay. A server on Linux has one epoll, so it takes the native one. picows is the portable transport, for macOS and whatever else
has no epoll, and its protocol objects carry the sockets of the voice tier later.
"""

import sys
from typing import Final, Protocol

from core.runtime.clock import Clock
from core.runtime.errors import StartError
from core.runtime.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings
from gateway.scheduling.batch_timer import CallLater
from gateway.scheduling.sending import Sending, make_sending
from gateway.sessions.connection import Connection, ConnectionHandler
from gateway.transport.admission import Admission
from gateway.transport.picows_listener import PicowsListener
from gateway.transport.surroundings import ALONE, Surroundings

if sys.platform == "linux":  # elsewhere its kernel is not even built
    from gateway.transport.native_listener import NativeListener

    TRANSPORTS: Final = ("native", "picows")
else:
    TRANSPORTS: Final = ("picows",)
"""What this machine has, the best first."""


class Listener(Protocol):
    """A server socket and the connections that came through it."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, once started."""

    @property
    def connections(self) -> list[Connection]:
        """The connections that are there now."""

    async def start(self) -> None:
        """Begins to listen. Raises StartError when the address cannot be had."""

    async def stop(self) -> None:
        """Stops to listen and ends what is still connected, with 1001. Takes a little over two seconds at most."""


def make_listener(
    *,
    settings: GatewaySettings,
    clock: Clock,
    call_later: CallLater,
    handler: ConnectionHandler,
    metrics: Metrics,
    sending: Sending | None = None,
    surroundings: Surroundings = ALONE,
) -> Listener:
    """A listener of the transport that the settings ask for. `handler` hears every connection's commands and its end.

    `sending` sends what the sessions get; by default one of its own does.

    Raises:
        StartError: this machine does not have the transport.
    """
    name = TRANSPORTS[0] if settings.transport == "auto" else settings.transport
    if name not in TRANSPORTS:
        raise StartError(f"gateway.transport: there is no {name} here, only {', '.join(TRANSPORTS)}")
    sending = sending or make_sending(clock=clock, call_later=call_later, metrics=metrics)
    admission = Admission(
        settings=settings,
        clock=clock,
        call_later=call_later,
        handler=handler,
        metrics=metrics,
        sending=sending,
        surroundings=surroundings,
    )
    if sys.platform == "linux" and name == "native":
        return NativeListener(host=settings.host, port=settings.port, admission=admission)
    return PicowsListener(host=settings.host, port=settings.port, admission=admission)
