"""The scenarios stay within the limits of a server as it is shipped."""

import msgspec
import pytest

from core.runtime.settings.settings import GatewaySettings, LimitSettings, VoiceSettings
from loadtest.people.scenarios import SCENARIOS, Act, Scenario, Storm


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_scenarios_keep_the_default_limits(scenario: Scenario) -> None:
    limits, gateway = LimitSettings(), GatewaySettings()
    share = sum(scenario.acts.get(act, 0) for act in (Act.SAY, Act.UPLOAD)) / sum(scenario.acts.values())
    messages_per_minute = 60 / scenario.pause_s * share
    assert messages_per_minute < limits.messages_per_minute / 10
    if scenario.storm is Storm.PRESENCE:
        assert gateway.presence_window_s / scenario.storm_interval_s < gateway.presences_per_window
    if scenario.has_voice:
        assert scenario.stay_s > limits.voice_joins_window_s / limits.voice_joins
        assert scenario.speakers <= VoiceSettings().most_voices
    assert sum(scenario.acts.values()) > 0


def test_count_rooms_has_a_place_for_everybody_and_none_where_nobody_talks() -> None:
    voice = msgspec.structs.replace(SCENARIOS["voice"], room_size=4)
    assert [voice.count_rooms(people) for people in (1, 4, 5, 9)] == [1, 1, 2, 3]
    assert SCENARIOS["mixed"].count_rooms(50) == 0
