"""Links when all goes well, and who talks to whom."""

from tests.contract.links.party import ADA, BEGUN, BOB, BROKEN, Ground, Party, number


def test_before_a_conversation_nothing_is_sent(ground: Ground, ada: Party) -> None:
    assert not ada.links.send(BOB, b"nobody is there")

    bob = ground.start(BOB)
    ground.introduce(ada, bob)
    assert not ada.links.send(BOB, b"not connected yet")

    ground.introduce(bob, ada)
    ground.run_until(lambda: ada.is_talking and bob.is_talking)
    assert ada.links.send(BOB, b"now")
    ground.run_until(lambda: bob.heard == [BEGUN, b"now"])


def test_frames_arrive_once_and_in_order_both_ways(ground: Ground, ada: Party, bob: Party) -> None:
    there, back = number(0, 1500), number(5000, 900)

    for frame in there:
        assert ada.links.send(BOB, frame)
    for frame in back:
        assert bob.links.send(ADA, frame)

    ground.run_until(lambda: bob.frames == there and ada.frames == back)
    ground.run_a_moment()
    assert bob.heard == [BEGUN, *there]
    assert ada.heard == [BEGUN, *back]


def test_empty_and_large_frames_pass(ground: Ground, ada: Party, bob: Party) -> None:
    frames = [b"", b"a" * 300_000, b"", b"b" * 3_000_000, b"c"]

    for frame in frames:
        ada.links.send(BOB, frame)

    ground.run_until(lambda: bob.frames == frames)


def test_what_is_sent_when_a_conversation_begins_is_its_first_frame(ground: Ground, ada: Party) -> None:
    bob = ground.start(BOB)
    ada.on_word = lambda _word: ada.links.send(BOB, b"from ada")
    bob.on_word = lambda _word: bob.links.send(ADA, b"from bob")

    ground.introduce(ada, bob)
    ground.introduce(bob, ada)

    ground.run_until(lambda: bool(ada.frames and bob.frames))
    assert (ada.heard, bob.heard) == ([BEGUN, b"from bob"], [BEGUN, b"from ada"])


def test_three_workers_talk_in_pairs(ground: Ground, ada: Party, bob: Party) -> None:
    eve = ground.start("worker-3-eve")
    for party, others in ((ada, (bob, eve)), (bob, (ada, eve)), (eve, (ada, bob))):
        ground.introduce(party, *others)
    ground.run_until(lambda: len(ada.words) == len(bob.words) == len(eve.words) == 2)

    eve.links.send(ADA, b"to ada")
    eve.links.send(BOB, b"to bob")

    ground.run_until(lambda: ada.frames == [b"to ada"] and bob.frames == [b"to bob"])


def test_who_is_not_known_is_not_let_in(ground: Ground, ada: Party) -> None:
    bob = ground.start(BOB)
    ground.introduce(ada, bob)
    ground.run_a_moment()
    assert not ada.heard

    ground.introduce(bob, ada)

    ground.run_until(lambda: ada.is_talking and bob.is_talking)


def test_a_wrong_secret_is_not_let_in(ground: Ground, ada: Party) -> None:
    bob = ground.start(BOB, secret=b"another")
    eve = ground.start("worker-3-eve")
    for party, others in ((ada, (bob, eve)), (bob, (ada, eve)), (eve, (ada, bob))):
        ground.introduce(party, *others)

    ground.run_until(lambda: ada.is_talking and eve.is_talking)
    ground.run_a_moment()
    assert not bob.heard
    assert not ada.links.send(BOB, b"secret")


def test_another_cluster_is_not_let_in(ground: Ground, ada: Party) -> None:
    bob = ground.start(BOB, cluster="another")
    eve = ground.start("worker-3-eve")
    for party, others in ((ada, (bob, eve)), (bob, (ada, eve)), (eve, (ada, bob))):
        ground.introduce(party, *others)

    ground.run_until(lambda: ada.is_talking and eve.is_talking)
    ground.run_a_moment()
    assert not bob.heard


def test_a_worker_that_was_started_again_is_another_peer(ground: Ground, ada: Party, bob: Party) -> None:
    ground.stop(bob)
    again = ground.start("worker-2-bob-again")

    ground.introduce(ada, again)
    ground.introduce(again, ada)

    ground.run_until(lambda: ada.words == [BEGUN, BROKEN, BEGUN] and again.is_talking)
    assert not ada.links.send(BOB, b"to the dead")
    assert ada.links.send("worker-2-bob-again", b"to the living")
    ground.run_until(lambda: again.frames == [b"to the living"])
