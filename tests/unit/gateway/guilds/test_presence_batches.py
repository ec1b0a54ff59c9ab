"""Presences of a guild go out at once when it is idle, else in batches, and never too many for one user."""

from collections.abc import Collection, Mapping

import msgspec
import pytest

from core.domain.events import Audience
from core.wire.envelope import Envelope
from gateway.guilds.presence_batches import (
    BATCH,
    GAP_S,
    MAX_DELIVERIES,
    PAID_AT_ONCE,
    RECENT,
    RECENT_S,
    SLICE_DELIVERIES,
    USER_PER_S,
    PresenceBatches,
    PresencePace,
)
from gateway.guilds.state.guild_changes import MemberAdded, MemberRemoved
from tests.fakes.clock import FakeClock
from tests.fakes.timers import FakeTimers


class Guild:
    """The viewers of one guild: each of its users has so many `sessions`."""

    def __init__(self, guild_id: int, pace: PresencePace, clock: FakeClock, *users: int, sessions: int = 1) -> None:
        self.guild_id = guild_id
        self.users = users
        self.sessions = sessions
        self.others: dict[int, set[int]] = {}
        """The further guilds of a user."""
        self.told: list[tuple[float, int, int, str]] = []
        """The tellings: time, receiver, user that it is about, and status."""
        self._clock = clock
        self.batches = PresenceBatches(viewers=self, pace=pace)

    def tell_presence(self, envelope: Envelope, without: Collection[int]) -> int:
        receivers = [user_id for user_id in self.users if user_id not in without and user_id != envelope.user_id]
        for user_id in receivers:
            self._note(user_id, envelope)
        return len(receivers) * self.sessions

    def tell_presence_to(self, envelope: Envelope, user_id: int) -> None:
        self._note(user_id, envelope)

    def guilds_of_users(self) -> Mapping[int, Collection[int]]:
        return {user_id: self.guilds_of(user_id) for user_id in self.users}

    def guilds_of(self, user_id: int) -> Collection[int]:
        return {self.guild_id, *self.others.get(user_id, ())} if user_id in self.users else ()

    def _note(self, user_id: int, envelope: Envelope) -> None:
        status = bytes(envelope.payload).decode()
        self.told.append((self._clock.monotonic_s(), user_id, envelope.user_id, status))

    def change(self, user_id: int, status: str = "online") -> None:
        payload = msgspec.Raw(status.encode())
        envelope = Envelope(id=1, event="PRESENCE_UPDATE", audience=Audience.GUILD, payload=payload, user_id=user_id)
        self.batches.put(envelope)

    def about(self) -> list[tuple[int, str]]:
        """The presences told, and the users that they are about."""
        return [(about, status) for _, _, about, status in self.told]


class PacedGuilds:
    """Guilds that share a pace, with a clock and timers."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.timers = FakeTimers(self.clock)
        self.pace = PresencePace(clock=self.clock, call_later=self.timers.call_later)

    def guild(self, *users: int, guild_id: int = 7, sessions: int = 1) -> Guild:
        return Guild(guild_id, self.pace, self.clock, *users, sessions=sessions)


@pytest.fixture
def scene() -> PacedGuilds:
    return PacedGuilds()


def test_first_change_is_told_at_once_and_the_next_ones_after_the_gap(scene: PacedGuilds) -> None:
    guild = scene.guild(1)
    guild.change(100)
    guild.change(101)
    guild.change(102)
    assert guild.about() == [(100, "online")]
    scene.timers.advance(GAP_S * 0.9)
    assert len(guild.told) == 1
    scene.timers.advance(GAP_S * 0.2)
    assert guild.about() == [(100, "online"), (101, "online"), (102, "online")]
    scene.timers.advance(2 * RECENT_S)
    assert len(scene.timers) == 0
    guild.change(103)
    assert guild.about()[3:] == [(103, "online")]


def test_last_state_wins(scene: PacedGuilds) -> None:
    guild = scene.guild(1)
    guild.change(100)
    for status in ("online", "offline", "online", "dnd"):
        guild.change(101, status)
    guild.change(102)
    guild.change(101, "idle")
    scene.timers.advance(GAP_S)
    assert guild.about() == [(100, "online"), (101, "idle"), (102, "online")]


def test_crowd_is_told_of_in_batches(scene: PacedGuilds) -> None:
    guild = scene.guild(1)
    for user_id in range(100, 100 + 2 * BATCH + 11):
        guild.change(user_id)
    counts = []
    for _ in range(4):
        counts.append(len(guild.told))
        scene.timers.advance(GAP_S)
    assert counts == [1, 1 + BATCH, 1 + 2 * BATCH, 11 + 2 * BATCH]
    assert [about for about, _ in guild.about()] == list(range(100, 100 + 2 * BATCH + 11))


def test_batch_to_many_sessions_is_sliced_and_shorter(scene: PacedGuilds) -> None:
    guild = scene.guild(1, sessions=SLICE_DELIVERIES // 4)
    for user_id in range(100, 200):
        guild.change(user_id)
    scene.timers.advance(GAP_S)
    assert len(guild.told) - 1 == MAX_DELIVERIES // (SLICE_DELIVERIES // 4)
    slices = MAX_DELIVERIES // SLICE_DELIVERIES
    assert scene.timers.delays_s == [RECENT_S, GAP_S, *[0] * (slices - 1), GAP_S]


def test_member_who_left_is_not_told_of_until_it_is_back(scene: PacedGuilds) -> None:
    guild = scene.guild(1)
    guild.change(100)
    guild.change(101)
    guild.batches.drop(MemberRemoved(101))
    assert guild.batches.is_gone(101)
    scene.timers.advance(GAP_S)
    guild.batches.welcome(MemberAdded(101))
    assert not guild.batches.is_gone(101)
    guild.change(101, "idle")
    scene.timers.advance(GAP_S)
    assert guild.about() == [(100, "online"), (101, "idle")]


def test_user_in_many_guilds_is_told_no_more_than_may_be_and_the_last_state_in_the_end(scene: PacedGuilds) -> None:
    guilds = [scene.guild(1, 10 + number, guild_id=number) for number in range(20)]
    for guild in guilds:
        guild.others[1] = {each.guild_id for each in guilds}
        for user_id in range(1000, 1200):
            guild.change(user_id)
    changed = False
    for _ in range(100):
        scene.timers.advance(GAP_S)
        if not changed and all(len(guild.told) > 200 for guild in guilds):
            changed = True
            guilds[0].change(1000, "dnd")
    assert len(scene.timers) == len(guilds)  # each forgets in a while what it told
    times = sorted(at for guild in guilds for at, receiver, _, _ in guild.told if receiver == 1)
    window = 10 * GAP_S
    for start in range(0, 100, 10):
        begin_s = scene.clock.monotonic_s() - 100 * GAP_S + start * GAP_S
        # The windows of the pace need not begin with these seconds, so two windows may overlap one second.
        assert sum(begin_s <= at < begin_s + window for at in times) <= 2 * USER_PER_S
    for guild in guilds:
        alone = [about for _, receiver, about, _ in guild.told if receiver == 10 + guild.guild_id]
        assert len(alone) == 200 + (guild.guild_id == 0)
        last = {about: status for _, receiver, about, status in guild.told if receiver == 1}
        assert len(last) == 200
        assert last[1000] == ("dnd" if guild.guild_id == 0 else "online")
    # The users in one guild each have not waited for the user who is in all of them.
    ends = [max(at for at, receiver, _, _ in guild.told if receiver == 10 + guild.guild_id) for guild in guilds[1:]]
    assert max(ends) < times[-1]


def test_closed_batches_leave_no_timer(scene: PacedGuilds) -> None:
    guild = scene.guild(1)
    guild.change(100)
    guild.batches.close()
    assert len(scene.timers) == 0


def test_user_who_comes_back_is_told_what_was_told_lately(scene: PacedGuilds) -> None:
    guild = scene.guild(1, 2)
    guild.change(8)
    scene.timers.advance(RECENT_S)
    for user_id, status in ((3, "idle"), (4, "online"), (3, "offline"), (1, "dnd")):
        guild.change(user_id, status)
        scene.timers.advance(GAP_S)
    guild.told.clear()
    guild.batches.owe_recent(1)
    assert guild.told == []
    scene.timers.advance(GAP_S)
    assert [(receiver, about, status) for _, receiver, about, status in guild.told] == [
        (1, 4, "online"),
        (1, 3, "offline"),
    ]


def test_guild_that_becomes_quiet_forgets_what_it_told() -> None:
    timers = FakeTimers()
    pace = PresencePace(clock=FakeClock(), call_later=timers.call_later)  # by which nothing ever becomes old
    guild = Guild(7, pace, FakeClock(), 1, sessions=1)
    guild.change(2)
    timers.advance(2 * RECENT_S)
    assert len(timers) == 0
    guild.batches.owe_recent(1)
    assert len(timers) == 0  # nothing is owed


def test_user_who_comes_back_is_told_no_older_presence_after_a_newer_one(scene: PacedGuilds) -> None:
    guild = scene.guild(1)
    guild.change(3, "idle")
    guild.change(3, "dnd")  # waits for the next batch
    guild.batches.owe_recent(1)
    guild.change(4, "idle")
    scene.timers.advance(2 * GAP_S)
    assert guild.about() == [(3, "idle"), (3, "dnd"), (4, "idle")]


def test_crowd_that_comes_back_is_told_some_at_a_time_and_not_more_than_the_newest(scene: PacedGuilds) -> None:
    crowd = range(1000, 1030)
    guild = scene.guild(*crowd)
    for user_id in range(2 * RECENT):
        guild.change(user_id)
        scene.timers.advance(GAP_S / 2)
    scene.timers.advance(1)
    guild.told.clear()
    for user_id in crowd:
        guild.batches.owe_recent(user_id)
    scene.timers.advance(0)
    assert len(guild.told) <= PAID_AT_ONCE
    scene.timers.advance(5)
    assert len(guild.told) == len(crowd) * RECENT
    assert {about for _, _, about, _ in guild.told} == set(range(RECENT, 2 * RECENT))


def test_users_who_may_be_told_no_more_are_work_of_a_slice_too(scene: PacedGuilds) -> None:
    """Each of them is owed each presence: a slice with many of them has few presences."""
    crowd = SLICE_DELIVERIES // 4
    guild = scene.guild(*range(1000, 1000 + crowd))
    scene.pace.has_room_for_all(0)  # a second begins
    scene.pace.note(guild.guild_id, USER_PER_S)
    for user_id in range(30):
        guild.change(user_id)
    scene.timers.advance(GAP_S)
    assert guild.told == []
    assert scene.timers.delays_s.count(0) == MAX_DELIVERIES // SLICE_DELIVERIES - 1


@pytest.mark.parametrize("people", [10, 300])
def test_news_go_to_all_at_once_while_a_crowd_is_owed_what_it_has_missed(scene: PacedGuilds, people: int) -> None:
    """What some are told besides is counted for them alone, so nobody else is owed anything for it."""
    crowd = range(1000, 1000 + people)
    guild = scene.guild(*crowd)
    for user_id in range(RECENT):
        guild.change(user_id)
    scene.timers.advance(3)
    for user_id in crowd:
        guild.batches.owe_recent(user_id)
    scene.timers.advance(2 * GAP_S)
    guild.told.clear()
    guild.change(5000)
    scene.timers.advance(GAP_S)
    assert [receiver for _, receiver, about, _ in guild.told if about == 5000] == list(crowd)
