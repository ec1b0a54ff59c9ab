"""The parts that all connections of one server share."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from core.http.bounds import HttpBounds
from core.http.exchange import Application
from core.http.open_work import OpenWork
from core.http.peers import HttpPeers
from core.http.proxies import TrustedProxies
from core.runtime.clock import Clock


class Timer(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Take the call back."""


class Serving(msgspec.Struct, kw_only=True, frozen=True):
    """The server, as its connections see it."""

    application: Application
    bounds: HttpBounds
    peers: HttpPeers
    proxies: TrustedProxies
    work: OpenWork
    clock: Clock
    call_later: Callable[[float, Callable[[], None]], Timer]
