"""Stock discord.py's VoiceClient on a node, with TLS: it joins, plays, hears, resumes and follows its server.

Only what is around the VoiceClient is the test's: the channel, whose guild hands on op 4, and the HTTP client.
"""

import asyncio

import pytest

from core.voice.seats import SeatKey
from tests.support.voice.certificates import Certificates, make_certificates
from tests.support.voice.client import VoiceTestClient
from tests.support.voice.discord_bot import WAIT_S, Sounds, bots
from tests.support.voice.node import GUILD, open_stage

ADA, BOB = 1, 2


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority and a certificate of this run."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


async def test_two_bots_play_and_hear_each_other_in_order(certificates: Certificates) -> None:
    async with (
        open_stage(certificate=str(certificates.server)) as stage,
        bots(stage, certificates, ADA, BOB) as (ada, bob),
    ):
        ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        ada.voice.play(
            Sounds.numbered(10), after=lambda error: ended.get_loop().call_soon_threadsafe(ended.set_result, error)
        )
        frames = [await bob.hear() for _ in range(10)]
        assert frames == [(ada.voice.ssrc, b"frame %d" % number) for number in range(10)]
        assert await ended is None
        bob.voice.play(Sounds.numbered(1))
        while (heard := await ada.hear())[1] == b"\xf8\xff\xfe":
            pass  # the silence at the end
        assert heard == (bob.voice.ssrc, b"frame 0")
        assert ada.voice.is_connected()


async def test_bot_that_only_listens_hears_a_client_of_the_other_cipher(certificates: Certificates) -> None:
    async with (
        open_stage(certificate=str(certificates.server)) as stage,
        bots(stage, certificates, BOB) as (bob,),
    ):
        talker = VoiceTestClient(ADA, GUILD, stage.seat(ADA))
        talker.tls = certificates.trust()
        await talker.join()
        talker.talk(b"hello")
        assert await bob.hear() == (talker.ssrc, b"hello")
        await talker.leave()


async def test_bot_follows_a_new_server(certificates: Certificates) -> None:
    async with (
        open_stage(certificate=str(certificates.server)) as stage,
        bots(stage, certificates, ADA, BOB) as (ada, bob),
    ):
        before = ada.voice.ssrc
        server = stage.seat(ADA)
        await ada.tell_server(server)
        await stage.news.wait_until(lambda: stage.news.connected.count(SeatKey(GUILD, ADA)) == 2)
        assert await asyncio.to_thread(ada.voice.wait_until_connected, WAIT_S)
        assert ada.voice.ssrc != before
        ada.voice.play(Sounds.numbered(1))
        assert await bob.hear() == (ada.voice.ssrc, b"frame 0")
