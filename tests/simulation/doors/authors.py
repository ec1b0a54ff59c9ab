"""The people of the doors' world: they send with nonces, edit and delete each other's messages, and try again.

The ledger has what they wanted and what they were answered. A request that was not answered may have been done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

import msgspec

from core.domain.errors import DomainError, UnknownMessage
from tests.simulation.doors.message_events import AUTHORS, CHANNELS
from tests.simulation.doors.processes import ApiProcess
from tests.simulation.world.network import way_s
from tests.simulation.world.process_loop import LoopState, ProcessLoop
from tests.simulation.world.world import World

_STEPS: Final = 14
_TIMEOUT_S: Final = 12.0
_SEND_TRIES: Final = 20
_CHANGE_TRIES: Final = 4
_NEWEST: Final = 6
"""The messages among which one is changed: few, so that changes of one meet."""

Request = Callable[[ApiProcess], Awaitable[int]]


class SentMessage(msgspec.Struct, kw_only=True):
    """A message that an author wants to send, and the ids that it was answered with."""

    author_id: int
    channel_id: int
    nonce: str
    ids: set[int] = set()


class EditedMessage(msgspec.Struct, frozen=True):
    """An edit that was answered: the message has this content in this version."""

    message_id: int
    version: int
    content: str


class Ledger:
    """What was wanted, and what was answered."""

    def __init__(self) -> None:
        self.sent: list[SentMessage] = []
        self.edited: list[EditedMessage] = []
        self.unwanted: set[int] = set()
        """The messages that somebody has tried to delete."""
        self.deleted: set[int] = set()
        """Those whose deletion was answered."""
        self.missing: set[int] = set()
        """Those that were answered to be unknown."""

    def newest(self) -> list[tuple[int, int]]:
        """Return channel and id of the messages that were answered last."""
        return [(sent.channel_id, min(sent.ids)) for sent in self.sent if sent.ids][-_NEWEST:]


class Author:
    """One of them."""

    def __init__(
        self, *, author_id: int, world: World, loop: ProcessLoop, apis: Callable[[], list[ApiProcess]], ledger: Ledger
    ) -> None:
        self._id = author_id
        self._name = f"author {AUTHORS.index(author_id) + 1}"
        self._world = world
        self._loop = loop
        self._apis = apis
        self._ledger = ledger
        self._chance: Random = world.chance(self._name)
        self._channels = [each.id for each in CHANNELS.values() if each.guild_id or author_id in each.recipient_ids]

    async def live(self) -> None:
        """Do everything."""
        chance = self._chance
        for number in range(_STEPS):
            await asyncio.sleep(chance.random() * 2)
            newest = self._ledger.newest()
            what = f"{self._name[7:]}-{number}"
            if not newest or chance.random() < 0.6:
                await self._send(what)
            elif chance.random() < 0.75:
                await self._edit(*chance.choice(newest), what)
            else:
                await self._delete(*chance.choice(newest), what)

    async def _send(self, nonce: str) -> None:
        sent = SentMessage(author_id=self._id, channel_id=self._chance.choice(self._channels), nonce=nonce, ids=set())
        self._ledger.sent.append(sent)

        def send(api: ApiProcess) -> Awaitable[int]:
            return api.send(author_id=self._id, channel_id=sent.channel_id, nonce=nonce, content=nonce)

        for _ in range(_SEND_TRIES):
            message_id = await self._ask(nonce, send)
            if message_id is not None:
                sent.ids.add(message_id)
                if self._chance.random() < 0.9:
                    return  # else it has not heard the answer, and sends again

    async def _edit(self, channel_id: int, message_id: int, content: str) -> None:
        def edit(api: ApiProcess) -> Awaitable[int]:
            return api.edit(channel_id=channel_id, message_id=message_id, content=content)

        version = await self._change(f"{content} edits {message_id}", message_id, edit)
        if version is not None:
            self._ledger.edited.append(EditedMessage(message_id, version, content))

    async def _delete(self, channel_id: int, message_id: int, what: str) -> None:
        def delete(api: ApiProcess) -> Awaitable[int]:
            return api.delete(channel_id=channel_id, message_id=message_id)

        self._ledger.unwanted.add(message_id)
        if await self._change(f"{what} deletes {message_id}", message_id, delete) is not None:
            self._ledger.deleted.add(message_id)

    async def _change(self, what: str, message_id: int, request: Request) -> int | None:
        for _ in range(_CHANGE_TRIES):
            try:
                answer = await self._ask(what, request)
            except UnknownMessage:
                self._ledger.missing.add(message_id)
                return None
            if answer is not None:
                return answer
        return None

    async def _ask(self, what: str, request: Request) -> int | None:
        """Ask any API; return the answer, None without one. Raises UnknownMessage."""
        api = self._chance.choice(self._apis())
        answered: asyncio.Future[int] = self._loop.create_future()
        self._loop.call_later(way_s(self._chance), self._arrive, api, request, answered)
        try:
            answer = await asyncio.wait_for(answered, _TIMEOUT_S)
        except UnknownMessage:
            self._world.trace.note("client", f"{what} at {api.name}: unknown")
            raise
        except (TimeoutError, DomainError, ConnectionError) as error:
            self._world.trace.note("client", f"{what} at {api.name}: {type(error).__name__}")
            await asyncio.sleep(self._chance.random())
            return None
        self._world.trace.note("client", f"{what} at {api.name}: {answer}")
        return answer

    def _arrive(self, api: ApiProcess, request: Request, answered: "asyncio.Future[int]") -> None:
        if api.loop.state is LoopState.KILLED:
            answered.set_exception(ConnectionRefusedError())
        else:
            api.loop.call_soon(lambda: api.loop.create_task(self._serve(api, request, answered)))

    async def _serve(self, api: ApiProcess, request: Request, answered: "asyncio.Future[int]") -> None:
        def answer(settle: Callable[..., None], result: object) -> None:
            self._loop.call_later(way_s(self._chance), lambda: None if answered.done() else settle(result))

        try:
            result = await request(api)
        except (DomainError, ConnectionError) as error:
            answer(answered.set_exception, error)
        else:
            answer(answered.set_result, result)
