"""Reads of logins: the size of a read, and the events noted meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from core.domain.errors import Unavailable
from core.domain.events import Audience
from core.domain.login import LoginSnapshot
from core.domain.messages.read_state import ReadState
from core.domain.people.preferences import Preferences, UserSettings
from core.domain.people.user import Account, AuthSession, User
from core.wire.envelope import Envelope
from gateway.commands.commands import Identify
from gateway.events.login_windows import LoginWindows
from gateway.login.login import Login
from gateway.login.login_reads import LOGINS_A_READ, LOGINS_A_TURN, LoginReads
from gateway.scheduling.tasks import Tasks
from tests.fakes.gateway.gateway_connection import FakeConnection


class FakePreferences:
    """The preferences of people who have set nothing."""

    async def find_many(self, user_ids: Collection[int]) -> dict[int, Preferences]:
        """Answer at once."""
        return {user_id: Preferences(settings=UserSettings(user_id=user_id)) for user_id in user_ids}


class FakeStore:
    """A store that knows every token whose first byte is not 0. It answers on demand."""

    def __init__(self) -> None:
        self.asked: list[list[bytes]] = []
        self.was_asked = asyncio.Condition()
        self.answers = asyncio.Queue[Exception | None]()
        self.logins = self
        self.messages = SimpleNamespace()
        self.read_states = self
        self.preferences = FakePreferences()

    async def find_many(self, token_hashes: Collection[bytes]) -> dict[bytes, LoginSnapshot]:
        """Answer a read when the test allows it."""
        self.asked.append(list(token_hashes))
        async with self.was_asked:
            self.was_asked.notify_all()
        error = await self.answers.get()
        if error is not None:
            raise error
        return {each: snapshot(each) for each in token_hashes if each[0]}

    async def list_of_users(self, user_ids: Collection[int]) -> dict[int, list[ReadState]]:
        """Nobody has read anything."""
        return {user_id: [] for user_id in user_ids}

    async def wait(self) -> None:
        """Wait for the events of rows: they have come."""


def snapshot(token_hash: bytes) -> LoginSnapshot:
    user_id = int.from_bytes(token_hash, "big")
    auth = AuthSession(id=user_id, user_id=user_id, token_hash=token_hash, created_ms=0, last_used_ms=0)
    return LoginSnapshot(auth=auth, account=Account(user=User(id=user_id, username="x")))


class RecordedReads:
    """Login reads that record their turns and bad tokens."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.tasks = Tasks()
        self.turns: list[list[Login]] = []
        self.has_taken = asyncio.Event()
        self.bad_tokens_from: list[str] = []
        self.settled: list[set[int]] = []
        self.started: list[Login] = []
        self.windows = LoginWindows()
        self.reads = LoginReads(
            store=self.store,
            rows=self.store,  # type: ignore[arg-type]
            windows=self.windows,
            tasks=self.tasks,
            on_bad_token=self._note_bad_token,
            settle_places=self._note_settled,
            count_start=self._note_start,
        )
        self.reads.hand_to(self._take)

    async def _note_start(self, login: Login) -> None:
        self.started.append(login)

    async def _note_settled(self, user_ids: Collection[int]) -> None:
        self.settled.append(set(user_ids))

    async def _note_bad_token(self, address: str) -> None:
        self.bad_tokens_from.append(address)

    def _take(self, logins: Any) -> None:
        self.turns.append(list(logins))
        self.has_taken.set()

    def ask(self, number: int) -> Login:
        """Ask for the login of a client."""
        login = Login(FakeConnection(), Identify(token="x"), number.to_bytes(4, "big"))  # type: ignore[arg-type]
        login.connection.session = login
        self.reads.ask(login)
        return login

    async def wait(self, logins: int) -> list[Login]:
        """Wait until so many logins are taken. Return all that are."""
        while len(self.taken) < logins:
            self.has_taken.clear()
            await self.has_taken.wait()
        return self.taken

    @property
    def taken(self) -> list[Login]:
        return [login for turn in self.turns for login in turn]


@pytest.fixture
async def scene() -> AsyncIterator[RecordedReads]:
    made = RecordedReads()
    running = asyncio.create_task(made.tasks.run())
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def event(user_id: int) -> Envelope:
    return Envelope(id=1, event="X", audience=Audience.USER, payload=msgspec.Raw(b"{}"), user_id=user_id)


async def until_asked(scene: RecordedReads, times: int) -> None:
    async with scene.store.was_asked:
        await scene.store.was_asked.wait_for(lambda: len(scene.store.asked) >= times)


KNOWN = 1 << 24
"""The least number that is a known token."""


async def test_logins_that_wait_are_read_together_and_taken_some_a_turn(scene: RecordedReads) -> None:
    count = LOGINS_A_READ + LOGINS_A_TURN + 1
    logins = [scene.ask(KNOWN + number) for number in range(count)]
    for _ in range(3):
        scene.store.answers.put_nowait(None)
    taken = await scene.wait(count)
    assert taken == logins
    assert [len(asked) for asked in scene.store.asked] == [LOGINS_A_READ, LOGINS_A_TURN + 1]
    assert max(map(len, scene.turns)) == LOGINS_A_TURN
    assert [login.snapshot.auth.id for login in taken if login.snapshot] == [KNOWN + number for number in range(count)]


async def test_places_of_people_are_settled_before_they_are_read(scene: RecordedReads) -> None:
    scene.ask(KNOWN)
    scene.ask(5)
    scene.store.answers.put_nowait(None)
    login, _ = await scene.wait(2)
    assert login.snapshot is not None
    assert scene.settled == [{login.snapshot.auth.user_id}]


async def test_unknown_token_has_no_snapshot(scene: RecordedReads) -> None:
    scene.ask(5)
    scene.store.answers.put_nowait(None)
    (login,) = await scene.wait(1)
    assert (login.snapshot, login.is_unavailable) == (None, False)
    assert scene.bad_tokens_from == ["203.0.113.1"]


@pytest.mark.parametrize("error", [Unavailable(), RuntimeError("a fault")])
async def test_read_that_fails_is_told_to_those_who_wait_and_the_next_one_is_tried(
    scene: RecordedReads, error: Exception
) -> None:
    scene.ask(KNOWN)
    scene.store.answers.put_nowait(error)
    (login,) = await scene.wait(1)
    assert login.is_unavailable
    scene.ask(KNOWN + 1)
    scene.store.answers.put_nowait(None)
    assert not (await scene.wait(2))[1].is_unavailable


async def test_events_that_pass_from_the_read_to_the_taking_are_noted(scene: RecordedReads) -> None:
    scene.windows.note_user(event(KNOWN))
    scene.ask(KNOWN)
    await until_asked(scene, 1)
    scene.windows.note_user(event(KNOWN))
    scene.windows.note_user(event(KNOWN + 1))
    scene.windows.note_member(7, KNOWN)
    scene.ask(KNOWN + 1)
    scene.store.answers.put_nowait(None)
    (first,) = await scene.wait(1)
    assert len(first.missed_events(KNOWN)) == 1
    assert not first.window.is_current(7, KNOWN)
    assert first.window.is_current(8, KNOWN)
    await until_asked(scene, 2)
    scene.windows.note_user(event(KNOWN))
    scene.store.answers.put_nowait(None)
    second = (await scene.wait(2))[1]
    assert second.window.is_current(7, KNOWN)
    assert [len(second.missed_events(user_id)) for user_id in (KNOWN, KNOWN + 1)] == [1, 0]
    assert len(first.missed_events(KNOWN)) == 1


def test_guild_that_is_loaded_makes_older_rows_of_its_members_void() -> None:
    windows = LoginWindows()
    windows.note_guild(7)
    window = windows.open(2)
    assert window.is_current(7, KNOWN)
    windows.note_guild(7)
    assert not window.is_current(7, KNOWN)
    assert window.is_current(8, KNOWN)


def test_window_is_open_until_the_last_login_of_its_read_is_taken() -> None:
    windows = LoginWindows()
    window = windows.open(2)
    windows.close(window)
    windows.note_member(7, KNOWN)
    assert not window.is_current(7, KNOWN)
    windows.close(window)
    windows.note_member(8, KNOWN)
    assert window.is_current(8, KNOWN)


async def test_clients_that_have_gone_are_not_read(scene: RecordedReads) -> None:
    scene.ask(KNOWN)
    await until_asked(scene, 1)
    gone, stays = scene.ask(KNOWN + 1), scene.ask(KNOWN + 2)
    gone.connection.session = None
    for _ in range(2):
        scene.store.answers.put_nowait(None)
    taken = await scene.wait(2)
    assert taken[1] is stays
    assert len(scene.store.asked[1]) == 1
