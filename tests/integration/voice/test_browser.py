"""Real browsers in voice: tabs of a headless Chromium and stock discord.py in one room, judged by what getStats says."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.voice.seats import Rights, SeatKey
from tests.support.chromium import CHROMIUM
from tests.support.voice.discord_bot import Sounds, bots
from tests.support.voice.node import EVERYTHING, GUILD, Stage
from tests.support.voice.tabs import Scene, Tab, open_scene

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing")

ADA, EVE = 1, 3
LARGE = {"width": 960, "height": 540, "frameRate": 8}
SMALL = {"width": 320, "height": 180, "frameRate": 5}


@pytest.fixture
async def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """A node and two tabs."""
    async with open_scene(tmp_path, monkeypatch) as opened:
        yield opened


async def test_two_tabs_and_a_bot_hear_each_other(scene: Scene) -> None:
    stage, ada, bob = scene.stage, scene.ada, scene.bob
    async with bots(stage, scene.certificates, EVE) as (eve,):
        await ada.join()
        await bob.join()
        for tab, other in ((ada, bob), (bob, ada)):
            await tab.until(
                other.ssrc, "found.packetsReceived > 20 && found.totalAudioEnergy > 0 && found.reported > 0"
            )
        ssrc, sound = await eve.hear()
        assert ssrc in (ada.ssrc, bob.ssrc)
        eve.voice.play(Sounds([sound] * 50))
        await ada.until(eve.voice.ssrc, "found.packetsReceived > 20 && found.packetsLost === 0")
        told = await ada.page.run("voice.reports()")
        assert (told["audio"]["packetsLost"], told["audio"]["fractionLost"]) == (0, 0)
        await check_muting(stage, ada, bob)
        await ada.page.run("voice.leave()")
        await bob.page.run("(async () => { await voice.next(13); await voice.work; })()")
        assert await bob.page.run("voice.senders.size") == 1, "the bot alone is left"


async def test_two_tabs_see_each_other_in_vp8(scene: Scene) -> None:
    ada, bob = scene.ada, scene.bob
    await ada.join(video=True)
    await bob.join(video=True)
    await check_mending(scene)
    await check_screen(ada, bob)
    await check_cameras(ada, bob)
    await check_switching_off(scene.stage, ada, bob)


async def test_two_tabs_see_each_other_in_h264(scene: Scene) -> None:
    ada, bob = scene.ada, scene.bob
    await ada.join(video=LARGE, sizes=True, codec="H264")
    await bob.join(video=SMALL, codec="H264")
    await check_cameras(ada, bob)
    await check_sizes(ada, bob)
    await check_switching_off(scene.stage, ada, bob)


async def test_tab_gets_the_size_that_it_shows_and_that_its_network_carries(scene: Scene) -> None:
    ada, bob = scene.ada, scene.bob
    await ada.join(video=LARGE, sizes=True)
    await bob.join(video=SMALL)
    await check_sizes(ada, bob)
    scene.network.lose(0.5)
    smaller = await bob.until(ada.video_ssrc, "found.frameWidth < 960")
    scene.network.lose(0)
    await bob.until(ada.video_ssrc, f"found.framesDecoded > {smaller['framesDecoded'] + 5}")


async def check_cameras(ada: Tab, bob: Tab) -> None:
    """See that each gets the other's pictures, and one of them the other's voice."""
    for tab, other in ((ada, bob), (bob, ada)):
        found = await tab.until(
            other.video_ssrc, "found.framesDecoded > 10 && found.keyFramesDecoded > 0 && found.reported > 0"
        )
        assert found["frameWidth"] > 0
    await bob.until(ada.ssrc, "found.packetsReceived > 20")


async def check_sizes(ada: Tab, bob: Tab) -> None:
    """Let Bob show a small picture of Ada, and a large one again."""
    await bob.until(ada.video_ssrc, "found.frameWidth === 960")
    await bob.page.run(f"voice.say(15, {{ any: 100, [{ada.video_ssrc}]: 25 }})")
    small = await bob.until(ada.video_ssrc, "found.frameWidth === 240")
    await bob.until(ada.video_ssrc, f"found.framesDecoded > {small['framesDecoded'] + 5}")
    await bob.page.run("voice.say(15, { any: 100 })")
    await bob.until(ada.video_ssrc, "found.frameWidth === 960 && found.packetsLost === 0")  # changes leave no gap


async def check_mending(scene: Scene) -> None:
    """Lose some pictures on their way to Bob, and see that they come in the end."""
    ada, bob = scene.ada, scene.bob
    before = await bob.until(ada.video_ssrc, "found.framesDecoded > 5")
    scene.network.lose(0.1)
    frames = before["framesDecoded"] + 40
    await bob.until(ada.video_ssrc, f"found.nackCount > 5 && found.framesDecoded > {frames} && found.packetsLost === 0")
    assert scene.network.lost > 5
    scene.network.lose(0)


async def check_screen(ada: Tab, bob: Tab) -> None:
    """Share Ada's screen, which is higher than wide, beside her camera, and stop that."""
    await ada.page.run("voice.shareCanvas()")
    await bob.until(ada.screen_ssrc, "found.framesDecoded > 3 && found.frameHeight > found.frameWidth")
    camera = await bob.until(ada.video_ssrc, "found.frameWidth > found.frameHeight")
    await bob.until(ada.video_ssrc, f"found.framesDecoded > {camera['framesDecoded']}")
    await ada.page.run("voice.stopSharing()")


async def check_switching_off(stage: Stage, ada: Tab, bob: Tab) -> None:
    """Switch Ada's camera off for the others, and on again."""
    await ada.page.run("voice.announce(false)")
    assert (await bob.page.run("voice.cameraOff()"))["user_id"] == str(ADA)
    await see_muted(stage)  # what was on its way to Bob is there after these
    before = await bob.page.run(f"voice.count({ada.video_ssrc})")
    await see_muted(stage)
    after = await bob.page.run(f"voice.count({ada.video_ssrc})")
    assert after["packetsReceived"] == before["packetsReceived"]
    await ada.page.run("voice.announce(true)")
    await bob.until(ada.video_ssrc, f"found.framesDecoded > {after['framesDecoded'] + 5}")


async def see_muted(stage: Stage) -> None:
    """Wait until ten more packets were kept back."""
    came = muted_packets(stage)
    await stage.news.wait_until(lambda: muted_packets(stage) > came + 10)


async def check_muting(stage: Stage, ada: Tab, bob: Tab) -> None:
    """Take Ada's voice, and give it back."""
    stage.nodes.change(SeatKey(GUILD, ADA), Rights(speak=False, hear=True))
    await see_muted(stage)
    before = await bob.page.run(f"voice.count({ada.ssrc})")
    await see_muted(stage)
    after = await bob.page.run(f"voice.count({ada.ssrc})")
    assert after["packetsReceived"] == before["packetsReceived"]
    stage.nodes.change(SeatKey(GUILD, ADA), EVERYTHING)
    await bob.until(ada.ssrc, f"found.packetsReceived > {after['packetsReceived'] + 10}")


def muted_packets(stage: Stage) -> int:
    """How many packets of the muted the node has dropped."""
    return stage.news.loads[-1].counts.drops.get("muted", 0)
