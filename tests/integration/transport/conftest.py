"""Tests of the transports run on uvloop, as the server does, and on every transport of this machine.

A test of the code behind all transports has the mark `on_first_transport`.
"""

from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from gateway.transport.listener import TRANSPORTS


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], Any]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """The value of `gateway.transport` in this test."""
    return str(request.param)
