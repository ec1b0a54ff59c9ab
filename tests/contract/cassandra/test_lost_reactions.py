"""Changes of reactions whose answers are lost: the read that decides finds what was done, and nothing is done twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from core.domain.errors import OutcomeUnknown
from core.domain.messages.reaction import Reaction, ReactionCount
from core.runtime.clock import SystemClock
from core.runtime.settings.settings import CassandraSettings
from core.store.cassandra.messages import CassandraMessages
from core.store.cassandra.reactions import CassandraReactions
from core.store.cassandra.session import CassandraSession
from core.store.cassandra.tries import TryLimit
from tests.contract.builders import flake, new_message
from tests.contract.cassandra.sessions import opened
from tests.contract.message_rows import new_place

MESSAGE_ID = flake(40)


class LosingSession:
    """A session that loses the answers of its next batches; `is_done` says whether they were done."""

    def __init__(self, session: CassandraSession) -> None:
        self.run = session.run
        self.lost = 0
        self.is_done = True
        self._session = session

    async def begin_batch(self, parts: Any) -> Any:
        if not self.lost:
            return await self._session.begin_batch(parts)
        self.lost -= 1
        if self.is_done:
            await (await self._session.begin_batch(parts))
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        answer.set_exception(OutcomeUnknown())
        return answer


class Scene:
    """A message, and reactions over a session that loses answers."""

    def __init__(self, messages: CassandraMessages) -> None:
        self.messages = messages
        self.session = LosingSession(messages._session)
        self.rows = CassandraReactions(
            session=cast("CassandraSession", self.session), limit=TryLimit(clock=SystemClock(), limit_s=10)
        )
        self.channel_id = new_place().channel_id

    def reaction(self, change_id: int = 1) -> Reaction:
        return Reaction(channel_id=self.channel_id, message_id=MESSAGE_ID, emoji="x", user_id=7, id=flake(change_id))

    async def shown(self) -> tuple[ReactionCount, ...]:
        return (await self.rows.count(self.channel_id, [MESSAGE_ID])).get(MESSAGE_ID, ())


@pytest.fixture
async def scene(cassandra_settings: CassandraSettings) -> AsyncIterator[Scene]:
    async with opened(cassandra_settings) as messages:
        made = Scene(messages)
        await messages.insert(new_message(MESSAGE_ID, made.channel_id))
        yield made


@pytest.mark.parametrize("is_done", [True, False])
async def test_reaction_whose_answer_was_lost_is_there_once(scene: Scene, is_done: bool) -> None:
    scene.session.lost, scene.session.is_done = 1, is_done
    assert await scene.rows.add(scene.reaction(), may_begin=True)
    assert await scene.shown() == (ReactionCount("x", 1),)
    assert not await scene.rows.add(scene.reaction(2), may_begin=True)
    assert await scene.rows.find(scene.reaction()) == scene.reaction()


@pytest.mark.parametrize("is_done", [True, False])
async def test_removal_whose_answer_was_lost_is_made_once(scene: Scene, is_done: bool) -> None:
    await scene.rows.add(scene.reaction(), may_begin=True)
    scene.session.lost, scene.session.is_done = 2, is_done
    assert await scene.rows.remove(scene.reaction())
    assert await scene.shown() == ()
    assert await scene.rows.add(scene.reaction(3), may_begin=True)
    scene.session.lost = 1
    assert await scene.rows.remove_all(scene.channel_id, MESSAGE_ID, None)
    assert await scene.shown() == ()
