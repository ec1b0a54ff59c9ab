"""The door against a plain model, which works everything out anew from the whole history."""

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import RateLimited, SlowMode
from core.door.interfaces import Permit
from tests.contract.door.backends import BACKENDS, HOUR_S, RULES, DoorBackend, opening


class Try(msgspec.Struct, frozen=True):
    """One message of a history, and the time that has passed before it."""

    after_s: int
    author_id: int
    channel_id: int
    nonce: str | None
    slow_mode_s: int
    fails: bool


TRIES = st.lists(
    st.builds(
        Try,
        after_s=st.sampled_from([0, 0, 0, 1, 4, 10, 60, HOUR_S]),
        author_id=st.integers(1, 2),
        channel_id=st.integers(30, 31),
        nonce=st.sampled_from([None, None, "a", "b"]),
        slow_mode_s=st.sampled_from([0, 0, 5]),
        fails=st.booleans(),
    ),
    max_size=40,
)


class DoorModel:
    """What a door says, worked out anew from the whole history of what it has let in."""

    def __init__(self) -> None:
        self.now_s = 0
        self._let_in: list[tuple[int, Try]] = []
        self._stored: dict[tuple[int, int, str], tuple[int, int]] = {}

    def judge(self, tried: Try) -> str:
        """Return "repeat", "slow mode", "limited" or "new"."""
        if tried.nonce is not None:
            stored = self._stored.get((tried.author_id, tried.channel_id, tried.nonce))
            if stored is not None and self.now_s < stored[0] + HOUR_S:
                return "repeat"
        own = [(at, one) for at, one in self._let_in if one.author_id == tried.author_id]
        here = [(at, one) for at, one in own if one.channel_id == tried.channel_id]
        if tried.slow_mode_s and any(one.slow_mode_s and self.now_s < at + tried.slow_mode_s for at, one in here):
            return "slow mode"
        if self._in_window(own, 60) >= 5 or self._in_window(here, 10) >= 3:
            return "limited"
        return "new"

    def let_in(self, tried: Try, message_id: int) -> None:
        """Remember a message."""
        self._let_in.append((self.now_s, tried))
        if tried.nonce is not None and not tried.fails:
            self._stored[tried.author_id, tried.channel_id, tried.nonce] = (self.now_s, message_id)

    def id_of(self, tried: Try) -> int:
        """Return the message that has the nonce."""
        assert tried.nonce is not None
        return self._stored[tried.author_id, tried.channel_id, tried.nonce][1]

    def _in_window(self, let_in: list[tuple[int, Try]], window_s: int) -> int:
        """Count the messages in the present window, if there is one: windows start with their first message."""
        start, count = None, 0
        for at, _ in let_in:
            if start is None or at >= start + window_s:
                start, count = at, 0
            count += 1
        return count if start is not None and self.now_s < start + window_s else 0


async def attempt(backend: DoorBackend, tried: Try) -> tuple[str, int]:
    """Try one message; return what became of it and its id."""
    fields = msgspec.structs.asdict(tried)
    del fields["after_s"], fields["fails"]
    permit = Permit(0)
    try:
        async with backend.door.open(opening(backend.door, **fields)) as permit:
            if permit.is_repeat:
                return "repeat", permit.id
            await _store(backend, permit, tried)
    except SlowMode:
        return "slow mode", 0
    except RateLimited:
        return "limited", 0
    except ConnectionError:
        pass
    return "new", permit.id


async def _store(backend: DoorBackend, permit: Permit, tried: Try) -> None:
    if tried.fails:
        raise ConnectionError
    await backend.store(permit)


@pytest.mark.parametrize("name", list(BACKENDS))
@given(tries=TRIES)
def test_door_says_what_a_model_says_of_the_whole_history(name: str, tries: list[Try]) -> None:
    async def run() -> None:
        backend, model, newest = BACKENDS[name](), DoorModel(), 0
        await backend.open(RULES)
        for tried in tries:
            await backend.let_pass(tried.after_s)
            model.now_s += tried.after_s
            expected = model.judge(tried)
            outcome, message_id = await attempt(backend, tried)
            assert outcome == expected
            if outcome == "new":
                assert message_id > newest
                newest = message_id
                model.let_in(tried, message_id)
            elif outcome == "repeat":
                assert message_id == model.id_of(tried)
        await backend.close()

    asyncio.run(run())
