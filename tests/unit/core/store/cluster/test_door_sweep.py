"""The sweep of the doors: what a dead process has begun is finished or undone, and no late write changes that."""

from collections.abc import Sequence
from typing import Any

import pytest

from core.domain.errors import OutcomeUnknown
from core.domain.message import Message
from core.door.pending import Orphan, Pending, PendingKind
from core.door.redis_openings import OpeningGone
from core.store.cluster.door_sweep import DoorSweep
from core.store.cluster.messages import ClusterMessages
from core.wire.envelope import Envelope
from tests.contract.builders import flake, new_envelope, new_message
from tests.fakes.clock import FakeClock
from tests.fakes.mention_rows import FakeMentionRows
from tests.fakes.message_door import FakeMessageDoor
from tests.fakes.message_rows import FakeMessageRows, Fate

CHANNEL = flake(30)
MESSAGE = new_message(flake(1), CHANNEL)


class Events:
    """Events that say what they are about."""

    async def created(self, message: Message) -> Sequence[Envelope]:
        return [new_envelope(message.id, flake(10), f"created {message.content}")]

    async def updated(self, event_id: int, message: Message) -> Sequence[Envelope]:
        return [new_envelope(event_id, flake(10), f"updated {message.content}")]

    async def deleted(self, event_id: int, channel_id: int, message_ids: Sequence[int]) -> Sequence[Envelope]:
        return [new_envelope(event_id, flake(10), f"deleted {len(message_ids)} in {channel_id - flake(0)}")]


class Scene:
    """A sweep over fakes, and the rows that a dying process has written."""

    def __init__(self) -> None:
        self.door = FakeMessageDoor()
        self.fates: list[Fate] = []
        self.rows = FakeMessageRows(clock=FakeClock(), decide=self._decide)
        self.mentions = FakeMentionRows()
        self.counted: list[tuple[str, str]] = []
        self.sweep = DoorSweep(
            orphans=self.door,
            rows=self.rows,
            mentions=self.mentions,
            events=Events(),
            is_held=lambda: True,
            count=lambda kind, outcome: self.counted.append((kind, outcome)),
        )

    async def _decide(self, _: str) -> Fate:
        return self.fates.pop(0) if self.fates else Fate.DONE

    async def die_in(self, fate: Fate, write: Any) -> None:
        """Make a write whose answer nobody hears."""
        self.fates = [fate]
        with pytest.raises(OutcomeUnknown):
            await write

    async def open_change(self, kind: PendingKind, version: int = 0) -> None:
        await self.door.open_change(CHANNEL, Pending(kind, flake(10), (MESSAGE.id,), version))

    def told(self) -> list[str]:
        return [envelope.event for envelope in self.door.told]


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_stored_message_is_told(scene: Scene) -> None:
    scene.door.enter(CHANNEL, MESSAGE.id)
    await scene.rows.insert(MESSAGE)
    assert await scene.sweep.look() == 1
    assert scene.told() == ["created hello"]
    assert await scene.sweep.look() == 0
    assert scene.counted == [("message", "told")]


@pytest.mark.parametrize("fate", [Fate.UNKNOWN_LOST, Fate.UNKNOWN_LATE])
async def test_message_that_is_not_stored_never_is(scene: Scene, fate: Fate) -> None:
    scene.door.enter(CHANNEL, MESSAGE.id, flake(10))
    await scene.die_in(fate, scene.rows.insert(MESSAGE))
    assert await scene.sweep.look() == 1
    scene.rows.land_late_writes()
    assert await scene.rows.find(CHANNEL, MESSAGE.id) is None
    assert scene.told() == []
    assert not scene.door.open
    assert scene.counted == [("message", "given_up")]


async def test_process_that_was_asleep_undoes_what_was_aborted(scene: Scene) -> None:
    messages = ClusterMessages(rows=scene.rows, mentions=scene.mentions, door=scene.door, clock=FakeClock())
    scene.door.enter(CHANNEL, MESSAGE.id)
    await scene.sweep.look()
    with pytest.raises(OpeningGone):
        await messages.add(MESSAGE, await Events().created(MESSAGE))
    assert await scene.rows.find(CHANNEL, MESSAGE.id) is None


async def test_message_that_is_closed_while_it_is_swept_stays(scene: Scene) -> None:
    """The process was only asleep: it stores and closes after the sweep has looked for the row."""
    scene.door.enter(CHANNEL, MESSAGE.id)
    abort = scene.door.abort_orphan

    async def close_before(orphan: Orphan) -> bool:
        await scene.rows.insert(MESSAGE)
        await scene.door.close(MESSAGE.id, await Events().created(MESSAGE))
        return await abort(orphan)

    scene.door.abort_orphan = close_before  # type: ignore[method-assign]
    await scene.sweep.look()
    assert scene.told() == ["created hello"]
    assert await scene.rows.find(CHANNEL, MESSAGE.id) == MESSAGE


async def test_process_that_was_asleep_has_success_with_what_was_told(scene: Scene) -> None:
    messages = ClusterMessages(rows=scene.rows, mentions=scene.mentions, door=scene.door, clock=FakeClock())
    scene.door.enter(CHANNEL, MESSAGE.id)
    await scene.rows.insert(MESSAGE)
    await scene.sweep.look()
    await messages.add(MESSAGE, await Events().created(MESSAGE))
    assert scene.told() == ["created hello"]
    assert await scene.rows.find(CHANNEL, MESSAGE.id) == MESSAGE


async def test_stored_edit_is_told_as_the_message_is_now(scene: Scene) -> None:
    await scene.rows.insert(MESSAGE)
    await scene.open_change(PendingKind.EDIT)
    await scene.rows.update(CHANNEL, MESSAGE.id, {"content": "one"}, expected_version=0)
    await scene.rows.update(CHANNEL, MESSAGE.id, {"content": "two"}, expected_version=1)
    await scene.sweep.look()
    assert scene.told() == ["updated two"]


@pytest.mark.parametrize("fate", [Fate.UNKNOWN_LOST, Fate.UNKNOWN_LATE])
async def test_edit_that_is_not_stored_never_is(scene: Scene, fate: Fate) -> None:
    await scene.rows.insert(MESSAGE)
    await scene.open_change(PendingKind.EDIT)
    await scene.die_in(fate, scene.rows.update(CHANNEL, MESSAGE.id, {"content": "one"}, expected_version=0))
    await scene.sweep.look()
    scene.rows.land_late_writes()
    stored = await scene.rows.find(CHANNEL, MESSAGE.id)
    assert stored is not None
    assert (stored.content, stored.version) == ("hello", 1)
    assert scene.told() == []
    assert not scene.door.open


async def test_edit_of_a_deleted_message_is_not_told(scene: Scene) -> None:
    await scene.open_change(PendingKind.EDIT)
    await scene.sweep.look()
    assert scene.told() == []
    assert not scene.door.open


async def test_deletion_is_finished_and_told(scene: Scene) -> None:
    await scene.rows.insert(MESSAGE)
    await scene.open_change(PendingKind.DELETE)
    await scene.sweep.look()
    assert await scene.rows.find(CHANNEL, MESSAGE.id) is None
    assert scene.told() == ["deleted 1 in 30"]


async def test_opening_that_cannot_be_ended_stays_and_others_are_ended(scene: Scene) -> None:
    other = new_message(flake(2), CHANNEL)
    await scene.rows.insert(other)
    scene.door.enter(CHANNEL, MESSAGE.id)
    scene.door.enter(CHANNEL, other.id)
    scene.fates = [Fate.REFUSED]
    ended = await scene.sweep.look()
    assert ended == 1
    assert len(scene.door.open) == 1
    assert await scene.sweep.look() == 1
    assert len(scene.told()) == 1, "the one that was stored"


async def test_mentions_of_a_message_whose_process_died_before_writing_them_are_written(scene: Scene) -> None:
    message = new_message(MESSAGE.id, CHANNEL, guild_id=flake(10), mention_everyone=True)
    scene.door.enter(CHANNEL, message.id, flake(10))
    await scene.rows.insert(message)
    await scene.sweep.look()
    assert scene.mentions.targets == {message.id: {flake(10): True}}


async def test_mentions_of_a_deletion_whose_process_died_are_removed(scene: Scene) -> None:
    await scene.mentions.put(new_message(MESSAGE.id, CHANNEL, guild_id=flake(10), mention_everyone=True))
    await scene.rows.insert(MESSAGE)
    await scene.open_change(PendingKind.DELETE)
    await scene.sweep.look()
    assert scene.mentions.targets == {}
