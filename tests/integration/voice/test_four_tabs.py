"""Four tabs of a real browser in one room, with voices and cameras, judged by what getStats counts.

The cameras are small, but for one that is sent in several sizes: machines with two cores film and look at all of it.
"""

import asyncio
from pathlib import Path

import pytest

from tests.support.chromium import CHROMIUM
from tests.support.voice.rooms import bot
from tests.support.voice.speech import write_speech
from tests.support.voice.tabs import Scene, Tab, open_scene

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing")

LARGE = {"width": 960, "height": 540, "frameRate": 5}
SMALL = {"width": 160, "height": 120, "frameRate": 5}
BOT = 9
PROTECTED_S = 60
"""Browsers tell of a voice every five seconds or so, and the speaker's encoder takes a mean over ten."""
SPEECH_OF_20_MS = (1, 5, 9, 13, 15)
"""Configurations of Opus."""
LEAST_MEDIA_BYTES = 50
"""What is shorter has no sound in it that would be missed, or is a report."""


async def test_four_tabs_see_and_hear_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_speech(tmp_path / "speech.wav")
    flags = [f"--use-file-for-fake-audio-capture={tmp_path / 'speech.wav'}"]
    async with open_scene(tmp_path, monkeypatch, 4, flags) as scene:
        ada, bob, cyd, dan = scene.tabs
        await ada.join(video=LARGE, sizes=True)
        await bob.join(video=SMALL)
        await cyd.join(video=SMALL, feedback={"audio": []})
        await dan.join(video=SMALL)
        await check_all_receive_all(scene.tabs)
        await check_sizes(ada, bob, dan)
        await check_screen(ada, [bob, cyd, dan])
        await check_loss(scene, ada, bob, cyd)


async def check_all_receive_all(tabs: list[Tab]) -> None:
    """Wait until each has got pictures and packets of sound of each other one, and next to nothing is missing."""
    for tab in tabs:
        for other in tabs:
            if other is tab:
                continue
            await tab.until(other.ssrc, "found.packetsReceived > 20")
            await tab.until(
                other.video_ssrc, "found.framesDecoded > 5 && 50 * found.packetsLost < found.packetsReceived"
            )


async def check_sizes(sender: Tab, large: Tab, small: Tab) -> None:
    """Have one tab show a small picture; switch the camera off and on; have the tab show a large one again."""
    await large.until(sender.video_ssrc, "found.frameWidth === 960")
    await small.page.run(f"voice.say(15, {{ any: 100, [{sender.video_ssrc}]: 25 }})")
    await small.until(sender.video_ssrc, "found.frameWidth === 240")
    await large.until(sender.video_ssrc, "found.frameWidth === 960")
    await sender.page.run("voice.announce(false)")
    await large.page.run("voice.cameraOff()")
    before = await large.page.run(f"voice.count({sender.video_ssrc})")
    await sender.page.run("voice.announce(true)")
    await large.until(sender.video_ssrc, f"found.framesDecoded > {before['framesDecoded'] + 5}")
    await small.page.run("voice.say(15, { any: 100 })")
    await small.until(sender.video_ssrc, "found.frameWidth === 960")


async def check_screen(sharer: Tab, others: list[Tab]) -> None:
    """Share the screen, which Chromium makes up, beside the camera."""
    await sharer.page.run("voice.shareScreen()")
    for tab in others:
        await tab.until(sharer.screen_ssrc, "found.framesDecoded > 3 && found.frameWidth === 800")
        await tab.until(sharer.video_ssrc, "found.frameWidth === 960")
    await sharer.page.run("voice.stopSharing()")


async def check_loss(scene: Scene, speaker: Tab, asks: Tab, asks_not: Tab) -> None:
    """Lose 5 % on the way to the tabs: who asks for packets gets them again, and for others the voice is protected, which
    a client that is no browser sees: a browser says so only where it has an audio device that plays in time.
    """
    before = await asks.page.run(f"voice.count({speaker.video_ssrc})")
    async with bot(scene.stage, BOT, tls=scene.certificates.trust()) as listener, asyncio.timeout(PROTECTED_S):
        scene.network.lose(0.05, least_bytes=LEAST_MEDIA_BYTES)
        await asks_not.until(speaker.ssrc, "found.packetsLost > 0")
        while not is_protected(await listener.hear(), speaker.ssrc):
            pass
    await asks.until(speaker.ssrc, "found.nackCount > 5 && found.packetsLost < found.nackCount")
    await asks.until(speaker.video_ssrc, f"found.nackCount > 0 && found.framesDecoded > {before['framesDecoded'] + 20}")
    scene.network.lose(0)
    last = await asks.page.run(f"voice.count({speaker.video_ssrc})")
    await asks.until(speaker.video_ssrc, f"found.framesDecoded > {last['framesDecoded'] + 5}")


def is_protected(heard: tuple[int, bytes], ssrc: int) -> bool:
    """Return whether a packet is of this SSRC, and has what was said before in it once more (RFC 6716, 3.1 and 4.2.4)."""
    source, sound = heard
    if source != ssrc or len(sound) < 2:
        return False
    is_one_mono_frame = sound[0] & 0b111 == 0
    return sound[0] >> 3 in SPEECH_OF_20_MS and is_one_mono_frame and bool(sound[1] & 0x40)
