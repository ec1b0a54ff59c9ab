"""The transports of a test over a socket: all of this machine, or the default one."""

from typing import Final

import pytest

from gateway.transport.listener import TRANSPORTS

on_first_transport: Final = pytest.mark.parametrize("transport", TRANSPORTS[:1])
"""A mark for tests of the code behind all transports: payloads, encodings and compressed streams."""
