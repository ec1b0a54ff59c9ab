"""Which of the gateway's transports a test over a socket runs on: all that this machine has, or the one that it would
choose.
"""

from typing import Final

import pytest

from gateway.transport.listener import TRANSPORTS

on_first_transport: Final = pytest.mark.parametrize("transport", TRANSPORTS[:1])
"""For tests of what stands behind all transports: payloads, encodings and compressed streams."""
