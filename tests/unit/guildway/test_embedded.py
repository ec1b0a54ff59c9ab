"""How long an end may take."""

from guildway.embedded import GATEWAY_GRACE_S, REQUEST_GRACE_S, STORE_GRACE_S


def test_end_takes_less_than_the_five_seconds_that_the_guide_tells() -> None:
    # Clients and requests are waited for side by side, the store after them.
    assert max(GATEWAY_GRACE_S, REQUEST_GRACE_S) + STORE_GRACE_S < 5
