"""The commands with their flags and help, as Typer reads them from the signatures below.

A command function only returns the work of the command; `shardctl.cli` runs it. Works are imported when they are run:
help and a wrong flag need none of them.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final

import typer

Work = Callable[[], int]
"""A function that does the work of a command and returns the exit status."""

SNOWFLAKE_MAX: Final = 2**63 - 1
_WAIT_S: Final = 120.0
"""The time for a drained worker of hundreds of shards."""


def _check_seconds(seconds: float) -> float:
    """Refuse what Python reads as a number of seconds and nobody can wait for: `nan` and `inf`."""
    if not math.isfinite(seconds):
        raise typer.BadParameter("it is not a number of seconds.")
    return seconds


app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Exit statuses: 0 done, 1 the cluster cannot be asked, or has not done it in time, 2 wrong input or settings,
3 the database is of a newer version, 4 it was made with other numbers, 5 refused, since shards would be left
without a worker, 6 refused, since the cluster must be stopped in order first, 130 interrupted.
\b
`shardctl COMMAND --help` shows the flags and examples of a command.""",
)

Config = Annotated[
    str | None, typer.Option(metavar="FILE", help="The settings that all processes share (GUILDWAY_CONFIG).")
]
Data = Annotated[str | None, typer.Option(metavar="DIR", help="The data folder (GUILDWAY_DATA).")]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; show what would be moved.")]
Timeout = Annotated[
    float,
    typer.Option(
        metavar="SECONDS", min=0, callback=_check_seconds, help="How long to wait until it is done; 0 does not wait."
    ),
]
WorkerName = Annotated[str, typer.Argument(metavar="WORKER", help="The name of a worker.")]
DrainedName = Annotated[str, typer.Argument(metavar="NAME", help="The name of a worker or of a media node.")]
Shard = Annotated[int, typer.Argument(metavar="SHARD", help="The number of a shard.")]


@app.callback()
def shardctl() -> None:
    """Runs the processes of a Guildway cluster, and looks after its shards."""


@app.command(
    epilog="""\b
Examples:
  shardctl up                                   a worker, two APIs, a media node, a controller and a standby
  shardctl up --workers 4 --apis 4 --config /etc/guildway.toml
\b
Workers are pinned to processors where there are two for each.
The file cluster.json in the data folder names every process and server with its addresses."""
)
def up(  # noqa: PLR0913 - the flags of a command
    *,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=256, help="The number of workers, which hold clients' connections.")
    ] = 1,
    apis: Annotated[int, typer.Option(metavar="N", min=1, max=64, help="The number of API processes.")] = 2,
    controllers: Annotated[
        int, typer.Option(metavar="N", min=0, max=8, help="The number of controllers; one leads, others stand by.")
    ] = 2,
    voice: Annotated[
        int,
        typer.Option(metavar="N", min=0, max=64, help="The number of media nodes, none without voice in the settings."),
    ] = 1,
    data: Data = None,
    api: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="The first API process; the others take free ports.")
    ] = None,
    gateway: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="The first worker's gateway; each other one is ten ports further."),
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="The first worker's /metrics and /health; others as above.")
    ] = None,
    config: Config = None,
) -> Work:
    """Start the processes of a cluster on this machine, and start again what dies."""
    flags = {"config": config, "data": data, "api": api, "gateway": gateway, "metrics": metrics}

    def work() -> int:
        from shardctl.running import run_up  # noqa: PLC0415

        return run_up(workers, apis, controllers, voice, flags)

    return work


@app.command(
    epilog="""\b
Examples:
  shardctl controller --config /etc/guildway.toml
  shardctl controller --name controller-2       a standby, on another machine"""
)
def controller(
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="The process's name in the map.")] = "controller",
    data: Data = None,
    metrics: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="/metrics and /health.")] = None,
    config: Config = None,
) -> Work:
    """Decide which worker has which shard, or stand by until the controller that does it has died."""
    _check_name(name)
    flags = {"config": config, "data": data, "metrics": metrics}

    def work() -> int:
        from shardctl.running import run_controller_alone  # noqa: PLC0415

        return run_controller_alone(name, flags)

    return work


@app.command()
def status(*, as_json: Json = False, config: Config = None) -> Work:
    """Show the cluster in a few numbers: who leads, and whether every shard has an owner."""
    return _ask("show_status", config, as_json)


@app.command()
def workers(*, as_json: Json = False, config: Config = None) -> Work:
    """Show the workers with their shards and their load."""
    return _ask("show_workers", config, as_json)


@app.command()
def voice(*, as_json: Json = False, config: Config = None) -> Work:
    """Show the media nodes with their rooms and their load."""
    return _ask("show_voice", config, as_json)


@app.command()
def shards(
    *,
    worker: Annotated[str | None, typer.Option(metavar="NAME", help="Only those of a worker.")] = None,
    as_json: Json = False,
    config: Config = None,
) -> Work:
    """Show each shard with its owner and its epoch."""
    return _ask("show_shards", config, as_json, worker)


@app.command(
    epilog="""\b
Examples:
  shardctl locate 1304839104321552384           a guild, a user or a channel, as clients copy its id"""
)
def locate(
    snowflake: Annotated[
        int, typer.Argument(metavar="ID", min=1, max=SNOWFLAKE_MAX, help="Of a guild, user, channel.")
    ],
    *,
    as_json: Json = False,
    config: Config = None,
) -> Work:
    """Show the shard and the worker of a guild, a user or a channel."""
    return _ask("show_location", config, as_json, snowflake)


@app.command()
def plan(
    *,
    with_rebalance: Annotated[bool, typer.Option("--rebalance", help="As if shards were rebalanced.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> Work:
    """Show which shards are to be moved, and how many each worker has then."""
    return _ask("show_plan", config, as_json, with_rebalance)


@app.command(
    epilog="""\b
Shards move a few at a time (shards.moves_at_once). The controller begins this by itself when a worker has come, or has
become much busier than others, unless shards.auto_rebalance is false. Pinned shards stay where they are."""
)
def rebalance(
    *, dry_run: DryRun = False, timeout: Timeout = _WAIT_S, as_json: Json = False, config: Config = None
) -> Work:
    """Move shards to where a new cluster with the same workers would have them."""
    return _ask("rebalance", config, as_json, dry_run, timeout)


@app.command(
    epilog="""\b
While the command waits the shard is pinned to the worker. Afterwards it stays there until shards are rebalanced, or the
worker dies or is drained; `pin` keeps it there."""
)
def move(
    shard: Shard,
    worker: WorkerName,
    *,
    dry_run: DryRun = False,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=1, callback=_check_seconds, help="How long to wait until it is done."),
    ] = _WAIT_S,
    as_json: Json = False,
    config: Config = None,
) -> Work:
    """Move a shard to a worker, now."""
    return _ask("move", config, as_json, shard, worker, dry_run, timeout)


@app.command()
def pin(
    shard: Shard,
    worker: WorkerName,
    *,
    dry_run: DryRun = False,
    timeout: Timeout = _WAIT_S,
    as_json: Json = False,
    config: Config = None,
) -> Work:
    """Have a shard at a certain worker, whenever that one lives and is not drained."""
    return _ask("pin", config, as_json, shard, worker, dry_run, timeout)


@app.command()
def unpin(shard: Shard, *, dry_run: DryRun = False, as_json: Json = False, config: Config = None) -> Work:
    """Let a pinned shard be anywhere again. It stays where it is until something moves it."""
    return _ask("unpin", config, as_json, shard, dry_run)


@app.command(
    epilog="""\b
A media node is drained by the same command: its rooms go to other nodes, and its clients follow within a moment.
\b
The worker's clients are told to reconnect, 200 a second, and resume at others. Where READY names each worker's own
address for that (gateway.public_url and gateway.resume_url), they would come back to it: they stay until they leave."""
)
def drain(
    worker: DrainedName,
    *,
    dry_run: DryRun = False,
    timeout: Timeout = _WAIT_S,
    as_json: Json = False,
    config: Config = None,
) -> Work:
    """Move all shards and clients off a worker, or all rooms off a media node, which gets none until `undrain`.

    The last one cannot be drained.
    """
    return _ask("drain", config, as_json, worker, dry_run, timeout)


@app.command()
def undrain(worker: DrainedName, *, dry_run: DryRun = False, as_json: Json = False, config: Config = None) -> Work:
    """Let a drained worker have shards again, or a drained media node rooms."""
    return _ask("undrain", config, as_json, worker, dry_run)


@app.command(
    epilog="""\b
Examples:
  shardctl resize 512 --dry-run                 what it would do, and what is in its way
  shardctl resize 512                           after all processes of the cluster were stopped
\b
Shard s of n becomes s and s + n. The cluster must not run, and must have been stopped in order. Clients begin new
sessions afterwards; nothing else is lost. Then write store.num_shards into the settings of all processes. A command
that was ended in the middle is given again; until it is done the cluster can be started as it was."""
)
def resize(
    wanted: Annotated[
        int, typer.Argument(metavar="SHARDS", min=2, max=4096, help="The new number: twice the present one.")
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; show what would be done.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> Work:
    """Double the number of shards of a cluster that does not run."""
    return _ask("resize", config, as_json, wanted, dry_run)


@app.command()
def watch(
    *,
    interval: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.1, callback=_check_seconds, help="The time between two looks."),
    ] = 1.0,
    count: Annotated[int, typer.Option(metavar="N", min=0, help="End after so many looks; 0 goes on.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON for each look.")] = False,
    config: Config = None,
) -> Work:
    """Show the workers, kept current until Ctrl-C."""
    return _ask("watch", config, as_json, interval, count)


@app.command(
    epilog="""\b
Up to --sample of the newest events of each shard are read from Redis, each about a kilobyte."""
)
def top(
    *,
    window: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=1, max=600, callback=_check_seconds, help="Count events of this time."),
    ] = 60.0,
    sample: Annotated[int, typer.Option(metavar="N", min=1, max=5000, help="The events of a shard to read.")] = 200,
    most: Annotated[int, typer.Option("--count", metavar="N", min=1, max=1000, help="The rows to show.")] = 10,
    as_json: Json = False,
    config: Config = None,
) -> Work:
    """Show the busiest guilds and channels, by the newest events."""
    return _ask("show_hot", config, as_json, window, sample, most)


def _ask(name: str, config: str | None, as_json: bool, *arguments: Any) -> Work:  # noqa: FBT001 - of a command line
    """Return the work of a command in `shardctl.operations.works`."""

    def work() -> int:
        from shardctl.operations import works  # noqa: PLC0415

        style = works.Style(as_json)
        return works.run({"config": config}, partial(getattr(works, name), style, *arguments))

    return work


def _check_name(name: str) -> None:
    from core.shards.incarnations import is_name  # noqa: PLC0415

    if not is_name(name):
        raise typer.BadParameter("--name is one word of letters, digits, dots, underscores and hyphens")
