"""Operators decide whether rooms may be encrypted from end to end."""

import pytest

from tests.support.voice.client import GCM, VoiceTestClient
from tests.support.voice.node import GUILD, open_stage
from voice.dave.negotiation import DAVE_VERSION

ADA, BOB = 1, 2


@pytest.mark.parametrize(("dave", "version"), [(True, DAVE_VERSION), (False, 0)])
async def test_rooms_speak_dave_where_operators_allow_it(dave: bool, version: int) -> None:
    async with open_stage(dave=dave) as stage:
        people = [VoiceTestClient(user_id, GUILD, stage.seat(user_id)) for user_id in (ADA, BOB)]
        for person in people:
            await person.open()
            await person.identify(max_dave_protocol_version=DAVE_VERSION)
            await person.expect(2)
            await person.say(1, {"protocol": "udp", "data": {"address": "127.0.0.1", "port": 1, "mode": GCM}})
            assert (await person.expect(4))["dave_protocol_version"] == version
        told = len(stage.news.loads)
        await stage.news.wait_until(lambda: len(stage.news.loads) > told + 1)  # what was on its way may be of before
        load = stage.news.loads[-1]
        assert (load.rooms, load.peers, load.encrypted) == (1, 2, version)
        for person in people:
            await person.leave()
