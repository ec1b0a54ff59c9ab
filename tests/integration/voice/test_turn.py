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
from tests.support.chromium import CHROMIUM
from tests.support.services import serving
from tests.support.voice.coturn import SECRET, Coturn
from tests.support.voice.tabs import open_scene

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
  const transport = [...stats.values()].find((each) => each.type === "transport");
  const pair = stats.get(transport.selectedCandidatePairId);
  const { candidateType, relayProtocol } = stats.get(pair.localCandidateId);
  const tried = [...stats.values()].filter((each) => each.type === "local-candidate").map((each) => each.candidateType);
  const isUsed = pair.state === "succeeded" && pair.bytesSent > 0 && pair.bytesReceived > 0;
  return { candidateType, relayProtocol, tried: [...new Set(tried)], isUsed };
})()"""


async def test_tab_that_may_use_turn_alone_hears_and_is_heard(
    turn: Coturn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = IceSettings(turn_urls=(f"{turn.address}?transport=tcp",), turn_secret=SECRET)
    caller = Caller(user=User(id=1, username="ada"), auth_session_id=1)
    told = msgspec.to_builtins(IceServerService(settings=settings, clock=SystemClock()).show(caller))
    ice = {"iceServers": told["iceServers"], "iceTransportPolicy": "relay"}
    async with open_scene(tmp_path, monkeypatch) as scene:
        ada, bob = scene.ada, scene.bob
        await ada.join(ice=ice)
        await bob.join()
        for tab, other in ((ada, bob), (bob, ada)):
            await tab.until(other.ssrc, "found.packetsReceived > 20 && found.totalAudioEnergy > 0")
        relay = {"candidateType": "relay", "relayProtocol": "tcp", "tried": ["relay"], "isUsed": True}
        assert await ada.page.run(USED_PAIR) == relay
        assert (await bob.page.run(USED_PAIR))["candidateType"] != "relay"
