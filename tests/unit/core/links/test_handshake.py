"""The handshake: who is let in, and what cannot be forged, repeated or sent back."""

import itertools

import msgspec
import pytest

from core.links.handshake import Answering, Dialling, Identity, Met, Refused
from core.links.messages import VERSION, Greeting, Hello, Proof, Standing

ADA = Identity(cluster="cluster", secret=b"secret", incarnation="worker-1")
BOB = Identity(cluster="cluster", secret=b"secret", incarnation="worker-2")
OF_ADA = Standing(b"", 0)
OF_BOB = Standing(b"talk", 5)
_numbers = itertools.count()


def token_bytes(size: int) -> bytes:
    return next(_numbers).to_bytes(size, "big")


def dial(identity: Identity = ADA, peer: str = BOB.incarnation) -> Dialling:
    return Dialling(identity=identity, peer=peer, token_bytes=token_bytes)


def answer(hello: Greeting, *, identity: Identity = BOB, known: tuple[str, ...] = (ADA.incarnation,)) -> Answering:
    return Answering(
        identity=identity, hello=hello, known=known, find_standing=lambda _: OF_BOB, token_bytes=token_bytes
    )


def shake(dialling: Dialling, answering: Answering) -> tuple[Met, Met]:
    of_bob, proof = dialling.meet(answering.welcome, OF_ADA)
    return of_bob, answering.meet(proof, OF_BOB)


def test_both_sides_know_each_other_and_the_name_of_what_begins() -> None:
    dialling = dial()
    of_bob, of_ada = shake(dialling, answer(dialling.hello))

    assert (of_bob.peer, of_bob.standing) == ("worker-2", OF_BOB)
    assert (of_ada.peer, of_ada.standing) == ("worker-1", OF_ADA)
    assert of_bob.new_name == of_ada.new_name


def test_no_two_handshakes_name_alike() -> None:
    names = set()
    for _ in range(3):
        dialling = dial()
        names.add(shake(dialling, answer(dialling.hello))[0].new_name)

    assert len(names) == 3


@pytest.mark.parametrize(
    ("hello", "reason"),
    [
        (dial().hello, ""),
        (msgspec.structs.replace(dial().hello, version=VERSION + 1), "version"),
        (msgspec.structs.replace(dial().hello, cluster="another"), "another cluster"),
        (msgspec.structs.replace(dial().hello, answerer="worker-2-before"), "earlier life"),
        (msgspec.structs.replace(dial().hello, dialler="worker-0"), "not among"),
        (msgspec.structs.replace(dial().hello, nonce=b""), "nonce"),
        (Proof(OF_ADA, b""), "hello"),
    ],
)
def test_a_hello_is_refused_with_its_reason(hello: Greeting, reason: str) -> None:
    if not reason:
        answer(hello)
        return
    with pytest.raises(Refused, match=reason):
        answer(hello)


def test_the_greater_name_does_not_dial() -> None:
    hello = dial(BOB, peer=ADA.incarnation).hello

    with pytest.raises(Refused, match="not the one of the two"):
        answer(hello, identity=ADA, known=(BOB.incarnation,))


def test_each_side_refuses_another_secret() -> None:
    stranger = msgspec.structs.replace(BOB, secret=b"guess")
    dialling = dial()
    with pytest.raises(Refused, match="secret"):
        dialling.meet(answer(dialling.hello, identity=stranger).welcome, OF_ADA)

    dialling = dial(msgspec.structs.replace(ADA, secret=b"guess"))
    answering = answer(dialling.hello)
    with pytest.raises(Refused, match="secret"):
        answering.meet(Proof(OF_ADA, b"anything"), OF_BOB)


def test_a_standing_cannot_be_changed_on_its_way() -> None:
    dialling = dial()
    answering = answer(dialling.hello)
    changed = msgspec.structs.replace(answering.welcome, standing=Standing(b"talk", 6))
    with pytest.raises(Refused):
        dialling.meet(changed, OF_ADA)

    _, proof = dialling.meet(answering.welcome, OF_ADA)
    with pytest.raises(Refused):
        answering.meet(Proof(Standing(b"", 1), proof.proof), OF_BOB)


def test_a_proof_holds_for_one_handshake_and_one_role() -> None:
    first = dial()
    answered = answer(first.hello)
    _, proof = first.meet(answered.welcome, OF_BOB)

    with pytest.raises(Refused):  # repeated in another handshake
        answer(first.hello).meet(proof, OF_BOB)
    with pytest.raises(Refused):  # the answerer's own proof, sent back
        answered.meet(Proof(OF_BOB, answered.welcome.proof), OF_BOB)


def test_an_answerer_whose_conversation_has_changed_does_not_go_on() -> None:
    dialling = dial()
    answering = answer(dialling.hello)
    _, proof = dialling.meet(answering.welcome, OF_ADA)

    with pytest.raises(Refused, match="another one"):
        answering.meet(proof, Standing(b"", 0))
    answering.meet(proof, Standing(b"talk", 9))  # that more has arrived changes nothing


def test_messages_out_of_turn_are_refused() -> None:
    dialling = dial()
    answering = answer(dialling.hello)

    with pytest.raises(Refused, match="welcome"):
        dialling.meet(dialling.hello, OF_ADA)
    with pytest.raises(Refused, match="proof"):
        answering.meet(Hello(VERSION, "cluster", "worker-1", "worker-2", bytes(16)), OF_BOB)
