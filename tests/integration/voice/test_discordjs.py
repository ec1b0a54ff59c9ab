"""Stock @discordjs/voice on a node, with TLS: it joins, plays and hears, in plain rooms and in those that are encrypted
from end to end. The test does what a gateway would.
"""

import asyncio
import base64
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.voice.seats import SeatKey
from tests.support.voice.certificates import Certificates, make_certificates
from tests.support.voice.client import GCM, XCHACHA, VoiceTestClient
from tests.support.voice.discord_bot import EXECUTE_TRANSITION, Sounds, bots
from tests.support.voice.node import CHANNEL, GUILD, LOOPBACK, Stage, open_stage

NODE_TESTS = Path(__file__).parents[2] / "e2e" / "node"
ADA, BOB = 1, 2
WAIT_S = 60.0
SILENCE = b"\xf8\xff\xfe"

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(
        shutil.which("node") is None or not (NODE_TESTS / "node_modules" / "@discordjs" / "voice").is_dir(),
        reason="needs Node and @discordjs/voice",
    ),
]


class Person:
    """The library's process, and the gateway that it believes to have."""

    def __init__(self, stage: Stage, user_id: int, process: asyncio.subprocess.Process) -> None:
        self.stage = stage
        self.user_id = user_id
        self._process = process

    async def order(self, **order: Any) -> None:
        """Have it do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()

    async def wait_for(self, **expected: Any) -> dict[str, Any]:
        """Read what it says until something of this kind comes, and answer op 4 meanwhile."""
        assert self._process.stdout is not None
        async with asyncio.timeout(WAIT_S):
            while line := await self._process.stdout.readline():
                said: dict[str, Any] = json.loads(line)
                assert said["say"] != "error", said
                if said["say"] == "op4":
                    await self._change(said["d"])
                if said.items() >= expected.items():
                    return said
        raise AssertionError("it has ended")

    async def _change(self, d: dict[str, Any]) -> None:
        """Do what the gateway does for op 4."""
        state = {
            "guild_id": str(GUILD), "user_id": str(self.user_id), "session_id": f"session-{self.user_id}",
            "channel_id": d["channel_id"], "self_mute": False, "self_deaf": False,
        }  # fmt: skip
        await self.order(do="tell", event="VOICE_STATE_UPDATE", d=state)
        if d["channel_id"] is None:
            self.stage.nodes.remove(SeatKey(GUILD, self.user_id))
            return
        server = self.stage.seat(self.user_id)
        update = {"token": server.token, "guild_id": str(GUILD), "endpoint": server.endpoint_for(LOOPBACK)}
        await self.order(do="tell", event="VOICE_SERVER_UPDATE", d=update)

    async def end(self) -> None:
        """Have it leave."""
        await self.order(do="leave")
        await self._process.wait()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority and a certificate of this run."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def stage(certificates: Certificates) -> AsyncIterator[Stage]:
    """A node with TLS."""
    async with open_stage(certificate=str(certificates.server)) as opened:
        yield opened


async def join(stage: Stage, user_id: int, certificates: Certificates) -> Person:
    """Start the library and wait until it is in the room."""
    process = await asyncio.create_subprocess_exec(
        *("node", "voice.mjs", str(GUILD), str(CHANNEL)),
        cwd=NODE_TESTS,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(certificates.authority)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    person = Person(stage, user_id, process)
    await person.wait_for(say="state", state="ready")
    return person


@pytest.mark.parametrize("mode", [GCM, XCHACHA])
async def test_discordjs_plays_and_hears(stage: Stage, certificates: Certificates, mode: str) -> None:
    ada = await join(stage, ADA, certificates)
    bob = VoiceTestClient(BOB, GUILD, stage.seat(BOB))
    bob.tls = certificates.trust()
    await bob.join(mode)
    frames = [b"frame %d" % number for number in range(10)]
    await ada.order(do="play", frames=[base64.b64encode(frame).decode() for frame in frames])
    spoken = await bob.expect(5)
    assert spoken["user_id"] == str(ADA)
    heard = [await bob.hear() for _ in frames]
    assert heard == [(spoken["ssrc"], frame) for frame in frames]

    await bob.say(5, {"speaking": 1, "delay": 0, "ssrc": bob.ssrc})
    await ada.order(do="listen", user=str(BOB))
    await ada.wait_for(say="listening")
    for frame in frames:
        bob.talk(frame)
    for frame in frames:
        said = await ada.wait_for(say="heard", user=str(BOB))
        assert base64.b64decode(said["frame"]) == frame
    await ada.end()
    await bob.leave()


async def test_discordjs_and_discord_py_hear_each_other_encrypted_from_end_to_end(
    stage: Stage, certificates: Certificates
) -> None:
    ada = await join(stage, ADA, certificates)
    async with bots(stage, certificates, BOB) as (bob,):
        await bob.wait_for(EXECUTE_TRANSITION)
        said = await ada.wait_for(say="transitioned")
        assert said["code"] == bob.voice.voice_privacy_code is not None
        ssrc = stage.directory._members[SeatKey(GUILD, ADA)].ssrc
        frames = [b"frame %d" % number for number in range(10)]
        await ada.order(do="play", frames=[base64.b64encode(frame).decode() for frame in frames])
        assert [await bob.hear() for _ in frames] == [(ssrc, frame) for frame in frames]
        assert len(bob.ciphers) == len(frames)
        assert not any(b"frame" in cipher for cipher in bob.ciphers)

        await ada.order(do="listen", user=str(BOB))
        await ada.wait_for(say="listening")
        bob.voice.play(Sounds.numbered(len(frames)))
        for frame in frames:
            said = await ada.wait_for(say="heard", user=str(BOB))
            assert base64.b64decode(said["frame"]) == frame
    await ada.end()
