"""One attempt in one random guild. It must end as the table says, and give nobody what its caller could not give.

draw a world → store it → send the request → read the world again
                             ├─ refused: nothing has changed
                             └─ done: the caller held all that anybody gained; hidden channels are as they were
"""

import asyncio
from random import Random

import msgspec

from core.domain.channels.channel import Channel
from core.domain.guilds.permissions import Permission
from core_ext.ids import SnowflakeGenerator
from tests.integration.api.rights.random_guild import EVERYTHING, People, World, draw_world, is_synced, load, save
from tests.integration.api.rights.table import TABLE
from tests.support.embedded_api import Actor, ApiUnderTest


class Stage(msgspec.Struct, frozen=True):
    """An API with the accounts of all worlds, and its event loop."""

    api: ApiUnderTest
    actors: dict[int, Actor]
    people: People
    ids: SnowflakeGenerator
    runner: asyncio.Runner

    @classmethod
    async def build(cls, api: ApiUnderTest, ids: SnowflakeGenerator, runner: asyncio.Runner) -> "Stage":
        caller, owner, friend, other, stranger = [await api.register() for _ in range(5)]
        bot = await api.make_bot(friend)
        actors = {int(actor.id): actor for actor in (caller, owner)}
        people = People(*(int(actor.id) for actor in (caller, owner, friend, other, stranger, bot)))
        return cls(api, actors, people, ids, runner)

    def attempt(self, route: str, seed: int) -> None:
        """Try a route once.

        Raises:
            AssertionError: when it does not end as the table says.
        """
        self.runner.run(self._attempt(route, Random(seed)))

    async def _attempt(self, route: str, rng: Random) -> None:
        world = draw_world(rng, self.people, self.ids)
        needed, draw = TABLE[route]
        attempt = draw(world, rng)
        await save(world, self.api.store)
        before = await load(world, self.api.store)
        body = {} if attempt.body is None else {"json": attempt.body}
        answer = await self.actors[world.caller_id].request(attempt.method, attempt.path, **body)
        after = await load(world, self.api.store)
        said = f"{route} needs {needed}; {attempt.body} was answered {answer.status_code} {answer.text}"
        if attempt.is_allowed:
            assert answer.is_success, said
            if after is None:
                return
            assert_still_synced(world, after, attempt.path, said)
            if not world.is_administrator:
                assert_nothing_was_gained(world, after, said)
        else:
            assert answer.status_code in attempt.refused_with, said
            assert after == before, said


def assert_still_synced(before: World, after: World, path: str, said: str) -> None:
    """Raise AssertionError when a channel that the request does not name stops following its category."""
    for channel in before.channels.values():
        parent, changed = before.channels.get(channel.parent_id or 0), after.channels.get(channel.id)
        if parent is None or changed is None or changed.parent_id != parent.id or str(channel.id) in path:
            continue
        if is_synced(channel, parent):
            assert is_synced(changed, after.channels[parent.id]), said


def assert_nothing_was_gained(before: World, after: World, said: str) -> None:
    """Raise AssertionError when a member gained what the caller could not give, or a hidden channel changed.

    Whoever ends a timeout gives nothing: the member has its own permissions again.
    """
    eased = _with_timeouts_of(before, after)
    in_guild = {
        user_id: after.base(user_id) & ~eased.base(user_id) for user_id in before.members.keys() & after.members.keys()
    }
    for gained in in_guild.values():
        assert not gained & ~_given_by_roles(before, None, before.base(before.caller_id)), said
    for channel in before.channels.values():
        changed = after.channels.get(channel.id)
        if not before.may(channel):
            assert changed is not None, said
            assert _without_roles(before, changed) == _without_roles(before, channel), said
        if changed is None:
            continue
        givable = _givable(before, channel)
        for user_id, of_guild in in_guild.items():
            gained = after.overwritten(user_id, changed) & ~eased.overwritten(user_id, channel)
            assert not gained & ~(givable | of_guild), said


def _with_timeouts_of(world: World, other: World) -> World:
    """Return a world whose members are in the timeouts that they have in another one."""
    members = {
        user_id: msgspec.structs.replace(member, timeout_until_ms=other.members[user_id].timeout_until_ms)
        if user_id in other.members
        else member
        for user_id, member in world.members.items()
    }
    return msgspec.structs.replace(world, members=members)


def _givable(world: World, channel: Channel) -> int:
    """Return the permissions that the caller can give others in a channel."""
    held = 0
    if world.may(channel):
        held = world.base(world.caller_id) | world.overwritten(world.caller_id, channel)
        if world.may(channel, Permission.MANAGE_ROLES) and world.is_free_in(channel):
            held = EVERYTHING
    return _given_by_roles(world, channel, held)


def _given_by_roles(world: World, channel: Channel | None, held: int) -> int:
    """Return the permissions of a caller, and those that changes of lower roles can give."""
    if not world.holds(Permission.MANAGE_ROLES):
        return held
    below = {role_id for role_id in world.roles if world.outranks_role(role_id)}
    for role_id in below:
        held |= world.roles[role_id].permissions
    for item in () if channel is None else channel.overwrites:
        held |= item.allow | item.deny if item.id in below else 0
    return EVERYTHING if held & Permission.ADMINISTRATOR else held


def _without_roles(world: World, channel: Channel) -> Channel:
    """Return a channel without the parts that change with the roles and categories around it."""
    below = {
        role_id for role_id in world.roles if world.holds(Permission.MANAGE_ROLES) and world.outranks_role(role_id)
    }
    kept = tuple(item for item in channel.overwrites if item.id not in below)
    return msgspec.structs.replace(channel, overwrites=kept, parent_id=None)
