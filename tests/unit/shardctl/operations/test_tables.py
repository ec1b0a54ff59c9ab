"""Tables for people."""

from rich.console import Console

from shardctl.control.decisions import Move
from shardctl.operations import tables
from shardctl.operations.reports import Plan


def test_plan_of_many_shards_names_workers_and_every_shard_in_a_narrow_window() -> None:
    shards = range(0, 300, 2)
    plan = Plan(
        moves=[Move(shard, "worker-1", "worker-2") for shard in shards],
        before={"worker-1": 300, "worker-2": 0},
        after={"worker-1": 150, "worker-2": 150},
    )
    console = Console(width=80, highlight=False)
    with console.capture() as captured:
        console.print(tables.show_plan(plan))
    text = captured.get()
    words = text.replace(",", " ").split()
    assert "worker-1  worker-2  150:" in text
    assert all(str(shard) in words for shard in shards)
    assert "…" not in text
