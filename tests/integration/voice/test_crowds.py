"""Rooms with more open microphones than are passed on at once."""

from tests.support.voice.node import open_stage
from tests.support.voice.rooms import bot, browsers, wait_for_drop
from voice.rooms.bounds import Bounds

ADA, BOB, EVE, IVY = 1, 2, 3, 4
SPEAKING, PRIORITY = 5, 5


async def test_loudest_are_passed_on_and_priority_speakers_before_all() -> None:
    # Nobody's pause is long enough to lose the seat, however long a busy machine takes.
    async with (
        open_stage(Bounds(most_voices=2, hold_s=600.0)) as stage,
        browsers(stage, ADA, BOB) as (ada, bob),
        bot(stage, EVE) as eve,
        bot(stage, IVY) as ivy,
    ):
        ivy.talk(b"hello")
        assert await ada.hear() == (ivy.ssrc, b"hello")
        ada.talk(b"first")
        assert await ivy.hear() == (ada.ssrc, b"first")
        bob.talk(b"one too many")
        await wait_for_drop(stage, "quiet")
        eve.talk(b"and another")
        await wait_for_drop(stage, "quiet", 2)
        await eve.say(SPEAKING, {"speaking": PRIORITY, "delay": 0, "ssrc": eve.ssrc})
        assert (await ivy.expect(SPEAKING))["speaking"] == PRIORITY
        eve.talk(b"hear me")
        assert await ivy.hear() == (eve.ssrc, b"hear me"), "and nothing of what was kept back"
