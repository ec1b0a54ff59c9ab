"""Doubling the number of shards of a cluster that does not run.

```
 nothing runs, nothing is left? ─→ lock ─→ Redis: copy, forget sessions, forget logs ─→ PostgreSQL: rows ─→ commit
```

The rows are the last step and one transaction. Until it commits the cluster has the shards that it had, and starts with
them whatever was done in Redis; afterwards it has twice as many. So a command that was ended in the middle, by whatever
means, is simply given again.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from core.bus.heads import decode_heads
from core.redis.address import parse_address
from core.redis.keys import ANY_TAG
from core.shards.incarnations import name_of
from core.store.redis.shard_keys import ShardKeys
from core.store.sql.postgres.shard_rows import ShardRows, open_shard_rows
from shardctl.operations.changes import Progress
from shardctl.operations.desk import Desk
from shardctl.outcomes import NotAtRest, WrongInput

STEPS = 4
MOST_SHARDS = 4096


class Resizing(msgspec.Struct, kw_only=True, frozen=True):
    """What a resizing does, or would do."""

    shards: int
    """The number at present."""
    wanted: int
    is_done: bool
    """Whether the database has the wanted number already."""
    pins: int
    """The pinned shards, of which each becomes two."""
    sessions: int
    """The sessions that begin anew afterwards."""
    obstacles: list[str]
    """Why it would be refused now."""


class _Tools(msgspec.Struct, frozen=True):
    rows: ShardRows
    keys: ShardKeys


async def plan_resize(desk: Desk, wanted: int) -> Resizing:
    """Return what a resizing would do now. Raises WrongInput and Unavailable."""
    async with _open(desk) as tools:
        return await _plan(desk, tools, wanted)


async def resize(desk: Desk, wanted: int, show: Progress = lambda _done, _all: None) -> Resizing:
    """Double the shards; return what was done.

    Raises:
        WrongInput: when the wanted number is not twice the present one.
        NotAtRest: when processes run, or have left work.
    """
    async with _open(desk) as tools:
        plan = await _plan(desk, tools, wanted)
        if plan.is_done:
            return plan
        _refuse(plan)
        async with tools.rows.locked():
            _refuse(await _plan(desk, tools, wanted))  # somebody may have started before the lock
            await _double(tools, plan.shards, show)
        return plan


async def _double(tools: _Tools, shards: int, show: Progress) -> None:
    steps = (
        lambda: tools.keys.copy(shards),
        tools.keys.forget_sessions,
        lambda: tools.keys.forget_logs(shards),
        tools.rows.double,
    )
    for number, step in enumerate(steps):
        show(number, STEPS)
        await step()
    show(STEPS, STEPS)


async def _plan(desk: Desk, tools: _Tools, wanted: int) -> Resizing:
    shards = await tools.rows.count_shards()
    is_done = wanted == shards
    if not is_done:
        _check_number(shards, wanted)
    return Resizing(
        shards=shards,
        wanted=wanted,
        is_done=is_done,
        pins=await tools.rows.count_pins(),
        sessions=0 if is_done else await tools.keys.count_sessions(),
        obstacles=[] if is_done else [text async for text in _find_obstacles(desk, tools, shards)],
    )


def _check_number(shards: int, wanted: int) -> None:
    if not shards:
        raise WrongInput("nothing has used this database yet: write store.num_shards into the settings instead")
    if wanted != 2 * shards or wanted > MOST_SHARDS:
        most = "which is the most" if 2 * shards > MOST_SHARDS else f"which can become {2 * shards}"
        raise WrongInput(f"there are {shards} shards, {most}")


async def _find_obstacles(desk: Desk, tools: _Tools, shards: int) -> AsyncIterator[str]:
    view = await desk.look()
    names = [worker.name for worker in view.workers] + ([name_of(view.leader)] if view.leader else [])
    if names or (names := await tools.keys.list_apis()):
        yield f"processes run: {', '.join(names)}"
    elif connections := await tools.rows.count_connections():
        yield f"processes run, or stand still: PostgreSQL has {connections} connections of theirs"
    if unfinished := await tools.keys.count_unfinished(shards):
        yield f"{unfinished} messages were begun and not ended: start the cluster, and stop it in order"
    heads = decode_heads(await desk.scripts.call("log_heads", ANY_TAG, shards)).shards
    revisions = await tools.rows.fetch_revisions()
    # A log that is not there has nothing to lose: it begins anew with what the database has.
    behind = sum(head.generation != 0 and head.revision < revisions.get(at, 0) for at, head in enumerate(heads))
    if behind:
        yield f"events of {behind} shards have not been told: start the cluster, and stop it in order"


def _refuse(plan: Resizing) -> None:
    if plan.obstacles:
        raise NotAtRest(plan.obstacles[0])


@asynccontextmanager
async def _open(desk: Desk) -> AsyncIterator[_Tools]:
    keys = ShardKeys(parse_address(desk.settings.redis.url))
    try:
        async with open_shard_rows(desk.settings.postgres.url) as rows:
            yield _Tools(rows, keys)
    finally:
        await keys.close()
