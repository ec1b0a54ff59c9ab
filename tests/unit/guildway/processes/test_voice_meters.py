"""What a media node has told becomes metrics."""

from prometheus_client import CollectorRegistry

from core.runtime.metrics.voice_metrics import DAVE_HAPPENINGS, DAVE_VERSIONS, VoiceMetrics
from core.voice.orders import Counts, Load
from guildway.processes.voice_meters import VoiceMeters
from voice.dave.happenings import Happening
from voice.dave.negotiation import DAVE_VERSION


def test_rooms_and_groups_of_dave_are_told() -> None:
    registry = CollectorRegistry()
    meters = VoiceMeters(VoiceMetrics(registry))

    def rooms() -> list[float | None]:
        return [registry.get_sample_value("guildway_voice_dave_rooms", {"version": each}) for each in DAVE_VERSIONS]

    def happened(happening: str) -> float | None:
        return registry.get_sample_value("guildway_voice_dave_total", {"happening": happening})

    assert (rooms(), [happened(each) for each in DAVE_HAPPENINGS]) == ([0, 0], [0] * len(DAVE_HAPPENINGS))
    meters.observe("first", Load(3, 9, 0.5, Counts(dave={"commit": 4}), encrypted=2))
    meters.observe("first", Load(3, 9, 0.5, Counts(dave={"commit": 6, "reset": 1}), encrypted=1))
    assert (rooms(), happened("commit"), happened("reset")) == ([2, 1], 6, 1)
    meters.on_end()
    meters.observe("second", Load(1, 1, 0.5, Counts(dave={"commit": 1})))
    assert (rooms(), happened("commit")) == ([1, 0], 7)
    meters.on_end()
    assert rooms() == [0, 0]


def test_nodes_say_the_words_that_are_shown_from_the_start() -> None:
    assert set(Happening) == set(DAVE_HAPPENINGS)
    assert str(DAVE_VERSION) == DAVE_VERSIONS[-1]
