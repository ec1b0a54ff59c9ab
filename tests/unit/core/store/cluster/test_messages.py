"""Messages of a cluster: what is stored is told once, and what is not stored is not, whatever becomes of the writes."""

import asyncio
from collections.abc import Sequence

import pytest

from core.domain.errors import OutcomeUnknown, Unavailable, UnknownMessage
from core.domain.messages.message import Message
from core.door.opened import OpeningGone
from core.door.pending import Pending, PendingKind
from core.store.cluster.messages import ClusterMessages
from tests.contract.builders import flake, new_envelope, new_message
from tests.fakes.clock import FakeClock
from tests.fakes.mention_rows import FakeMentionRows
from tests.fakes.message_door import FakeMessageDoor
from tests.fakes.message_rows import FakeMessageRows, Fate

CHANNEL = flake(30)
MESSAGE = new_message(flake(1), CHANNEL)
CREATED = new_envelope(MESSAGE.id, flake(10), "MESSAGE_CREATE")
DELETED = new_envelope(flake(501), flake(10), "MESSAGE_DELETE")
CHANGED = new_envelope(flake(500), flake(10), "MESSAGE_UPDATE")


class Scene:
    """The messages over fakes. `fates` are those of the next writes; after them all succeed."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.door = FakeMessageDoor()
        self.fates: list[Fate] = []
        self.writes: list[str] = []
        self.write_s = 0.0
        self.reached = asyncio.Event()
        self.may_delete = asyncio.Event()
        self.may_delete.set()
        self.rows = FakeMessageRows(clock=self.clock, decide=self._decide)
        self.mentions = FakeMentionRows()
        self.insert_s: list[float] = []
        self.messages = ClusterMessages(
            rows=self.rows,
            mentions=self.mentions,
            door=self.door,
            clock=self.clock,
            observe_insert=self.insert_s.append,
        )

    async def _decide(self, write: str) -> Fate:
        self.writes.append(write)
        self.reached.set()
        await asyncio.sleep(0)
        if write == "delete":
            await self.may_delete.wait()
        self.clock.advance(self.write_s)
        return self.fates.pop(0) if self.fates else Fate.DONE

    async def add(self) -> None:
        self.door.enter(CHANNEL, MESSAGE.id, flake(10))
        await self.messages.add(MESSAGE, [CREATED])

    async def stored(self) -> bool:
        return await self.rows.find(CHANNEL, MESSAGE.id) is not None

    def told(self) -> Sequence[int]:
        return [envelope.id for envelope in self.door.told]


@pytest.fixture
async def scene() -> Scene:
    return Scene()


@pytest.fixture
async def sent() -> Scene:
    """A scene with one message."""
    scene = Scene()
    await scene.add()
    scene.writes.clear()
    return scene


async def edit(scene: Scene, version: int = 0) -> object:
    changes = {"content": "edited"}
    return await scene.messages.update(CHANNEL, MESSAGE.id, changes, expected_version=version, envelopes=[CHANGED])


async def test_insert_is_timed_with_its_repetitions(scene: Scene) -> None:
    scene.write_s = 2.0
    scene.fates = [Fate.UNKNOWN_LOST, Fate.DONE]
    await scene.add()
    assert scene.insert_s == [4.0]


async def test_added_message_is_stored_and_told(scene: Scene) -> None:
    await scene.add()
    assert await scene.stored()
    assert scene.told() == [MESSAGE.id]
    assert not scene.door.open


async def test_refused_insert_is_told_to_the_sender_at_once(scene: Scene) -> None:
    scene.fates = [Fate.REFUSED]
    with pytest.raises(Unavailable) as caught:
        await scene.add()
    assert not isinstance(caught.value, OutcomeUnknown)
    assert scene.writes == ["insert"]
    assert scene.door.open, "whoever holds the door open aborts"
    assert scene.told() == []


@pytest.mark.parametrize("fate", [Fate.UNKNOWN_DONE, Fate.UNKNOWN_LOST, Fate.UNKNOWN_LATE])
@pytest.mark.parametrize("then", [Fate.DONE, Fate.REFUSED])
async def test_unknown_insert_is_repeated(scene: Scene, fate: Fate, then: Fate) -> None:
    scene.fates = [fate, then]
    await scene.add()
    scene.rows.land_late_writes()
    assert await scene.stored()
    assert scene.told() == [MESSAGE.id]


async def test_insert_that_stays_unknown_is_left_to_the_sweep(scene: Scene) -> None:
    scene.fates = [Fate.UNKNOWN_LOST, Fate.UNKNOWN_LATE, Fate.REFUSED]
    scene.write_s = 4.0
    with pytest.raises(OutcomeUnknown):
        await scene.add()
    assert scene.door.left == {MESSAGE.id}
    assert scene.told() == []


async def test_message_whose_opening_is_gone_is_withdrawn(scene: Scene) -> None:
    scene.fates = [Fate.UNKNOWN_LATE]
    adding = asyncio.ensure_future(scene.add())
    await scene.reached.wait()
    scene.door.forget()
    with pytest.raises(OpeningGone):
        await adding
    scene.rows.land_late_writes()
    assert not await scene.stored()
    assert scene.told() == []
    (orphan,) = await scene.door.list_orphans()
    assert scene.door.left == {orphan.id}, "the sweep tells that it is gone: a lost log may have told of it"
    assert orphan.pending == Pending(PendingKind.DELETE, 0, (MESSAGE.id,))


async def test_message_that_others_have_told_is_a_success(scene: Scene) -> None:
    adding = asyncio.ensure_future(scene.add())
    await scene.reached.wait()
    (orphan,) = await scene.door.list_orphans()
    await scene.door.close_orphan(orphan, [CREATED])
    await adding
    assert await scene.stored()
    assert scene.told() == [MESSAGE.id]


async def test_cancelled_sender_is_sent_all_the_same(scene: Scene) -> None:
    adding = asyncio.ensure_future(scene.add())
    await scene.reached.wait()
    adding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await adding
    await scene.messages.close()
    assert await scene.stored()
    assert scene.told() == [MESSAGE.id]


async def test_door_that_is_away_leaves_the_message_stored(scene: Scene) -> None:
    scene.door.is_away = True
    with pytest.raises(OutcomeUnknown):
        await scene.add()
    assert await scene.stored()


async def test_edit_is_stored_and_told(sent: Scene) -> None:
    assert await edit(sent) == new_message(MESSAGE.id, CHANNEL, content="edited", version=1)
    assert sent.told() == [MESSAGE.id, CHANGED.id]


async def test_edit_of_another_version_is_not_told(sent: Scene) -> None:
    assert await edit(sent, version=7) is None
    assert sent.told() == [MESSAGE.id]
    assert not sent.door.open


async def test_edit_of_a_missing_message_is_not_told(scene: Scene) -> None:
    with pytest.raises(UnknownMessage):
        await edit(scene)
    assert scene.told() == []
    assert not scene.door.open


async def test_refused_edit_is_not_told(sent: Scene) -> None:
    sent.fates = [Fate.REFUSED]
    with pytest.raises(Unavailable):
        await edit(sent)
    assert sent.told() == [MESSAGE.id]
    assert not sent.door.open


async def test_unknown_edit_that_was_done_is_told(sent: Scene) -> None:
    sent.fates = [Fate.UNKNOWN_DONE, Fate.UNKNOWN_LOST, Fate.REFUSED]
    assert await edit(sent) is not None
    assert sent.told() == [MESSAGE.id, CHANGED.id]


@pytest.mark.parametrize("fate", [Fate.UNKNOWN_LOST, Fate.UNKNOWN_LATE])
async def test_unknown_edit_that_was_not_done_never_is(sent: Scene, fate: Fate) -> None:
    sent.fates = [fate]
    assert await edit(sent) is None
    sent.rows.land_late_writes()
    stored = await sent.rows.find(CHANNEL, MESSAGE.id)
    assert stored is not None
    assert stored.content == "hello"
    assert sent.told() == [MESSAGE.id]
    assert not sent.door.open


async def test_edit_that_stays_unknown_is_left_to_the_sweep(sent: Scene) -> None:
    sent.fates = [Fate.UNKNOWN_LATE, *[Fate.REFUSED] * 4]
    sent.write_s = 4.0
    with pytest.raises(OutcomeUnknown):
        await edit(sent)
    assert sent.door.left == set(sent.door.open)
    assert len(sent.door.open) == 1


async def test_edit_whose_opening_is_gone_passes_again(sent: Scene) -> None:
    sent.reached.clear()
    editing = asyncio.ensure_future(edit(sent))
    await sent.reached.wait()
    sent.door.forget()
    await editing
    assert sent.told() == [MESSAGE.id, CHANGED.id]
    assert not sent.door.open


async def test_edit_whose_end_was_not_known_and_is_forgotten_passes_again_later(sent: Scene) -> None:
    sent.door.is_away = True
    with pytest.raises(OutcomeUnknown):
        await edit(sent)
    sent.door.forget()
    sent.door.is_away = False
    await sent.door.end_later()
    assert sent.told() == [MESSAGE.id, CHANGED.id]
    assert not sent.door.open


async def test_edit_that_finds_no_door_to_pass_again_is_told_later(sent: Scene) -> None:
    open_change, tries = sent.door.open_change, list[int]()

    async def refuse_the_second(channel_id: int, pending: Pending) -> int:
        tries.append(pending.version)
        if len(tries) == 2:
            raise Unavailable
        opened_id = await open_change(channel_id, pending)
        if len(tries) == 1:
            sent.door.forget()
        return opened_id

    sent.door.open_change = refuse_the_second  # type: ignore[method-assign]  # to come at that moment
    with pytest.raises(OutcomeUnknown):
        await edit(sent)
    assert sent.told() == [MESSAGE.id]
    await sent.door.end_later()
    assert sent.told() == [MESSAGE.id, CHANGED.id]
    assert tries == [0, 1, 1]


async def test_edit_whose_opening_is_gone_is_not_told_after_a_later_one(sent: Scene) -> None:
    open_change = sent.door.open_change

    async def let_another_come_between(channel_id: int, pending: Pending) -> int:
        opened_id = await open_change(channel_id, pending)
        if pending.version == 0:
            sent.door.forget()
        else:
            await sent.rows.raise_version(CHANNEL, MESSAGE.id, expected_version=1)
        return opened_id

    sent.door.open_change = let_another_come_between  # type: ignore[method-assign]  # to come at that moment
    await edit(sent)
    assert sent.told() == [MESSAGE.id], "whoever has made the later change tells its state"
    assert not sent.door.open


async def test_deletion_is_told_when_something_was_there(sent: Scene) -> None:
    assert await sent.messages.delete(CHANNEL, [MESSAGE.id, flake(2)], [CHANGED]) == [MESSAGE.id]
    assert sent.told() == [MESSAGE.id, CHANGED.id]


async def test_deletion_of_nothing_is_not_told(scene: Scene) -> None:
    assert await scene.messages.delete(CHANNEL, [flake(2)], [CHANGED]) == []
    assert await scene.messages.delete(CHANNEL, [], [CHANGED]) == []
    assert scene.told() == []
    assert not scene.door.open


async def test_deletion_is_told_after_an_edit_that_it_has_overtaken_at_the_door(sent: Scene) -> None:
    sent.reached.clear()
    sent.may_delete.clear()
    deleting = asyncio.ensure_future(sent.messages.delete(CHANNEL, [MESSAGE.id], [DELETED]))
    await sent.reached.wait()
    await edit(sent)
    sent.may_delete.set()
    await deleting
    assert sent.told() == [MESSAGE.id, CHANGED.id, DELETED.id]
    assert not sent.door.open


@pytest.mark.parametrize("fate", [Fate.UNKNOWN_DONE, Fate.UNKNOWN_LOST, Fate.UNKNOWN_LATE])
async def test_unknown_deletion_is_done_and_told(sent: Scene, fate: Fate) -> None:
    sent.fates = [fate]
    assert await sent.messages.delete(CHANNEL, [MESSAGE.id], [CHANGED]) == [MESSAGE.id]
    sent.rows.land_late_writes()
    assert not await sent.stored()
    assert sent.told() == [MESSAGE.id, CHANGED.id]


async def test_mentions_follow_the_message_through_its_life(scene: Scene) -> None:
    bob, carol = flake(2), flake(3)
    message = new_message(flake(1), CHANNEL, guild_id=flake(10), mention_ids=(bob,))
    scene.door.enter(CHANNEL, message.id, flake(10))
    await scene.messages.add(message, [CREATED])
    assert scene.mentions.targets == {message.id: {bob: True}}
    changes = {"mention_ids": (bob, carol)}
    await scene.messages.update(CHANNEL, message.id, changes, expected_version=0, envelopes=[CHANGED])
    assert scene.mentions.targets == {message.id: {bob: True, carol: False}}
    await scene.messages.delete(CHANNEL, [message.id], [DELETED])
    assert scene.mentions.targets == {}


async def test_message_whose_mentions_cannot_be_written_is_left_to_the_sweep(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def put(_: object) -> None:
        scene.clock.advance(20)
        raise Unavailable

    monkeypatch.setattr(scene.mentions, "put", put)
    message = new_message(flake(1), CHANNEL, guild_id=flake(10), mention_everyone=True)
    scene.door.enter(CHANNEL, message.id, flake(10))
    with pytest.raises(OutcomeUnknown):
        await scene.messages.add(message, [CREATED])
    assert scene.told() == []
    assert scene.door.left == {message.id}


@pytest.mark.parametrize("comes_between", ["edit", "deletion"])
async def test_mentions_are_those_of_the_last_change_although_the_first_one_writes_them_last(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, comes_between: str
) -> None:
    message = new_message(flake(1), CHANNEL, guild_id=flake(10))
    scene.door.enter(CHANNEL, message.id, flake(10))
    await scene.messages.add(message, [CREATED])
    replace, second = scene.mentions.replace, {"mention_ids": (flake(3),)}

    async def come_between(edited: Message) -> None:
        monkeypatch.setattr(scene.mentions, "replace", replace)
        if comes_between == "edit":
            await scene.messages.update(CHANNEL, message.id, second, expected_version=1, envelopes=[CHANGED])
        else:
            await scene.messages.delete(CHANNEL, [message.id], [DELETED])
        await replace(edited)

    monkeypatch.setattr(scene.mentions, "replace", come_between)
    first = {"mention_ids": (flake(2),)}
    await scene.messages.update(CHANNEL, message.id, first, expected_version=0, envelopes=[CHANGED])
    assert scene.mentions.targets == ({message.id: {flake(3): False}} if comes_between == "edit" else {})
