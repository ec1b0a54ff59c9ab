"""Every fuzz target on its seeds and on a fixed number of mutations of them; `make fuzz` goes on from there."""

import random
from itertools import islice

import pytest

from tests.fuzz.mutation import mutations
from tests.fuzz.seeds import make_seeds
from tests.fuzz.targets import TARGETS
from tests.fuzz.voice_gateway import WITH_KEYS, VoiceGateway, make_commit
from voice.protocol.commands import COMMIT_WELCOME
from voice.protocol.dave_payloads import ANNOUNCE_COMMIT

_MUTATIONS = 1500
_FEWER = {"strangers": 600, "members": 600, "replays": 400, "voice-messages": 400, "dave": 400, "handshakes": 150}
"""Where each input makes rooms, groups and keys."""


def test_every_target_has_seeds() -> None:
    seeds = make_seeds()
    assert seeds.keys() == TARGETS.keys()
    assert all(len(found) >= 20 for found in seeds.values())


@pytest.mark.parametrize("name", TARGETS)
def test_target_takes_its_seeds_and_what_becomes_of_them(name: str) -> None:
    seeds = make_seeds()[name]
    for data in (b"", *seeds, *islice(mutations(seeds, random.Random(name)), _FEWER.get(name, _MUTATIONS))):
        try:
            TARGETS[name](data)
        except Exception as error:
            raise AssertionError(f"{name} fails on {data!r}") from error


def test_commit_of_the_seeds_makes_a_group() -> None:
    gateway = VoiceGateway(WITH_KEYS)
    gateway.receive(bytes([COMMIT_WELCOME]) + make_commit())
    assert [message[2] for message in gateway.link.binary][-1] == ANNOUNCE_COMMIT
    gateway.check(may_be_seated=True)
