"""Redis, with every write on disk before its answer (`appendfsync always`), as the log of a cluster needs it."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from signal import SIGTERM
from typing import Final

from deploy.services.definition import LOOPBACK, MissingProgram, Program, ask

_MISSING: Final = "Redis is missing: the program redis-server (Debian package redis-server)"


class RedisServer:
    """One Redis."""

    name: Final = "redis"
    stop_signal: Final = SIGTERM

    def __init__(self, *, folder: Path, port: int, options: Sequence[str] = ()) -> None:
        """`options` are further arguments, such as `--appendfsync everysec`."""
        self.folder = folder
        self.port = port
        self._options = options

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return self.folder / "data"

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def prepare(self) -> Program:
        """Return the command; Redis makes its files itself, in a folder that is there."""
        program = shutil.which("redis-server")
        if program is None:
            raise MissingProgram(_MISSING)
        self.data.mkdir(exist_ok=True)
        settings = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": str(self.data),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return Program(command=[program, *words, *self._options])

    def answers(self) -> bool:
        """Return whether Redis has read its files and answers."""
        return ask(self.port, b"PING\r\n", 5) == b"+PONG"
