"""The transport of each value of the setting."""

import sys
from typing import Any

import pytest

from core.runtime.clock import SystemClock
from core.runtime.errors import StartError
from core.runtime.metrics.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings
from gateway.transport import listener
from gateway.transport.listener import TRANSPORTS, Listener, make_listener
from gateway.transport.native_listener import NativeListener
from gateway.transport.picows_listener import PicowsListener
from tests.fakes.timers import FakeTimers


class _Handler:
    def on_command(self, connection: Any, command: Any) -> None:
        """Nobody connects."""

    def on_closed(self, connection: Any, code: int | None) -> None:
        """Nobody connects."""


def make(name: Any, *, host: str = "127.0.0.1") -> Listener:
    return make_listener(
        settings=GatewaySettings(host=host, port=0, transport=name),
        clock=SystemClock(),
        call_later=FakeTimers().call_later,
        handler=_Handler(),
        metrics=Metrics(),
    )


def test_auto_is_the_best_that_this_machine_has() -> None:
    best = {"native": NativeListener, "picows": PicowsListener}[TRANSPORTS[0]]
    assert isinstance(make("auto"), best)
    assert (TRANSPORTS[0] == "native") is (sys.platform == "linux")


def test_picows_is_everywhere() -> None:
    assert isinstance(make("picows"), PicowsListener)


@pytest.mark.skipif(sys.platform != "linux", reason="the native transport is for Linux")
def test_unix_socket_is_for_the_native_transport() -> None:
    assert isinstance(make("auto", host="unix:/run/gateway.sock"), NativeListener)
    with pytest.raises(StartError, match="picows cannot read: give it a port"):
        make("picows", host="unix:/run/gateway.sock")


def test_transport_that_this_machine_does_not_have_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "TRANSPORTS", ("picows",))
    assert isinstance(make("auto"), PicowsListener)
    with pytest.raises(StartError, match="no native here, only picows"):
        make("native")


async def test_listener_that_never_started_can_be_stopped() -> None:
    for name in TRANSPORTS:
        unstarted = make(name)
        with pytest.raises(RuntimeError):
            assert unstarted.address
        await unstarted.stop()
