"""TURN alone: a browser that reaches nothing but a real coturn talks with one that reaches the node."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from api.services.caller import Caller
from api.services.voice.ice_servers import IceServerService
from core.domain.people.user import User
from core.runtime.clock import SystemClock
from core.runtime.settings.settings import IceSettings
from deploy.services.definition import find_free_port
from tests.integration.voice.test_browser import ADA, BOB, CHROMIUM, FLAGS, SCRIPT, Tab
from tests.support.chromium import open_pages
from tests.support.services import serving
from tests.support.voice.certificates import make_certificates
from tests.support.voice.coturn import SECRET, Coturn
from tests.support.voice.node import open_stage
from tests.support.web_site import open_site

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing")


@pytest.fixture
def turn(tmp_path: Path) -> Iterator[Coturn]:
    """A server for one test."""
    (tmp_path / "coturn").mkdir()
    service = Coturn(folder=tmp_path / "coturn", port=find_free_port())
    with serving(service, is_demanded=False):
        yield service


USED_PAIR = """(async () => {
  const stats = await voice.pc.getStats();
  const pair = [...stats.values()].find((each) => each.type === "candidate-pair" && each.nominated);
  return stats.get(pair.localCandidateId).candidateType;
})()"""


async def test_tab_that_may_use_turn_alone_hears_and_is_heard(turn: Coturn, tmp_path: Path) -> None:
    settings = IceSettings(turn_urls=(f"{turn.address}?transport=tcp",), turn_secret=SECRET)
    caller = Caller(user=User(id=ADA, username="ada"), auth_session_id=1)
    told = msgspec.to_builtins(IceServerService(settings=settings, clock=SystemClock()).show(caller))
    ice = {"iceServers": told["iceServers"], "iceTransportPolicy": "relay"}
    certificates = make_certificates(tmp_path)
    async with open_site() as site, open_stage(certificate=str(certificates.server)) as stage:
        site.serve("/page.js", SCRIPT.read_text(), "text/javascript")
        site.serve("/", '<!doctype html><title>Voice</title><body><script src="/page.js"></script>')
        site.serve("/favicon.ico", b"", "image/x-icon")
        async with open_pages(tmp_path / "profile", [site.url("/", "localhost")] * 2, FLAGS) as pages:
            ada, bob = (Tab(page, stage, user_id) for page, user_id in zip(pages, (ADA, BOB), strict=True))
            await ada.join(ice=ice)
            await bob.join()
            for tab, other in ((ada, bob), (bob, ada)):
                await tab.until(other.ssrc, "found.packetsReceived > 20 && found.totalAudioEnergy > 0")
            assert await ada.page.run(USED_PAIR) == "relay"
            for tab in (ada, bob):
                await tab.page.run("voice.leave()")
