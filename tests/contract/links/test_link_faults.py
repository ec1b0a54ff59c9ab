"""Links that are cut, that go silent, and that hold more than they may."""

import itertools

import msgspec

from tests.contract.links.party import ADA, BEGUN, BOB, BROKEN, QUICK, Ground, Party, number


def test_a_cut_loses_and_repeats_nothing(ground: Ground, ada: Party, bob: Party) -> None:
    there: list[bytes] = []
    back: list[bytes] = []

    for turn in range(8):
        more, answers = number(turn * 1000, 300), number(turn * 1000 + 500, 40)
        for frame in more:
            assert ada.links.send(BOB, frame * 20)
        for frame in answers:
            assert bob.links.send(ADA, frame)
        there += [frame * 20 for frame in more]
        back += answers
        if turn % 2:
            ground.run_a_moment()
        ground.cut(ada, bob)

    ground.run_until(lambda: len(bob.frames) >= len(there) and len(ada.frames) >= len(back))
    assert bob.heard == [BEGUN, *there]
    assert ada.heard == [BEGUN, *back]


def test_a_silent_link_is_replaced_and_loses_nothing(ground: Ground, ada: Party, bob: Party) -> None:
    ground.part(ada, bob)
    for frame in number(0, 50):
        assert ada.links.send(BOB, frame)
        assert bob.links.send(ADA, frame)
    ground.run_until(lambda: not ada.links.carrier_of(BOB) and not bob.links.carrier_of(ADA))

    ground.heal(ada, bob)

    ground.run_until(lambda: len(ada.frames) >= 50 and len(bob.frames) >= 50)
    assert ada.heard == bob.heard == [BEGUN, *number(0, 50)]


def test_too_many_bytes_break_the_conversation(ground: Ground, ada: Party) -> None:
    bob = ground.start(BOB)
    small = ground.start("worker-0-small", bounds=msgspec.structs.replace(QUICK, budget_bytes=1000))
    ground.introduce(small, bob)
    ground.introduce(bob, small)
    ground.run_until(lambda: small.is_talking and bob.is_talking)
    ground.part(small, bob)

    taken = list(itertools.takewhile(lambda frame: small.links.send(BOB, frame), [bytes(100)] * 100))

    assert len(taken) == 10
    assert small.words == [BEGUN]  # it is told in a turn of its own
    assert not small.links.send(BOB, b"one more")
    ground.run_until(lambda: small.words == [BEGUN, BROKEN])
    ground.heal(small, bob)
    ground.run_until(lambda: small.is_talking and bob.words == [BEGUN, BROKEN, BEGUN])
    small.links.send(BOB, b"anew")
    ground.run_until(lambda: bob.heard[-1] == b"anew")
    assert bob.heard == [BEGUN, BROKEN, BEGUN, b"anew"]


def test_a_frame_that_waits_too_long_breaks_the_conversation(ground: Ground, ada: Party) -> None:
    bob = ground.start(BOB)
    hasty = ground.start("worker-0-hasty", bounds=msgspec.structs.replace(QUICK, budget_s=1.0))
    ground.introduce(hasty, bob)
    ground.introduce(bob, hasty)
    ground.run_until(lambda: hasty.is_talking and bob.is_talking)
    for _ in range(25):  # what is acknowledged does not age
        hasty.links.send(BOB, b"in time")
        ground.run_a_moment()
    assert hasty.words == [BEGUN]
    ground.part(hasty, bob)

    hasty.links.send(BOB, b"late")

    ground.run_until(lambda: hasty.words == [BEGUN, BROKEN])
    ground.heal(hasty, bob)
    ground.run_until(lambda: hasty.is_talking and bob.words == [BEGUN, BROKEN, BEGUN])
    assert b"late" not in bob.frames


def test_a_forgotten_peer_that_comes_back_begins_anew(ground: Ground, ada: Party, bob: Party) -> None:
    ground.introduce(ada)
    ground.run_until(lambda: ada.words == [BEGUN, BROKEN])
    bob.links.send(ADA, b"of the old conversation")

    ground.introduce(ada, bob)

    ground.run_until(lambda: ada.is_talking and bob.words == [BEGUN, BROKEN, BEGUN])
    bob.links.send(ADA, b"of the new one")
    ground.run_until(lambda: bool(ada.frames))
    assert ada.heard == [BEGUN, BROKEN, BEGUN, b"of the new one"]


def test_a_listener_that_fails_breaks_the_conversation(ground: Ground, ada: Party, bob: Party) -> None:
    take = bob.on_frame

    def fail(peer: str, frame: bytes) -> None:
        bob.on_frame = take
        raise ValueError("a fault in the listener")

    bob.on_frame = fail

    ada.links.send(BOB, b"what it cannot take")

    ground.run_until(lambda: ada.words == [BEGUN, BROKEN, BEGUN] and bob.words == [BEGUN, BROKEN, BEGUN])
    ada.links.send(BOB, b"what it can take")
    ground.run_until(lambda: bob.frames == [b"what it can take"])
