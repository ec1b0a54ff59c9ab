"""PostgreSQL with one database and one user, both named guildway, and no password.

PostgreSQL refuses to run as root. Root's PostgreSQL therefore runs under the account `postgres`, which the package
makes. Where that account cannot reach the service's folder, such as below /root, the data is in /var/tmp, in a folder
whose name is made of the folder's path.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGINT
from typing import Final

from deploy.services.definition import LOOPBACK, MissingProgram, Program

DATABASE: Final = "guildway"
_ACCOUNT: Final = "postgres"
_PACKAGED: Final = Path("/usr/lib/postgresql")
"""The place of Debian's programs, a folder a version, which are not on the PATH."""

_MISSING: Final = "PostgreSQL is missing: the program initdb (Debian package postgresql)"


class PostgresServer:
    """One PostgreSQL."""

    name: Final = "postgres"
    stop_signal: Final = SIGINT  # ends open connections; SIGTERM waits for them

    def __init__(self, *, folder: Path, port: int, settings: Mapping[str, str] | None = None) -> None:
        """`settings` are further ones of postgresql.conf."""
        self.folder = folder
        self.port = port
        self._settings = settings or {}

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"postgresql://{DATABASE}@{LOOPBACK}:{self.port}/{DATABASE}"

    @property
    def data(self) -> Path:
        """The folder of the database's files."""
        account = _find_account()
        if account is None or _is_reachable(self.folder.resolve(), account):
            return self.folder / "data"
        digest = hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()
        return Path(f"/var/tmp/guildway-postgres-{digest[:12]}")  # noqa: S108 - owned by the account, for it alone

    def prepare(self) -> Program:
        """Make the database if there is none, and return the command."""
        programs = _find_programs()
        if not (self.data / "PG_VERSION").exists():
            self._create(programs)
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "shared_buffers": "32MB",
            **self._settings,
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Program(
            command=[str(programs / "postgres"), "-D", str(self.data), *words],
            account=_account_name(),
        )

    def answers(self) -> bool:
        """Return whether PostgreSQL takes connections."""
        asked = [str(_find_programs() / "pg_isready"), "-q", "-h", LOOPBACK, "-p", str(self.port)]
        return subprocess.run(asked, check=False, capture_output=True).returncode == 0

    def _create(self, programs: Path) -> None:
        """Make the files in a folder beside, and rename it when all is done."""
        unfinished = self.data.with_name(self.data.name + "-unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        account = _find_account()
        if account is not None:
            os.chown(unfinished, account.pw_uid, account.pw_gid)
        _run(
            [programs / "initdb", "-D", unfinished, "-U", DATABASE, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            unfinished,
        )
        _run(
            [programs / "postgres", "--single", "-D", unfinished, "postgres"],
            unfinished,
            f"CREATE DATABASE {DATABASE}\n",
        )
        unfinished.rename(self.data)


def _run(command: Sequence[str | Path], folder: Path, said: str = "") -> None:
    name = _account_name()
    subprocess.run(
        [str(word) for word in command], cwd=folder, input=said, text=True, check=True, capture_output=True,
        user=name, group=name, extra_groups=[] if name else None,
    )  # fmt: skip


def _find_programs() -> Path:
    """Return the folder of the newest version's programs."""
    packaged = [folder for folder in _PACKAGED.glob("*/bin") if (folder / "initdb").exists()]
    if packaged:
        return max(packaged, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0)
    found = shutil.which("initdb")
    if found is None:
        raise MissingProgram(_MISSING)
    return Path(found).parent


def _find_account() -> pwd.struct_passwd | None:
    """Return the account that runs PostgreSQL for root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_ACCOUNT)
    except KeyError:
        raise MissingProgram(f"PostgreSQL does not run as root, and there is no account {_ACCOUNT}") from None


def _account_name() -> str | None:
    account = _find_account()
    return account.pw_name if account else None


def _is_reachable(folder: Path, account: pwd.struct_passwd) -> bool:
    """Return whether the account may pass through all folders on the way."""
    for each in (folder, *folder.parents):
        found = each.stat()
        shift = 6 if found.st_uid == account.pw_uid else 3 if found.st_gid == account.pw_gid else 0
        if not found.st_mode >> shift & 1:
            return False
    return True
