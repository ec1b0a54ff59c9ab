"""Who of a room is heard: seats are taken at once, held for a while, and go to those who are clearly louder."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core_ext.twins import assert_alike, each, implementations_of

PACKET_S = 0.02
SPEECH_DB, QUIET_DB = 95.0, 60.0


class Hall:
    """A room with seats, and the time."""

    def __init__(self, module: ModuleType, limit: int, voices: int) -> None:
        self.speakers = module.ActiveSpeakers(limit)
        self.voices = [module.Activity() for _ in range(voices)]
        self.now_s = 100.0

    def send(self, loudness: dict[int, float], seconds: float) -> dict[int, list[bool]]:
        """Let voices send packets for a while; return which were passed on."""
        passed: dict[int, list[bool]] = {voice: [] for voice in loudness}
        for _ in range(round(seconds / PACKET_S)):
            self.now_s += PACKET_S
            for voice, loud in loudness.items():
                passed[voice].append(self.speakers.note(self.voices[voice], loud, self.now_s))
        return passed


@pytest.mark.parametrize("module", each("speakers"))
def test_loudness_is_read_from_the_level_and_guessed_without(module: ModuleType) -> None:
    assert module.measure_loudness(0x80 | 30, 3) == module.measure_loudness(30, 100) == 97
    assert module.measure_loudness(127, 100) == module.measure_loudness(None, 3) == 0
    assert module.measure_loudness(None, 4) == 87


@pytest.mark.parametrize("module", each("speakers"))
def test_everybody_is_heard_where_there_are_seats_for_all(module: ModuleType) -> None:
    hall = Hall(module, 3, 3)
    assert all(map(all, hall.send({0: SPEECH_DB, 1: QUIET_DB, 2: 0.0}, 1).values()))


@pytest.mark.parametrize("module", each("speakers"))
def test_word_begins_whole_when_somebody_else_rests(module: ModuleType) -> None:
    hall = Hall(module, 2, 3)
    hall.send({0: SPEECH_DB, 1: SPEECH_DB}, 1)
    assert not any(hall.send({0: SPEECH_DB, 1: QUIET_DB, 2: QUIET_DB}, 2.1)[2])
    assert all(hall.send({2: SPEECH_DB}, 0.1)[2])
    assert not any(hall.send({1: QUIET_DB}, 0.1)[1])
    assert all(hall.send({0: SPEECH_DB}, 0.1)[0])


@pytest.mark.parametrize("module", each("speakers"))
def test_seat_is_held_in_a_pause(module: ModuleType) -> None:
    hall = Hall(module, 1, 2)
    hall.send({0: SPEECH_DB}, 1)
    assert not any(hall.send({0: QUIET_DB, 1: SPEECH_DB - 20}, 0.2)[1])
    assert all(hall.send({0: SPEECH_DB}, 0.1)[0])


@pytest.mark.parametrize("module", each("speakers"))
def test_clearly_louder_voice_takes_a_seat_and_a_little_louder_one_does_not(module: ModuleType) -> None:
    hall = Hall(module, 1, 2)
    hall.send({0: SPEECH_DB}, 3)
    assert not any(hall.send({0: SPEECH_DB, 1: SPEECH_DB + 7}, 10)[1])
    passed = hall.send({0: SPEECH_DB, 1: SPEECH_DB + 20}, 1)
    assert passed[1][-1]
    assert not passed[0][-1]


@pytest.mark.parametrize("module", each("speakers"))
def test_new_seat_is_safe_for_a_while(module: ModuleType) -> None:
    hall = Hall(module, 1, 2)
    passed = hall.send({0: SPEECH_DB, 1: SPEECH_DB + 20}, 1.9)
    assert all(passed[0])
    assert not any(passed[1])


@pytest.mark.parametrize("module", each("speakers"))
def test_cough_takes_no_seat(module: ModuleType) -> None:
    hall = Hall(module, 1, 2)
    hall.send({0: SPEECH_DB, 1: QUIET_DB}, 3)
    assert hall.send({0: SPEECH_DB, 1: 127.0}, 0.04)[1] == [False, False]


@pytest.mark.parametrize("module", each("speakers"))
def test_priority_speaker_is_heard_at_once_and_stays(module: ModuleType) -> None:
    hall = Hall(module, 2, 4)
    hall.send({0: SPEECH_DB, 1: SPEECH_DB + 5}, 3)
    hall.voices[2].is_pinned = True
    passed = hall.send({2: QUIET_DB, 0: SPEECH_DB, 1: SPEECH_DB + 5}, 5)
    assert all(passed[2])
    assert not any(passed[0])
    assert all(passed[1]), "the quieter one has made room"
    passed = hall.send({1: SPEECH_DB, 2: QUIET_DB, 3: 127.0}, 1)
    assert all(passed[2])
    assert passed[3][-1]
    assert not passed[1][-1]


@pytest.mark.parametrize("module", each("speakers"))
def test_more_priority_speakers_than_seats_wait_for_each_other(module: ModuleType) -> None:
    hall = Hall(module, 1, 2)
    for voice in hall.voices:
        voice.is_pinned = True
    passed = hall.send({0: SPEECH_DB, 1: 127.0}, 3)
    assert all(passed[0])
    assert not any(passed[1])


@pytest.mark.parametrize("module", each("speakers"))
def test_seat_of_who_has_left_is_free(module: ModuleType) -> None:
    hall = Hall(module, 1, 2)
    hall.send({0: SPEECH_DB}, 1)
    hall.speakers.release(hall.voices[0])
    hall.speakers.release(hall.voices[0])
    assert all(hall.send({1: 0.0}, 0.1)[1])


packets = st.lists(
    st.tuples(st.integers(0, 5), st.floats(0, 127), st.floats(0, 3), st.booleans()), min_size=1, max_size=60
)


@pytest.mark.parametrize("module", each("speakers"))
@given(limit=st.integers(1, 6), sent=packets)
def test_seats_are_bounded_and_speakers_lose_theirs_to_louder_ones_alone(
    module: ModuleType, limit: int, sent: list[tuple[int, float, float, bool]]
) -> None:
    speakers, voices, now_s = module.ActiveSpeakers(limit), [module.Activity() for _ in range(6)], 0.0
    for number, loudness, passed_s, is_pinned in sent:
        now_s += passed_s
        voice = voices[number]
        voice.is_pinned = is_pinned
        before = [other for other in voices if other.has_seat]
        is_passed = speakers.note(voice, loudness, now_s)
        after = [other for other in voices if other.has_seat]
        assert is_passed == voice.has_seat
        assert len(after) <= limit
        assert len(after) >= len(before)
        for loser in (other for other in before if not other.has_seat):
            assert not loser.is_pinned
            assert voice.has_seat
            is_rested = now_s - loser.voiced_s >= 2
            is_louder = voice.loudness >= loser.loudness + 8 and now_s - loser.seated_s >= 2
            assert is_pinned or is_rested or is_louder


@given(limit=st.integers(1, 3), sent=packets, level=st.none() | st.integers(0, 255), size=st.integers(0, 9))
def test_seats_go_to_the_same_voices(
    limit: int, sent: list[tuple[int, float, float, bool]], level: int | None, size: int
) -> None:
    outcomes = []
    for module in implementations_of("speakers"):
        speakers, voices, now_s = module.ActiveSpeakers(limit), [module.Activity() for _ in range(6)], 0.0
        outcome: list[object] = [module.measure_loudness(level, size)]
        for number, loudness, passed_s, is_pinned in sent:
            now_s += passed_s
            voices[number].is_pinned = is_pinned
            outcome.append(speakers.note(voices[number], loudness, now_s))
            outcome.append([(voice.has_seat, voice.loudness, voice.seated_s, voice.voiced_s) for voice in voices])
        outcomes.append(outcome)
    assert_alike(outcomes)
