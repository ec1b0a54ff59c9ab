"""Any schedule of faults: each conversation's frames arrive once and in order, or both sides hear that it is broken.

Two workers talk over a simulated network with a simulated Redis as the fallback. A frame names the conversation that
its sender had when it sent it, and its number there, so whatever is missing, repeated or mixed up shows by itself.
"""

from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.links.bounds import LinkBounds
from tests.contract.links.party import BEGUN, Party
from tests.contract.links.simulated_ground import GroundWithFallback
from tests.simulation.world.process_loop import LoopState, ProcessLoop

BOUNDS = LinkBounds(
    silence_s=1.0,
    handshake_s=1.0,
    patience_s=0.5,
    budget_bytes=20_000,
    budget_s=6.0,
    acknowledge_frames=16,
    batch_bytes=1000,
)


class Life:
    """One life of a worker, and what it has sent."""

    def __init__(self, party: Party) -> None:
        self.party = party
        self.sent = 0
        self.conversations = 0
        self.is_begun = False
        party.on_word = self._on_word

    def _on_word(self, word: str) -> None:
        assert (word == BEGUN) is not self.is_begun
        self.is_begun = word == BEGUN
        if self.is_begun:
            self.conversations += 1
            self.sent = 0

    def send(self, peer: str, count: int, size: int) -> None:
        """Send some frames."""
        for _ in range(count):
            if not self.party.links.send(peer, self.frame(self.sent).ljust(size)):
                return
            self.sent += 1

    def frame(self, number: int) -> bytes:
        """Return the frame with this number in the present conversation."""
        return b"%s %d %d" % (self.party.incarnation.encode(), self.conversations, number)


def check_heard(party: Party) -> None:
    """Check that each conversation was the front of one of the other side's, and nothing was heard outside of one."""
    origin: list[bytes] | None = None
    numbers = 0
    is_begun = False
    for heard in party.heard:
        if isinstance(heard, str):
            assert (heard == BEGUN) is not is_begun
            is_begun = heard == BEGUN
            origin, numbers = None, 0
            continue
        *of, number = heard.split()
        assert is_begun
        assert origin in (None, of)
        assert int(number) == numbers
        origin, numbers = of, numbers + 1


class Schedules(RuleBasedStateMachine):
    """Sends, faults and time, in any order."""

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        self.ground = GroundWithFallback(seed)
        self.names = Random(seed)
        self.is_parted = False
        self.dead: list[Party] = []
        self.lives = [self._start(0), self._start(1)]
        self._introduce()

    def _start(self, side: int) -> Life:
        # Either side may have the smaller name, which decides who dials.
        return Life(
            self.ground.start(f"worker-{self.names.randrange(1000)}-{side}{self.names.randrange(10**6)}", bounds=BOUNDS)
        )

    def _introduce(self) -> None:
        one, other = (life.party for life in self.lives)
        self.ground.introduce(one, other)
        self.ground.introduce(other, one)

    def _loop(self, side: int) -> ProcessLoop:
        return self.ground.loops[self.lives[side].party.incarnation]

    sides = st.integers(0, 1)

    @rule(side=sides, count=st.integers(1, 60), size=st.sampled_from([0, 10, 100, 1500]))
    def send(self, side: int, count: int, size: int) -> None:
        if self._loop(side).state is LoopState.RUNNING:
            self.lives[side].send(self.lives[1 - side].party.incarnation, count, size)
            self.ground.world.run_for(0.0002)  # they are on their way, and what comes next may meet them there

    @rule(duration_s=st.sampled_from([0.001, 0.01, 0.1, 0.5, 2.0, 8.0]))
    def pass_time(self, duration_s: float) -> None:
        self.ground.world.run_for(duration_s)

    @rule()
    def cut(self) -> None:
        self.ground.cut(*(life.party for life in self.lives))

    @rule()
    def part_or_heal(self) -> None:
        one, other = (life.party for life in self.lives)
        (self.ground.heal if self.is_parted else self.ground.part)(one, other)
        self.is_parted = not self.is_parted

    @rule(side=sides)
    def pause_or_go_on(self, side: int) -> None:
        loop = self._loop(side)
        if loop.state is LoopState.PAUSED:
            loop.resume()
        else:
            loop.pause()

    @rule(side=sides)
    def restart(self, side: int) -> None:
        self._go_on()
        old = self.lives[side].party
        self.ground.stop(old)
        self.dead.append(old)
        self.lives[side] = self._start(side)
        if self.is_parted:
            self.ground.part(*(life.party for life in self.lives))
        self._introduce()

    @rule(side=sides)
    def forget(self, side: int) -> None:
        self.ground.introduce(self.lives[side].party)

    @rule(side=sides)
    def know_again(self, side: int) -> None:
        self.ground.introduce(self.lives[side].party, self.lives[1 - side].party)

    @rule()
    def restart_redis(self) -> None:
        if self.ground.redis.is_up:
            self.ground.redis.stop()
        else:
            self.ground.redis.start()

    @precondition(lambda self: self.ground.redis.is_up)
    @rule(side=sides)
    def lose_what_is_published(self, side: int) -> None:
        self.ground.readers[self.lives[side].party.incarnation].break_off()

    @precondition(lambda self: self.ground.redis.is_up)
    @rule(side=sides)
    def lose_what_publishes(self, side: int) -> None:
        self.ground.clients[self.lives[side].party.incarnation].break_off()

    @rule()
    def settle(self) -> None:
        """With all faults over the two talk, and nothing of what they talk about is missing."""
        self._go_on()
        if self.is_parted:
            self.part_or_heal()
        if not self.ground.redis.is_up:
            self.ground.redis.start()
        self._introduce()
        self.ground.run_until(lambda: all(life.is_begun for life in self.lives))
        self.ground.world.run_for(8)
        one, other = self.lives
        assert one.is_begun
        assert other.is_begun
        for sender, receiver in ((one, other), (other, one)):
            begun = len(receiver.party.heard) - receiver.party.heard[::-1].index(BEGUN)
            arrived = [heard.rstrip() for heard in receiver.party.heard[begun:] if isinstance(heard, bytes)]
            assert arrived == [sender.frame(number) for number in range(sender.sent)]

    def _go_on(self) -> None:
        for side in (0, 1):
            self._loop(side).resume()

    @invariant()
    def nothing_is_missing_or_repeated(self) -> None:
        for party in (*self.dead, *(life.party for life in self.lives)):
            check_heard(party)
        assert not self.ground.world.trace.faults

    def teardown(self) -> None:
        if not hasattr(self, "ground"):
            return
        try:
            self.settle()
            self.nothing_is_missing_or_repeated()
        finally:
            self.ground.close()


TestSchedules = Schedules.TestCase
TestSchedules.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
