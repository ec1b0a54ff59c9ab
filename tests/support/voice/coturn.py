"""coturn, a TURN server (Debian package coturn), on loopback, with a secret as `[ice]` has it."""

import shutil
from pathlib import Path
from signal import SIGTERM
from typing import Final

from deploy.services.definition import LOOPBACK, MissingProgram, Program, is_port_taken

SECRET: Final = "south"


class Coturn:
    """One coturn. It listens on TCP and UDP."""

    name: Final = "coturn"
    stop_signal: Final = SIGTERM

    def __init__(self, *, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return self.folder / "data"

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"turn:{LOOPBACK}:{self.port}"

    def prepare(self) -> Program:
        """Return the command. Peers on loopback are allowed, as the media node is there."""
        program = shutil.which("turnserver")
        if program is None:
            raise MissingProgram("coturn is missing: the program turnserver (Debian package coturn)")
        self.data.mkdir(exist_ok=True)
        words = [
            "-n", "--listening-ip", LOOPBACK, "--relay-ip", LOOPBACK, "--listening-port", str(self.port),
            "--realm", "guildway.test", "--use-auth-secret", "--static-auth-secret", SECRET, "--allow-loopback-peers",
            "--no-tls", "--no-dtls", "--no-cli", "--no-rfc5780", "--userdb", str(self.data / "turndb"),
            "--pidfile", str(self.data / "pid"), "--log-file", "stdout",
        ]  # fmt: skip
        return Program(command=[program, *words])

    def answers(self) -> bool:
        """Return whether it listens."""
        return is_port_taken(self.port)
