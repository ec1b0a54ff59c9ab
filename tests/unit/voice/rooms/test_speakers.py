"""Who has spoken, as it is read from what has been passed on."""

from types import SimpleNamespace
from typing import Any

from core.voice.seats import SeatKey
from voice.rooms.speakers import SILENT_BYTES_PER_S, Speakers


def member(user_id: int, passed: int, gateway: str = "one", kept: int = 0) -> Any:
    voice = SimpleNamespace(bytes_passed=passed, bytes_kept=kept)
    return SimpleNamespace(gateway=gateway, seat=SimpleNamespace(key=SeatKey(1, user_id)), voice=voice)


def test_only_those_who_have_sent_more_than_silence_have_spoken() -> None:
    speakers, silent, loud = Speakers(), 10 * SILENT_BYTES_PER_S, 20 * SILENT_BYTES_PER_S
    first = speakers.find([member(1, loud), member(2, silent), member(3, loud, "two")], 10)
    assert first == {"one": [SeatKey(1, 1)], "two": [SeatKey(1, 3)]}
    assert speakers.find([member(1, loud + silent), member(2, 2 * silent + 1)], 10) == {"one": [SeatKey(1, 2)]}
    # Whoever has left is forgotten.
    assert speakers.find([member(3, loud)], 10) == {"one": [SeatKey(1, 3)]}


def test_those_who_speak_while_others_are_louder_have_spoken() -> None:
    assert Speakers().find([member(1, 0, kept=20 * SILENT_BYTES_PER_S)], 10) == {"one": [SeatKey(1, 1)]}
