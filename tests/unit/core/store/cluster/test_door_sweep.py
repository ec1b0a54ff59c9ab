"""The sweep of the doors: what a dead process has begun is finished or undone, and no late write changes that."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from core.domain.errors import OutcomeUnknown, UnknownMessage
from core.domain.messages.message import Message
from core.domain.messages.reaction import Reaction
from core.door.opened import OpeningGone
from core.door.pending import Orphan, Pending, PendingKind
from core.store.cluster.door_sweep import DoorSweep
from core.store.cluster.messages import ClusterMessages
from core.store.cluster.reaction_sweep import ReactionSweep
from core.store.cluster.reactions import ClusterReactions
from core.wire.envelope import Envelope
from tests.contract.builders import flake, new_envelope, new_message
from tests.fakes.clock import FakeClock
from tests.fakes.mention_rows import FakeMentionRows
from tests.fakes.message_door import FakeMessageDoor
from tests.fakes.message_rows import FakeMessageRows, Fate
from tests.fakes.reaction_events import FakeReactionEvents
from tests.fakes.reaction_rows import FakeReactionRows

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
        self.reactions = FakeReactionRows(has_message=self._has_message)
        self.sweep = DoorSweep(
            orphans=self.door,
            rows=self.rows,
            mentions=self.mentions,
            events=Events(),
            reactions=ReactionSweep(rows=self.reactions, events=FakeReactionEvents(flake(10))),
            is_held=lambda: True,
            count=lambda kind, outcome: self.counted.append((kind, outcome)),
        )

    async def _has_message(self, channel_id: int, message_id: int) -> bool:
        return await self.rows.find(channel_id, message_id) is not None

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


@pytest.mark.parametrize(
    ("kind", "told"),
    [(PendingKind.DELETE, "deleted 1 in 30"), (PendingKind.REACTIONS_REMOVAL, "removed all None")],
)
async def test_what_the_sweep_has_removed_is_told_although_its_process_has_found_nothing_to_remove(
    scene: Scene, kind: PendingKind, told: str
) -> None:
    await add_reaction(scene, flake(99))
    await scene.open_change(kind)
    close = scene.door.close_orphan

    async def end_before(orphan: Orphan, envelopes: Sequence[Envelope]) -> bool:
        """Have the process, which was only asleep, give its opening up."""
        await scene.door.abort(orphan.id)
        return await close(orphan, envelopes)

    scene.door.close_orphan = end_before  # type: ignore[method-assign]
    assert await scene.sweep.look() == 1
    assert scene.told() == [told]
    assert not scene.door.open


@pytest.mark.parametrize("kind", [PendingKind.DELETE, PendingKind.REACTIONS_REMOVAL])
async def test_removal_that_its_process_has_ended_is_not_done_again(scene: Scene, kind: PendingKind) -> None:
    """What came after it would be removed, and nobody told."""
    await scene.open_change(kind)
    orphans = await scene.door.list_orphans()
    await scene.door.abort(orphans[0].id)
    await add_reaction(scene, flake(99))

    async def list_late(*, is_full: bool = False) -> list[Orphan]:
        return [] if is_full else orphans

    scene.door.list_orphans = list_late  # type: ignore[method-assign]
    await scene.sweep.look()
    assert await scene.rows.find(CHANNEL, MESSAGE.id) is not None
    assert await scene.reactions.count(CHANNEL, [MESSAGE.id])
    assert scene.told() == []


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


REACTION = Reaction(channel_id=CHANNEL, message_id=MESSAGE.id, emoji="x", user_id=7)


async def react(scene: Scene, kind: PendingKind) -> int:
    """Open a change of the reaction, of which nobody ends it."""
    return await scene.door.open_change(
        CHANNEL, Pending(kind, flake(10), (MESSAGE.id,), emoji="x", user_id=REACTION.user_id)
    )


async def add_reaction(scene: Scene, change_id: int) -> None:
    if await scene.rows.find(CHANNEL, MESSAGE.id) is None:
        await scene.rows.insert(MESSAGE)
    await scene.reactions.add(msgspec.structs.replace(REACTION, id=change_id), may_begin=True)


async def test_stored_reaction_is_told(scene: Scene) -> None:
    await add_reaction(scene, await react(scene, PendingKind.REACTION))
    assert await scene.sweep.look() == 1
    assert scene.told() == ["added x of 7"]


async def test_reaction_that_was_not_stored_or_by_another_change_is_not_told(scene: Scene) -> None:
    await react(scene, PendingKind.REACTION)
    assert await scene.sweep.look() == 1
    await add_reaction(scene, flake(99))
    await react(scene, PendingKind.REACTION)
    assert await scene.sweep.look() == 1
    assert (scene.told(), scene.door.open) == ([], {})


async def test_removal_is_told_when_the_reaction_is_gone(scene: Scene) -> None:
    await add_reaction(scene, flake(99))
    await react(scene, PendingKind.REACTION_REMOVAL)
    assert await scene.sweep.look() == 1
    assert scene.told() == []
    await scene.reactions.remove(REACTION)
    await react(scene, PendingKind.REACTION_REMOVAL)
    assert await scene.sweep.look() == 1
    assert scene.told() == ["removed x of 7"]


async def test_removal_of_all_is_done_again(scene: Scene) -> None:
    await add_reaction(scene, flake(99))
    await react(scene, PendingKind.REACTIONS_REMOVAL)
    assert await scene.sweep.look() == 1
    assert scene.told() == ["removed all x"]
    assert await scene.reactions.count(CHANNEL, [MESSAGE.id]) == {}


@pytest.mark.parametrize("fate", [Fate.UNKNOWN_DONE, Fate.UNKNOWN_LOST])
async def test_reaction_whose_answer_was_lost_is_stored_and_told_once(scene: Scene, fate: Fate) -> None:
    reactions = ClusterReactions(rows=scene.reactions, door=scene.door, clock=FakeClock())
    await scene.rows.insert(MESSAGE)
    event = new_envelope(5, flake(10))
    scene.reactions.fates = [fate]
    assert await reactions.add(REACTION, [event], may_begin=True)
    assert [each.id for each in scene.door.told] == [5]
    scene.reactions.fates = [fate]
    assert await reactions.remove(REACTION, [new_envelope(6, flake(10))])
    assert [each.id for each in scene.door.told] == [5, 6]
    assert scene.door.open == {}


async def test_reaction_that_is_refused_or_there_already_leaves_no_opening(scene: Scene) -> None:
    reactions = ClusterReactions(rows=scene.reactions, door=scene.door, clock=FakeClock())
    with pytest.raises(UnknownMessage):
        await reactions.add(REACTION, [new_envelope(5, flake(10))], may_begin=True)
    await add_reaction(scene, flake(99))
    assert not await reactions.add(REACTION, [new_envelope(6, flake(10))], may_begin=True)
    assert (scene.door.open, scene.door.told) == ({}, [])


async def test_reaction_whose_opening_was_given_up_is_told_anew_if_it_still_holds(scene: Scene) -> None:
    reactions = ClusterReactions(rows=scene.reactions, door=scene.door, clock=FakeClock())
    await scene.rows.insert(MESSAGE)
    add = scene.reactions.add

    async def add_and_forget(reaction: Reaction, *, may_begin: bool) -> bool:
        scene.door.forget()
        return await add(reaction, may_begin=may_begin)

    scene.reactions.add = add_and_forget  # type: ignore[method-assign] # the sweep comes in the middle
    assert await reactions.add(REACTION, [new_envelope(5, flake(10))], may_begin=True)
    assert [each.id for each in scene.door.told] == [5]
