"""The works of the commands, which `guildway/commands.py` declares.

Each imports its own modules: the tiers take a while to load, and `guildway --help` or a wrong flag need none of them. A
work reads the settings first, so that a wrong one is told at once, and returns the exit status.
"""

import os
import platform
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import msgspec

from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings
from guildway.addresses import find_api_url
from guildway.invocation import find_invocation
from guildway.outcomes import DONE, FAILED
from guildway.processes.roles import Role
from guildway.version import VERSION

if TYPE_CHECKING:  # see the module's text
    from guildway.data.data_files import DataFiles

Flags = dict[str, str | None]
"""The settings that the command line gives, by name; None for those that it leaves to the environment and the file."""


def _load(flags: Flags) -> Settings:
    from core.runtime.settings.configuration import load_settings  # noqa: PLC0415

    return load_settings(environ=os.environ, flags=flags)


def serve(flags: Flags, role: Role | None, name: str) -> NoReturn:
    """Serve as a single process, or as one of a cluster. The process ends with it, unless it could not start."""
    settings = _load(flags)
    from core.runtime.ending import leave  # noqa: PLC0415
    from guildway.serving import serve as serve_until_told  # noqa: PLC0415

    if role is None:
        from guildway.processes.embedded import open_embedded  # noqa: PLC0415

        leave(serve_until_told(settings, open_embedded))
    if role is Role.VOICE:
        from guildway.processes.voice_role import open_voice_role  # noqa: PLC0415

        leave(serve_until_told(settings, partial(open_voice_role, name=name)))
    from guildway.processes.cluster import open_role  # noqa: PLC0415

    leave(serve_until_told(settings, partial(open_role, role=role, name=name)))


def make_demo(url: str | None, flags: Flags) -> int:
    """Fill a running server."""
    from guildway.demonstration.demo import run_demo  # noqa: PLC0415
    from guildway.rest_client import DemoError, NoServerError  # noqa: PLC0415

    try:
        run_demo(url or find_api_url(_load(flags)), find_invocation(), sys.stdout)
    except NoServerError as error:
        command = find_invocation().command
        raise StartError(f"{error}; start one with `{command} run`, or name another with --url") from error
    except DemoError as error:
        raise StartError(str(error)) from error
    return DONE


def make_crowd(members: int, logins: int, flags: Flags) -> int:
    """Fill the data of a stopped server with a large guild."""
    settings = _load(flags)
    import asyncio  # noqa: PLC0415

    from core.runtime.clock import SystemClock  # noqa: PLC0415
    from core.runtime.logs import configure_logging  # noqa: PLC0415
    from guildway.demonstration.crowd_demo import run_crowd_demo  # noqa: PLC0415

    configure_logging(settings.logging, sys.stderr)
    asyncio.run(run_crowd_demo(settings.store, members=members, logins=logins, clock=SystemClock(), out=sys.stdout))
    return DONE


class BackupTask(msgspec.Struct, kw_only=True, frozen=True):
    """What `guildway backup` is asked for."""

    target: str
    replaces: bool
    keep: int | None
    verifies: bool
    lists: bool
    is_cluster: bool = False


def back_up(task: BackupTask, flags: Flags) -> int:
    """Copy a server's or a cluster's data into a file, or take, list or compare snapshots."""
    settings = _load(flags)
    from guildway.backups.places import is_shelf  # noqa: PLC0415
    from guildway.data.data_files import DataFiles  # noqa: PLC0415

    files = DataFiles.in_folder(Path(settings.store.data_dir))
    if is_shelf(task.target):
        if task.replaces:
            raise StartError("--force replaces a file, and snapshots are kept beside each other")
        import asyncio  # noqa: PLC0415

        asyncio.run(_use_shelf(task, settings, files))
        return DONE
    if task.is_cluster:
        raise StartError("a cluster's snapshots are kept in a folder or a bucket; a folder's name ends with /")
    if task.verifies or task.lists or task.keep is not None:
        raise StartError("--keep, --verify and --list are for folders and buckets; a folder's name ends with /")
    from guildway.data.backup import run_backup  # noqa: PLC0415

    run_backup(files, Path(task.target), replaces=task.replaces, out=sys.stdout)
    _tell_of_bucket(settings)
    return DONE


def _tell_of_bucket(settings: Settings) -> None:
    """Say what a backup of an embedded server lacks."""
    if settings.files.s3_bucket:
        sys.stdout.write(f"the files are in the bucket {settings.files.s3_bucket}, and not in this backup\n")


async def _use_shelf(task: BackupTask, settings: Settings, files: "DataFiles") -> None:
    from core.runtime.clock import SystemClock  # noqa: PLC0415
    from guildway.backups.cluster_original import ClusterOriginal  # noqa: PLC0415
    from guildway.backups.keeping import keep_newest, list_snapshots, verify  # noqa: PLC0415
    from guildway.backups.originals import FolderOriginal  # noqa: PLC0415
    from guildway.backups.places import open_shelf  # noqa: PLC0415
    from guildway.backups.taking import take_snapshot  # noqa: PLC0415

    is_taken = not (task.verifies or task.lists)
    data = files if is_taken else None
    async with open_shelf(task.target, settings.files, is_made=is_taken, data=data) as shelf:
        if task.lists:
            await list_snapshots(shelf, sys.stdout)
            return
        if task.verifies:
            await verify(shelf, sys.stdout)
            return
        clock = SystemClock()
        original = ClusterOriginal(settings, clock=clock) if task.is_cluster else FolderOriginal(files)
        await take_snapshot(original, shelf, clock=clock, out=sys.stdout)
        if not task.is_cluster:
            _tell_of_bucket(settings)
        if task.keep is not None:
            await keep_newest(shelf, task.keep, sys.stdout)


def restore(source: str, snapshot: str | None, folder: Path | None, flags: Flags, *, replaces: bool = False) -> int:
    """Make a data folder of a backup, or fill an empty cluster when no folder is named."""
    settings = _load(flags)
    import asyncio  # noqa: PLC0415

    from core.runtime.clock import SystemClock  # noqa: PLC0415
    from guildway.backups.restoring import restore as restore_into  # noqa: PLC0415
    from guildway.backups.sources import open_source  # noqa: PLC0415

    async def run() -> None:
        async with open_source(source, snapshot, settings.files) as opened:
            if folder is None:
                from guildway.backups.cluster_restoring import restore_cluster  # noqa: PLC0415

                await restore_cluster(opened, settings, replaces=replaces, clock=SystemClock(), out=sys.stdout)
            else:
                await restore_into(opened, folder, sys.stdout)

    asyncio.run(run())
    return DONE


def export(kind: str, owner: int, target: Path, is_cluster: bool, flags: Flags) -> int:  # noqa: FBT001 - called by partial
    """Write what a server or a cluster has of one person or guild."""
    settings = _load(flags)
    import asyncio  # noqa: PLC0415

    from guildway.data.data_files import DataFiles  # noqa: PLC0415
    from guildway.data.export import Kind, run_export  # noqa: PLC0415

    if is_cluster:
        from core.runtime.clock import SystemClock  # noqa: PLC0415
        from guildway.data.cluster_export import run_cluster_export  # noqa: PLC0415

        work = run_cluster_export(Kind(kind), owner, target, settings=settings, clock=SystemClock(), out=sys.stdout)
    else:
        data = DataFiles.in_folder(Path(settings.store.data_dir))
        work = run_export(Kind(kind), owner, target, data=data, settings=settings.files, out=sys.stdout)
    asyncio.run(work)
    return DONE


def migrate(flags: Flags, is_dry: bool) -> int:  # noqa: FBT001 - called by partial
    """Bring a cluster's tables up to date, or those of an embedded server whose folder is named; or tell what to do."""
    settings = _load(flags)
    import asyncio  # noqa: PLC0415

    from core.runtime.logs import configure_logging  # noqa: PLC0415
    from guildway.data.migration import run_migrate  # noqa: PLC0415

    configure_logging(settings.logging, sys.stderr)
    if flags["data"] is None:
        asyncio.run(run_migrate(settings, sys.stdout, is_dry=is_dry))
        return DONE
    from core.runtime.clock import SystemClock  # noqa: PLC0415
    from guildway.processes.embedded_migration import run_embedded_migrate  # noqa: PLC0415

    asyncio.run(run_embedded_migrate(settings.store, clock=SystemClock(), is_dry=is_dry, out=sys.stdout))
    return DONE


def import_embedded(folder: Path, replaces: bool, flags: Flags) -> int:  # noqa: FBT001 - called by partial
    """Move a stopped embedded server's data into a cluster."""
    settings = _load(flags)
    import asyncio  # noqa: PLC0415

    from core.runtime.clock import SystemClock  # noqa: PLC0415
    from core.runtime.logs import configure_logging  # noqa: PLC0415
    from guildway.data.embedded_import import run_import  # noqa: PLC0415

    configure_logging(settings.logging, sys.stderr)
    asyncio.run(run_import(folder, settings, replaces=replaces, clock=SystemClock(), out=sys.stdout))
    return DONE


def ask_health(url: str | None, flags: Flags) -> int:
    """Ask a running server whether it is alive."""
    from guildway.health import NotHealthyError, ask_health  # noqa: PLC0415
    from guildway.rest_client import DemoError  # noqa: PLC0415

    try:
        ask_health(url or find_api_url(_load(flags)))
    except DemoError as error:
        raise StartError(str(error)) from error
    except NotHealthyError as error:
        print(f"guildway: {error}", file=sys.stderr)
        return FAILED
    return DONE


def examine(is_cluster: bool, as_json: bool, flags: Flags) -> int:  # noqa: FBT001 - called by partial
    """Look at all that a server depends on."""
    import asyncio  # noqa: PLC0415

    from guildway.doctor.doctor import examine as examine_all  # noqa: PLC0415
    from guildway.doctor.doctor import report  # noqa: PLC0415

    findings = asyncio.run(examine_all(environ=os.environ, flags=flags, is_cluster=is_cluster))
    return report(findings, sys.stdout, as_json=as_json)


def tell_version() -> int:
    """Print the version."""
    print(f"guildway {VERSION} (Python {platform.python_version()})")
    return DONE
