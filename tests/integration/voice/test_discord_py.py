"""Stock discord.py's VoiceClient on a node, with TLS: it joins, plays, hears, resumes and follows its server. Rooms of
such bots are encrypted from end to end.

Only what is around the VoiceClient is the test's: the channel, whose guild hands on op 4, and the HTTP client.
"""

import asyncio

import pytest

from core.voice.seats import SeatKey
from tests.support.voice.certificates import Certificates, make_certificates
from tests.support.voice.client import VoiceTestClient
from tests.support.voice.discord_bot import EXECUTE_TRANSITION, WAIT_S, Sounds, bots
from tests.support.voice.node import GUILD, open_stage

ADA, BOB, CLEO, GUEST = 1, 2, 3, 4


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
        assert ada.voice.voice_privacy_code == bob.voice.voice_privacy_code is not None
        assert len(bob.ciphers) >= 10
        assert not any(b"frame" in frame for frame in bob.ciphers)


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
        await bob.wait_for(EXECUTE_TRANSITION)
        assert bob.voice._connection.dave_protocol_version == 0  # the talker speaks no DAVE
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
        for each in (ada, bob):
            await each.wait_for(EXECUTE_TRANSITION)
        ada.voice.play(Sounds.numbered(1))
        assert await bob.hear() == (ada.voice.ssrc, b"frame 0")


async def test_third_bot_and_a_guest_without_dave_come_and_go(certificates: Certificates) -> None:
    async with (
        open_stage(certificate=str(certificates.server)) as stage,
        bots(stage, certificates, ADA, BOB, CLEO) as everybody,
    ):
        ada, bob, cleo = everybody
        ada.voice.play(Sounds.numbered(1))
        for each in (bob, cleo):
            assert await each.hear() == (ada.voice.ssrc, b"frame 0")
            assert len(each.ciphers) == 1

        guest = VoiceTestClient(GUEST, GUILD, stage.seat(GUEST))
        guest.tls = certificates.trust()
        await guest.join()
        for each in everybody:
            await each.wait_for(EXECUTE_TRANSITION)
        cleo.voice.play(Sounds.numbered(1))
        while (heard := await guest.hear())[0] != cleo.voice.ssrc:
            pass  # the silence of others
        assert heard[1] == b"frame 0"
        await guest.leave()

        for each in everybody:
            await each.wait_for(EXECUTE_TRANSITION)
        bob.voice.play(Sounds.numbered(2))
        while await cleo.hear() != (bob.voice.ssrc, b"frame 1"):
            pass
        assert cleo.ciphers[-1] != cleo.ciphers[0]
        # What was told last may be of before the guest.
        await stage.news.wait_until(lambda: "raised" in stage.news.loads[-1].counts.dave)
        await stage.news.wait_until(lambda: stage.news.loads[-1].encrypted == 1)
        counted = stage.news.loads[-1].counts.dave
        assert (counted["lowered"], counted["raised"]) == (1, 1)
        assert counted["commit"] >= 3, "of two, of three, and of three anew"
        assert not counted.keys() & {"refused", "unreadable"}
        assert cleo.voice.voice_privacy_code == ada.voice.voice_privacy_code
