"""The works of the commands that look at a cluster or change what is wanted of it.

Each opens the connections, does one thing, prints, and returns the exit status. `Style` says how it prints.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from core.domain.errors import Unavailable
from core.runtime.clock import SystemClock
from core.runtime.settings.configuration import load_settings
from shardctl.operations import changes, reports, resizing, tables
from shardctl.operations.desk import Desk, open_desk
from shardctl.operations.hot import find_hot
from shardctl.outcomes import DONE, CommandError, WrongInput

Flags = dict[str, str | None]

_SILENT = logging.NullHandler()


class Style(msgspec.Struct, frozen=True):
    """How a command prints."""

    is_json: bool

    def show(self, report: Any, lay_out: Callable[[Any], RenderableType]) -> None:
        """Print a report."""
        if self.is_json:
            print(msgspec.json.encode(report).decode(), flush=True)
        else:
            tables.make_console().print(lay_out(report))

    def say(self, text: str, **facts: object) -> None:
        """Print what was done: a sentence, or the facts of it."""
        print(msgspec.json.encode(facts).decode() if self.is_json else text, flush=True)


def run(flags: Flags, work: Callable[[Desk], Awaitable[None]]) -> int:
    """Run a work with a desk. Raises CommandError and StartError."""
    settings = load_settings(environ=os.environ, flags=flags)
    # What a command cannot do is told once, in its last line; drivers would tell each of their tries before.
    logging.getLogger("core").addHandler(_SILENT)

    async def run_with_desk() -> None:
        async with open_desk(settings) as desk:
            await work(desk)

    try:
        asyncio.run(run_with_desk())
    except Unavailable as error:
        cause = error.__cause__
        reason = str(getattr(cause, "orig", cause) or error.text).partition("\n")[0]
        raise CommandError(f"the cluster cannot be asked: {reason}") from error
    return DONE


async def show_status(style: Style, desk: Desk) -> None:
    """Show the cluster's state."""
    style.show(reports.describe_status(await desk.look()), tables.show_status)


async def show_workers(style: Style, desk: Desk) -> None:
    """Show the workers."""
    style.show(reports.list_workers(await desk.look()), tables.show_workers)


async def show_voice(style: Style, desk: Desk) -> None:
    """Show the media nodes."""
    style.show((await desk.look()).nodes, tables.show_nodes)


async def show_shards(style: Style, worker: str | None, desk: Desk) -> None:
    """Show the shards."""
    view = await desk.look()
    if worker is not None:
        changes.check_worker(view, worker)
    style.show(reports.list_shards(view, worker), tables.show_shards)


async def show_location(style: Style, snowflake: int, desk: Desk) -> None:
    """Show where something lives."""
    owned = await desk.store.find_owned(snowflake)
    if owned is None:
        raise WrongInput(f"no guild, user or channel has the id {snowflake}")
    style.show(reports.locate(await desk.look(), snowflake, owned), tables.show_location)


async def show_plan(style: Style, rebalances: bool, desk: Desk) -> None:  # noqa: FBT001 - called by partial
    """Show the moves that are to come."""
    view = await desk.look()
    plan = await changes.plan_rebalance(desk) if rebalances else reports.describe_plan(view, view.fleet)
    style.show(plan, tables.show_plan)


async def show_hot(style: Style, window_s: float, sample: int, most: int, desk: Desk) -> None:
    """Show the busiest guilds and channels."""
    hot = await find_hot(
        desk.scripts,
        num_shards=desk.settings.store.num_shards,
        now_ms=SystemClock().now_ms(),
        window_s=window_s,
        sample=sample,
        most=most,
    )
    style.show(hot, tables.show_hot)


async def watch(style: Style, interval_s: float, count: int, desk: Desk) -> None:
    """Show the workers again and again, `count` times, or for ever when it is 0."""
    shown = 0
    with Live(console=tables.make_console(), auto_refresh=False) as live:
        while True:
            rows = reports.list_workers(await desk.look())
            if style.is_json:
                print(msgspec.json.encode(rows).decode(), flush=True)
            else:
                live.update(tables.show_workers(rows), refresh=True)
            shown += 1
            if shown == count:
                return
            await asyncio.sleep(interval_s)


async def drain(style: Style, worker: str, is_dry: bool, timeout_s: float, desk: Desk) -> None:  # noqa: FBT001
    """Drain a worker, or show what that would move."""
    if is_dry:
        style.show(await changes.plan_drain(desk, worker), tables.show_plan)
        return
    with _waiting(style, f"drain {worker}", timeout_s) as waiting:
        await changes.drain(desk, worker, waiting)
    style.say(f"{worker} is {'drained' if timeout_s else 'to be drained'}", worker=worker, drained=bool(timeout_s))


async def undrain(style: Style, worker: str, is_dry: bool, desk: Desk) -> None:  # noqa: FBT001
    """Let a worker have shards again."""
    was_drained = await changes.plan_undrain(desk, worker)
    if was_drained and not is_dry:
        await desk.store.wishes.undrain(worker)
    how = "it gets its share soon" if desk.settings.shards.auto_rebalance else "`shardctl rebalance` brings some back"
    text = f"{worker} {'would' if is_dry else 'may'} have shards again; {how}"
    style.say(text if was_drained else f"{worker} is not drained", worker=worker, was_drained=was_drained)


async def pin(
    style: Style,
    shard: int,
    worker: str,
    is_dry: bool,  # noqa: FBT001
    timeout_s: float,
    desk: Desk,
) -> None:
    """Pin a shard to a worker, or show what that would move."""
    if is_dry:
        style.show(await changes.plan_pin(desk, shard, worker), tables.show_plan)
        return
    with _waiting(style, f"pin {shard}", timeout_s) as waiting:
        await changes.pin(desk, shard, worker, waiting)
    style.say(f"shard {shard} is pinned to {worker}", shard=shard, worker=worker)


async def move(
    style: Style,
    shard: int,
    worker: str,
    is_dry: bool,  # noqa: FBT001
    timeout_s: float,
    desk: Desk,
) -> None:
    """Move a shard to a worker, or show what that would move."""
    if is_dry:
        style.show(await changes.plan_move(desk, shard, worker), tables.show_plan)
        return
    with _waiting(style, f"move {shard}", timeout_s) as waiting:
        await changes.move(desk, shard, worker, waiting)
    style.say(f"{worker} has shard {shard}", shard=shard, worker=worker)


async def unpin(style: Style, shard: int, is_dry: bool, desk: Desk) -> None:  # noqa: FBT001
    """Let a shard be anywhere."""
    if is_dry:
        view = await desk.look()
        changes.check_shard(view, shard)
        was_pinned = shard in (await desk.store.wishes.fetch()).pins
    else:
        was_pinned = await changes.unpin(desk, shard)
    word = "would be" if is_dry else "is"
    text = (
        f"shard {shard} {word} pinned no more, and stays where it is" if was_pinned else f"shard {shard} is not pinned"
    )
    style.say(text, shard=shard, was_pinned=was_pinned)


async def rebalance(style: Style, is_dry: bool, timeout_s: float, desk: Desk) -> None:  # noqa: FBT001
    """Rebalance the shards, or show what that would move."""
    plan = await changes.plan_rebalance(desk)
    if is_dry:
        style.show(plan, tables.show_plan)
        return
    with _waiting(style, "rebalance", timeout_s) as waiting:
        await changes.rebalance(desk, waiting)
    word = "were moved" if timeout_s else "are to be moved"
    style.say(f"{len(plan.moves)} shards {word}", moves=len(plan.moves))


async def resize(style: Style, wanted: int, is_dry: bool, desk: Desk) -> None:  # noqa: FBT001
    """Double the number of shards, or show what that would do."""
    if is_dry:
        style.show(await resizing.plan_resize(desk, wanted), tables.show_resizing)
        return
    with _waiting(style, "resize", 0) as waiting:
        done = await resizing.resize(desk, wanted, waiting.show)
    how = "already" if done.is_done else "now"
    style.say(
        f"there are {wanted} shards {how}; write store.num_shards = {wanted} into the settings of all processes",
        shards=wanted, was_done=done.is_done,
    )  # fmt: skip


@contextmanager
def _waiting(style: Style, what: str, timeout_s: float) -> Iterator[changes.Waiting]:
    """Make a bar for people at a terminal; the others see the end."""
    console = tables.make_console()
    if style.is_json or not console.is_terminal or not sys.stdout.isatty():
        yield changes.Waiting(timeout_s)
        return
    with Progress(TextColumn(what), BarColumn(), MofNCompleteColumn(), console=console) as bar:
        task = bar.add_task(what, total=None)
        yield changes.Waiting(timeout_s, lambda done, most: bar.update(task, completed=done, total=most))
