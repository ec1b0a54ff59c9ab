"""Reports as tables for people."""

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table

from core.runtime.sockets import format_authority
from core.shards.worker import write_ranges
from core.voice.registered_node import NodeState, RegisteredNode
from shardctl.operations.hot import Hot
from shardctl.operations.reports import Location, Plan, ShardRow, Status, WorkerRow
from shardctl.operations.resizing import Resizing

_PIPE_WIDTH = 200
"""The columns of an output that is no terminal, in which nothing is to be cut off."""


def make_console() -> Console:
    """Make the console of a command's output."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def show_status(status: Status) -> RenderableType:
    """Lay out the state of the cluster."""
    table = Table.grid(padding=(0, 2))
    controller = status.controller or "[red]none leads[/red]"
    drained = f", drained: {', '.join(status.drained)}" if status.drained else ""
    moving = f", {status.moving} moving" if status.moving else ""
    without = status.shards - status.owned
    table.add_row("controller", f"{controller} (term {status.term})")
    table.add_row("shards", f"{status.shards}, [red]{without} without an owner[/red]{moving}" if without else
                  f"{status.shards}, all owned{moving}")  # fmt: skip
    table.add_row("workers", f"{status.workers}{drained}")
    table.add_row("pins", str(status.pins))
    table.add_row("rebalancing", "under way" if status.is_rebalancing else "no")
    table.add_row("map", f"version {status.map_version}")
    return table


def show_workers(rows: Sequence[WorkerRow]) -> RenderableType:
    """Lay out workers."""
    table = _make_table("worker", "state", "shards", "weight", "cpu", "sessions", "events/s", "gateway")
    for row in rows:
        state = f"{row.state}, drained" if row.is_drained else row.state
        load = row.load
        gateway = row.addresses.public_url or row.addresses.gateway
        numbers = (f"{row.shards}", f"{row.weight:g}", f"{load.cpu:.0%}", f"{load.sessions}", f"{load.events_per_s:g}")
        table.add_row(row.name, f"[red]{state}[/red]" if row.state == "dead" else state, *numbers, gateway or "-")
    return table


def show_nodes(rows: Sequence[RegisteredNode]) -> RenderableType:
    """Lay out media nodes."""
    table = _make_table("node", "state", "region", "rooms", "peers", "cpu", "address")
    for row in rows:
        state = f"[red]{row.state}[/red]" if row.state is NodeState.DOWN else row.state.value
        address = format_authority(row.host, row.port)
        table.add_row(row.name, state, row.region or "-", f"{row.rooms}", f"{row.peers}", f"{row.busy:.0%}", address)
    return table


def show_shards(rows: Sequence[ShardRow]) -> RenderableType:
    """Lay out shards."""
    table = _make_table("shard", "worker", "moving to", "pinned to", "epoch")
    for row in rows:
        worker = row.worker or "[red]nobody[/red]"
        table.add_row(str(row.shard), worker, row.moving_to or "-", row.pinned_to or "-", str(row.epoch))
    return table


def show_location(location: Location) -> RenderableType:
    """Lay out where something lives."""
    table = Table.grid(padding=(0, 2))
    place = location.place
    of = "" if location.owner_id == location.id else f" of {location.owner_id}"
    table.add_row(location.kind, f"{location.id}{of}")
    table.add_row("shard", f"{place.shard}, epoch {place.epoch}")
    table.add_row("worker", place.worker or "[red]nobody[/red]")
    if place.moving_to:
        table.add_row("moving to", place.moving_to)
    table.add_row("gateway", location.gateway or "-")
    return table


def show_plan(plan: Plan) -> RenderableType:
    """Lay out moves to come."""
    if not plan.moves:
        return "nothing is to be moved"
    moves = _make_table("from", "to")
    moves.add_column("shards", overflow="fold")
    pairs = sorted({(move.origin, move.target) for move in plan.moves})
    for origin, target in pairs:
        shards = [move.shard for move in plan.moves if (move.origin, move.target) == (origin, target)]
        moves.add_row(origin, target, f"{len(shards)}: {write_ranges(shards).replace(',', ', ')}")
    counts = _make_table("worker", "now", "then")
    for name in sorted(plan.before | plan.after):
        counts.add_row(name, str(plan.before.get(name, 0)), str(plan.after.get(name, 0)))
    return Group(moves, "", counts)


def show_hot(hot: Hot) -> RenderableType:
    """Lay out the busiest guilds and channels."""
    guilds = _make_table("guild", "shard", "events/s", "messages/s")
    for row in hot.guilds:
        guilds.add_row(row.id, str(row.shard), f"{row.events_per_s:g}", f"{row.messages_per_s:g}")
    channels = _make_table("channel", "shard", "events/s", "messages/s")
    for row in hot.channels:
        channels.add_row(row.id, str(row.shard), f"{row.events_per_s:g}", f"{row.messages_per_s:g}")
    return Group(guilds, "", channels)


def show_resizing(plan: Resizing) -> RenderableType:
    """Lay out what a resizing would do."""
    if plan.is_done:
        return f"there are {plan.shards} shards already"
    table = Table.grid(padding=(0, 2))
    table.add_row("shards", f"{plan.shards}, then {plan.wanted}")
    table.add_row("pins", f"{plan.pins}, then {2 * plan.pins}")
    table.add_row("sessions", f"{plan.sessions} begin anew")
    for obstacle in plan.obstacles:
        table.add_row("[red]in its way[/red]", obstacle)
    return table


def _make_table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table
