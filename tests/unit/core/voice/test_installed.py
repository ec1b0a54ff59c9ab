"""Whether there can be voice."""

import importlib.util

import pytest

from core.runtime.settings.settings import VoiceSettings
from core.voice.installed import has_voice


def test_voice_needs_its_libraries_and_the_log_says_once_that_they_lack(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "aiortc" else there(name))
    assert not has_voice(VoiceSettings())
    assert [record.message for record in caplog.records] == [
        "no voice: install the extra guildway[voice], or set voice.enabled to false"
    ]


def test_who_wants_no_voice_is_told_of_no_library(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert not has_voice(VoiceSettings(enabled=False))
    assert not caplog.records
