"""The duration of an end."""

from guildway.processes.embedded import STORE_GRACE_S
from guildway.processes.listeners import REQUEST_GRACE_S
from guildway.processes.server import GATEWAY_GRACE_S


def test_end_takes_less_than_the_five_seconds_that_the_guide_tells() -> None:
    # The waits for clients and requests run side by side, and the one for the store after them.
    assert max(GATEWAY_GRACE_S, REQUEST_GRACE_S) + STORE_GRACE_S < 5
