"""Calls from client to client: nobody's address is shown to somebody to whom it was not agreed."""

from typing import Final

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from core.domain.channels.call import Call, Ring
from core.domain.channels.peering import CONNECT_MS, Peer, Peering, Presence, agree, leave, withdraw

ADA, BOB, EVE, MAX = 1, 2, 3, 4
NOW_MS: Final = 1_000_000


def presence(*user_ids: int, most: int = 2, round_id: int = 7) -> Presence:
    """These are in the call, each by one session."""
    sessions = {(user_id, f"s{user_id}") for user_id in user_ids}
    return Presence(sessions=sessions, most=most, round_id=round_id, now_ms=NOW_MS)


def peer(user_id: int) -> Peer:
    """The peer whom `presence` has."""
    return Peer(user_id, f"s{user_id}")


def round_of(*user_ids: int) -> Peering:
    """A round that has begun."""
    here = presence(*user_ids, most=len(user_ids))
    peering = None
    for user_id in user_ids:
        peering = agree(peering, peer(user_id), here)
    assert peering is not None
    return peering


def test_round_begins_when_all_in_the_call_agree() -> None:
    waiting = agree(None, peer(ADA), presence(ADA, BOB))
    assert waiting == Peering((peer(ADA),))
    assert agree(waiting, peer(BOB), presence(ADA, BOB)) == Peering((peer(ADA), peer(BOB)), 7, NOW_MS + CONNECT_MS)
    assert agree(None, peer(ADA), presence(ADA)).round_id == 0


def test_round_does_not_begin_with_more_than_may_or_with_another_session() -> None:
    three = presence(ADA, BOB, EVE)
    everybody = agree(agree(agree(None, peer(ADA), three), peer(BOB), three), peer(EVE), three)
    assert (everybody.round_id, len(everybody.peers)) == (0, 3)
    assert agree(Peering((peer(ADA), peer(BOB))), peer(EVE), presence(ADA, BOB, EVE, most=3)).round_id == 7
    assert agree(Peering((Peer(ADA, "phone"),)), peer(BOB), presence(ADA, BOB)).round_id == 0


def test_who_agrees_again_in_a_round_changes_nothing() -> None:
    running = round_of(ADA, BOB)
    assert agree(running, peer(ADA), presence(ADA, BOB, round_id=8)) is running


def test_round_has_no_end_once_all_are_connected() -> None:
    half = round_of(ADA, BOB).with_connected(ADA)
    assert half.until_ms == NOW_MS + CONNECT_MS
    whole = half.with_connected(BOB)
    assert (whole.until_ms, [each.is_connected for each in whole.peers]) == (0, [True, True])


def test_others_go_on_when_somebody_leaves_until_one_is_left() -> None:
    three = round_of(ADA, BOB, EVE).with_connected(ADA).with_connected(BOB)
    two = leave(three, presence(ADA, BOB))
    assert two is not None
    assert ([each.user_id for each in two.peers], two.round_id, two.until_ms) == ([ADA, BOB], 7, 0)
    assert leave(two, presence(ADA)) is None


def test_those_who_agree_begin_when_the_others_have_left() -> None:
    waiting = Peering((peer(ADA), peer(BOB)))
    begun = leave(waiting, presence(ADA, BOB))
    assert begun is not None
    assert begun.round_id == 7
    assert leave(Peering((peer(ADA),)), presence(BOB)) is None


def test_consent_that_is_taken_back_ends_a_round_for_all() -> None:
    waiting = Peering((peer(ADA), peer(BOB)))
    assert withdraw(waiting, ADA) == Peering((peer(BOB),))
    assert withdraw(Peering((peer(ADA),)), ADA) is None
    assert withdraw(round_of(ADA, BOB, EVE), ADA) is None
    assert withdraw(waiting, EVE) is waiting


def test_signals_go_to_others_of_the_same_round_alone() -> None:
    running = round_of(ADA, BOB)
    assert running.find_other(7, ADA, BOB) == peer(BOB)
    for round_id, sender, receiver in ((6, ADA, BOB), (0, ADA, BOB), (7, ADA, ADA), (7, EVE, BOB), (7, ADA, EVE)):
        assert running.find_other(round_id, sender, receiver) is None
    assert Peering((peer(ADA), peer(BOB))).find_other(0, ADA, BOB) is None


def test_call_is_overdue_with_its_rings_and_its_round() -> None:
    call = Call(channel_id=1, starter_id=ADA).with_peering(round_of(ADA, BOB))
    assert call.next_end_ms == NOW_MS + CONNECT_MS
    assert call.with_rings([EVE], until_ms=5).next_end_ms == 5
    assert call.with_peering(None).next_end_ms == 0
    ringing = msgspec.structs.replace(call, rings=(Ring(EVE, 5),))
    assert ringing.without_rings([EVE]).next_end_ms == NOW_MS + CONNECT_MS
    assert call.end(9).peering is None


class Machine(RuleBasedStateMachine):
    """A call as its service runs it. `agreed` remembers to whom each one has agreed to show its address."""

    @initialize()
    def begin(self) -> None:
        self.here: set[int] = set()
        self.peering: Peering | None = None
        self.agreed: dict[int, set[int]] = {}
        self.rounds = 0

    def presence(self) -> Presence:
        """Those who are here, of whom three may go without a node."""
        self.rounds += 1
        return presence(*self.here, most=3, round_id=self.rounds)

    @rule(user_id=st.sampled_from((ADA, BOB, EVE, MAX)))
    def come(self, user_id: int) -> None:
        """Somebody comes, which ends all consents."""
        if user_id not in self.here:
            self.here.add(user_id)
            self.peering = None
            self.agreed.clear()

    @rule(user_id=st.sampled_from((ADA, BOB, EVE, MAX)))
    def go(self, user_id: int) -> None:
        """Somebody goes."""
        if user_id in self.here:
            self.here.remove(user_id)
            self.peering = self.peering and leave(self.peering, self.presence())

    @rule(user_id=st.sampled_from((ADA, BOB, EVE, MAX)))
    def consent(self, user_id: int) -> None:
        """Somebody agrees, towards those who are here."""
        if user_id in self.here:
            self.agreed[user_id] = set(self.here)
            self.peering = agree(self.peering, peer(user_id), self.presence())

    @rule(user_id=st.sampled_from((ADA, BOB, EVE, MAX)))
    def refuse(self, user_id: int) -> None:
        """Somebody does not agree any more."""
        self.peering = self.peering and withdraw(self.peering, user_id)
        self.agreed.pop(user_id, None)
        assert self.peering is None or self.peering.find(user_id) is None

    @rule(user_id=st.sampled_from((ADA, BOB, EVE, MAX)))
    def connect(self, user_id: int) -> None:
        """Somebody has reached the others."""
        if self.peering is not None and self.peering.round_id:
            self.peering = self.peering.with_connected(user_id)

    @invariant()
    def no_address_is_shown_to_a_stranger(self) -> None:
        """Whoever is in a round has agreed to each other one, is here, and they are all who are."""
        if self.peering is None or not self.peering.round_id:
            return
        peers = {each.user_id for each in self.peering.peers}
        assert peers == self.here
        assert 2 <= len(peers) <= 3
        assert all(peers <= self.agreed[user_id] for user_id in peers)
        is_whole = all(each.is_connected for each in self.peering.peers)
        assert (self.peering.until_ms == 0) == is_whole


TestMachine = Machine.TestCase
