"""The commands with their flags and help, as Typer reads them from the signatures below.

A command function only returns the work of the command (`guildway/works.py`); `guildway/cli.py` runs it.

Flags have no defaults here. Missing values come from the environment and the settings file
(`core/runtime/settings/configuration.py`). Help is plain text: with markup Typer would load rich, which takes longer
than the rest of a refusal.
"""

import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from core.shards.incarnations import is_name
from guildway import works
from guildway.admin_commands import app as admin
from guildway.processes.roles import Role
from guildway.version import VERSION

Work = Callable[[], int]
"""A function that does the work of a command and returns the exit status."""

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  guildway run                                  serve, with the data in ./data
  guildway demo                                 fill the running server with a guild
  guildway backup /backup/guildway/             copy all data that is not there yet
\b
`guildway COMMAND --help` shows the flags and examples of a command.""",
)

app.add_typer(admin.app, name="admin")

Data = Annotated[str | None, typer.Option(metavar="DIR", help="The data folder (GUILDWAY_DATA; default: data).")]
Config = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="The settings, see deploy/guildway.example.toml (GUILDWAY_CONFIG)."),
]

Cluster = Annotated[
    bool, typer.Option("--cluster", help="Of the cluster of the settings: PostgreSQL, Cassandra and the files.")
]

Url = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="The server's REST API (default: this machine's, by GUILDWAY_API or the settings)."
    ),
]


def _write_version(asked: bool) -> None:  # noqa: FBT001 - Typer passes the flag so
    if asked:
        print(f"guildway {VERSION} (Python {platform.python_version()})")
        raise typer.Exit


@app.callback()
def guildway(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_write_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """A self-hosted backend that speaks Discord's API v10."""


@app.command(
    epilog="""\b
Examples:
  guildway run
  guildway run --data /var/lib/guildway --config /etc/guildway.toml
  guildway run --api 127.0.0.1:8080 --gateway 127.0.0.1:8081
  GUILDWAY_API=:0 guildway run                  a free port, which the first line names
  guildway run --api unix:/run/guildway/api.sock --gateway unix:/run/guildway/gateway.sock --config /etc/guildway.toml
  guildway run --role api --config cluster.toml  one process of a cluster; `shardctl up` runs them all
\b
A PLACE is HOST:PORT, or unix:PATH for a Unix socket.
\b
Exit statuses: 0 stopped as told, 1 failed while running, 2 something must be changed first,
3 the database is of a newer version, 4 it was made with other numbers, 130 stopped by a second Ctrl-C."""
)
def run(
    *,
    data: Data = None,
    api: Annotated[
        str | None, typer.Option(metavar="PLACE", help="The REST API (GUILDWAY_API; default: 0.0.0.0:8080).")
    ] = None,
    gateway: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="The WebSocket gateway (GUILDWAY_GATEWAY; default: 0.0.0.0:8081)."),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="/metrics and /health (GUILDWAY_METRICS; default: 127.0.0.1:8082)."),
    ] = None,
    voice: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Voice, over TCP and over UDP (GUILDWAY_VOICE; default: 0.0.0.0:8083)."),
    ] = None,
    config: Config = None,
    role: Annotated[
        Role | None,
        typer.Option(
            help="Be one process of a cluster: the API, the gateway's worker, both, or a media node "
            "(default: no cluster)."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --role: the process's name in metrics and logs.")
    ] = None,
) -> Work:
    """Serve until told to stop."""
    if role is None:
        _refuse_with("--role", name=name)
    if name is not None and not is_name(name):
        raise typer.BadParameter("--name is one word of letters, digits, dots, underscores and hyphens")
    flags = {"config": config, "data": data, "api": api, "gateway": gateway, "metrics": metrics, "voice": voice}
    return partial(works.serve, flags, role, name or role or "")


@app.command(
    epilog="""\b
Examples:
  guildway demo                                 the server of this machine
  guildway demo --url http://127.0.0.1:9000
  guildway demo --members 500000 --logins 1000  with the server stopped"""
)
def demo(
    *,
    url: Url = None,
    members: Annotated[
        int | None, typer.Option(metavar="N", help="Instead: a guild of N members, in a stopped server's data.")
    ] = None,
    logins: Annotated[
        int, typer.Option(metavar="N", show_default=False, help="With --members: tokens of so many members.")
    ] = 0,
    data: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="With --members: the data folder (GUILDWAY_DATA; default: data)."),
    ] = None,
    config: Config = None,
) -> Work:
    """Fill a running server with users, a guild and a conversation."""
    if members is None:
        _refuse_with("--members", logins=logins, data=data)
        return partial(works.make_demo, url, {"config": config})
    if url is not None:
        raise typer.BadParameter("--url names a running server, and --members fills the data of a stopped one")
    return partial(works.make_crowd, members, logins, {"config": config, "data": data})


def _refuse_with(needed: str, **given: object) -> None:
    for name, value in given.items():
        if value:
            raise typer.BadParameter(f"--{name} means something only with {needed}")


@app.command(
    epilog="""\b
Examples:
  guildway backup /backup/guildway/             a snapshot of everything; what is there already is not copied again
  guildway backup /backup/guildway/ --keep 30   and remove all but the newest 30 snapshots
  guildway backup s3://backups/guildway         a bucket, with the address and the key of files.s3_*
  guildway backup /backup/guildway/ --verify    read and compare all that is there
  guildway backup /backup/guildway.tar          one file: the database and people's files
  guildway backup /backup/guildway.db           one file: the database alone
  guildway backup /backup/guildway/ --cluster --config cluster.toml   a snapshot of a cluster"""
)
def backup(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="FOLDER/ or s3://BUCKET/PREFIX keeps snapshots. NAME.tar is one file with everything, any other FILE "
            "has the database alone.",
        ),
    ],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE.")] = False,
    keep: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Remove all but the newest N snapshots afterwards.")
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Take none: read all snapshots, and compare them.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Take none: tell which snapshots there are.")] = False,
    cluster: Cluster = False,
    data: Data = None,
    config: Config = None,
) -> Work:
    """Copy the data of a server or a cluster, running or stopped."""
    if verify and list_:
        raise typer.BadParameter("--verify and --list are two commands")
    task = works.BackupTask(target=target, replaces=force, keep=keep, verifies=verify, lists=list_, is_cluster=cluster)
    return partial(works.back_up, task, {"config": config, "data": data})


@app.command(
    epilog="""\b
Examples:
  guildway restore /backup/guildway/ --data /var/lib/guildway-restored
  guildway restore /backup/guildway/ --snapshot 20261128T040000.000Z-0123456789abcdef --data /var/lib/guildway
  guildway restore s3://backups/guildway --data /var/lib/guildway
  guildway restore /backup/guildway.tar --data /var/lib/guildway
  guildway restore /backup/guildway/ --cluster --config cluster.toml   after `guildway migrate` of an empty one
\b
Exit statuses: 0 everything was restored and compared, 2 something must be changed first."""
)
def restore(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="What `guildway backup` has made: a folder, a bucket or a file.")
    ],
    *,
    data: Annotated[
        str | None, typer.Option(metavar="DIR", help="The data folder, which is empty or not there yet.")
    ] = None,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Instead of a folder: the cluster of the settings, which is empty.")
    ] = False,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="With --cluster: remove what an interrupted restore has left in Cassandra."),
    ] = False,
    snapshot: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a folder or a bucket: this snapshot, not the newest.")
    ] = None,
    config: Config = None,
) -> Work:
    """Make a data folder of a backup, or fill an empty cluster from it."""
    if (data is None) is not cluster:
        raise typer.BadParameter("name either a folder with --data, or --cluster")
    if not cluster:
        _refuse_with("--cluster", replace=replace)
    folder = None if data is None else Path(data)
    return partial(works.restore, source, snapshot, folder, {"config": config}, replaces=replace)


@app.command(
    epilog="""\b
Examples:
  guildway export user 1234567890 /tmp/of-ada --data /var/lib/guildway
  guildway export guild 1234567890 /tmp/gardeners --data /var/lib/guildway
  guildway export user 1234567890 /tmp/of-ada --cluster --config cluster.toml
\b
docs/export.md describes the files."""
)
def export(
    kind: Annotated[Literal["user", "guild"], typer.Argument(metavar="user|guild", help="Whose data.")],
    id_: Annotated[int, typer.Argument(metavar="ID", min=1, help="The id of the person or the guild.")],
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A new folder for it.")],
    *,
    cluster: Cluster = False,
    data: Data = None,
    config: Config = None,
) -> Work:
    """Write all that a server or a cluster, running or stopped, has of one person or one guild."""
    return partial(works.export, kind, id_, Path(folder), cluster, {"config": config, "data": data})


@app.command(
    epilog="""\b
Examples:
  guildway health                               the server of this machine
  guildway health --url http://127.0.0.1:9000
\b
Exit statuses: 0 it answers, 1 it does not, 2 nobody could be asked: the address or the settings are wrong."""
)
def health(*, url: Url = None, config: Config = None) -> Work:
    """Ask a running server whether it is alive."""
    return partial(works.ask_health, url, {"config": config})


@app.command(
    epilog="""\b
Examples:
  guildway doctor --data /var/lib/guildway --config /etc/guildway.toml
  guildway doctor --cluster --config /etc/guildway.toml
  guildway doctor --json
\b
Run it as the server's user. Exit statuses: 0 nothing keeps the server from its work, 1 something does."""
)
def doctor(
    *,
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Look at the servers of a cluster too, and at no ports.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Write the findings as JSON.")] = False,
    data: Data = None,
    config: Config = None,
) -> Work:
    """Look at settings, ports, certificates, clocks, disk, open files and servers, and say what to do."""
    return partial(works.examine, cluster, json, {"config": config, "data": data})


@app.command(
    epilog="""\b
Examples:
  guildway migrate --config /etc/guildway.toml               a cluster
  guildway migrate --config /etc/guildway.toml --dry-run     tell what would be done, and change nothing
  guildway migrate --data /var/lib/guildway --dry-run        an embedded server, which may run
  guildway migrate --data /var/lib/guildway                  an embedded server, stopped; its next start does the same
\b
Exit statuses: 0 all is up to date, 2 something must be changed first, 3 a server's tables are of a newer version,
4 they were made with other numbers."""
)
def migrate(
    *,
    data: Annotated[
        str | None, typer.Option(metavar="DIR", help="Instead of a cluster: the data folder of an embedded server.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be done, and change nothing.")] = False,
    config: Config = None,
) -> Work:
    """Make the tables of a cluster's PostgreSQL and Cassandra, or bring them up to date."""
    return partial(works.migrate, {"config": config, "data": data}, dry_run)


@app.command(
    epilog="""\b
Examples:
  guildway import-embedded --data /var/lib/guildway --config /etc/guildway.toml
  guildway import-embedded --data /var/lib/guildway --config /etc/guildway.toml --replace
\b
Exit statuses: 0 everything was moved and compared, 2 nothing is in PostgreSQL and something must be changed first,
3 the data is of a newer version."""
)
def import_embedded(
    *,
    data: Annotated[str, typer.Option(metavar="DIR", help="The data folder of the stopped embedded server.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Remove what an interrupted import has left in Cassandra.")
    ] = False,
    config: Config = None,
) -> Work:
    """Move the data of a stopped embedded server into an empty cluster."""
    return partial(works.import_embedded, Path(data), replace, {"config": config})


@app.command()
def version() -> Work:
    """Print the version."""
    return works.tell_version
