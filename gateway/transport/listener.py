"""The interface of all listeners, and the choice of the transport.

    native   one epoll of our own under the event loop; Linux
    picows   the event loop reads the sockets, picows the frames; runs everywhere

The setting `gateway.transport` names one; `auto` takes the best one that this machine has.

Both stay. A server on Linux has one epoll, so it takes the native transport. picows is the portable one, for macOS and
other systems without epoll, and its protocol objects carry the sockets of the voice tier later.
"""

import sys
from typing import Final, Protocol

from core.http.shared_port import PLAIN, Front
from core.runtime.clock import Clock
from core.runtime.errors import StartError
from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings
from core.runtime.unix_sockets import UNIX
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
"""The transports that this machine has, the best first."""


class Listener(Protocol):
    """A server socket and the connections that came through it."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, or `unix:` with a path and 0, once started."""

    @property
    def connections(self) -> list[Connection]:
        """The connections that are open now."""

    async def start(self) -> None:
        """Begin to listen. Raises StartError when the address cannot be bound."""

    async def stop(self) -> None:
        """Stop listening and close all connections with 1001. Takes a little over two seconds at most."""


class MakeListener(Protocol):
    """A function that makes a listener, as `make_listener` does."""

    def __call__(
        self,
        *,
        settings: GatewaySettings,
        clock: Clock,
        call_later: CallLater,
        handler: ConnectionHandler,
        metrics: Metrics,
        sending: Sending | None = None,
        surroundings: Surroundings = ALONE,
    ) -> Listener:
        """Make a listener. `handler` gets every connection's commands and its end."""


def make_listener(
    *,
    settings: GatewaySettings,
    clock: Clock,
    call_later: CallLater,
    handler: ConnectionHandler,
    metrics: Metrics,
    sending: Sending | None = None,
    surroundings: Surroundings = ALONE,
    front: Front = PLAIN,
) -> Listener:
    """Make a listener of the transport in the settings. `handler` gets every connection's commands and its end.

    `sending` sends the sessions' dispatches; by default the listener gets one of its own. With TLS, and on a port that
    the API has too, the transport is picows: the native one writes past the loop, to sockets that it has accepted.

    Raises:
        StartError: when this machine does not have the transport.
    """
    name = settings.transport
    if name == "auto":
        name = TRANSPORTS[0] if front == PLAIN else "picows"
    if front != PLAIN and name == "native":
        raise StartError("gateway.transport: native has no TLS and a port of its own; leave it at auto, or take picows")
    if name not in TRANSPORTS:
        raise StartError(f"gateway.transport: there is no {name} here, only {', '.join(TRANSPORTS)}")
    if settings.host.startswith(UNIX) and name != "native":
        raise StartError(f"gateway.host is a Unix socket, which the transport {name} cannot read: give it a port")
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
        return NativeListener(admission=admission)
    return PicowsListener(host=settings.host, port=settings.port, admission=admission, front=front)
