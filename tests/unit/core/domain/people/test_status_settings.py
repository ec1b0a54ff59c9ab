"""When the custom status of the settings ends."""

import pytest

from core.domain.people.status_settings import expiry_ms


@pytest.mark.parametrize("given", [None, "", 5, "soon", "2023-11-14"])
def test_end_of_a_custom_status_is_a_time_or_nothing(given: object) -> None:
    assert expiry_ms({"expires_at": given}) == (1_699_920_000_000 if given == "2023-11-14" else None)
