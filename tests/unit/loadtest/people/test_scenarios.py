"""The scenarios stay within the limits of a server as it is shipped."""

import pytest

from core.runtime.settings.settings import GatewaySettings, LimitSettings
from loadtest.people.scenarios import SCENARIOS, Act, Scenario, Storm


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_scenarios_keep_the_default_limits(scenario: Scenario) -> None:
    limits, gateway = LimitSettings(), GatewaySettings()
    share = sum(scenario.acts.get(act, 0) for act in (Act.SAY, Act.UPLOAD)) / sum(scenario.acts.values())
    messages_per_minute = 60 / scenario.pause_s * share
    assert messages_per_minute < limits.messages_per_minute / 10
    if scenario.storm is Storm.PRESENCE:
        assert gateway.presence_window_s / scenario.storm_interval_s < gateway.presences_per_window
    assert sum(scenario.acts.values()) > 0
