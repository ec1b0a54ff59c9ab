"""A server that speaks S3 over a folder: versitygw. A bucket is a folder in its data."""

import shutil
from pathlib import Path
from signal import SIGTERM
from typing import Final

from deploy.services.definition import LOOPBACK, MissingProgram, Program, ask

_MISSING: Final = "S3 is missing: the program versitygw (go install github.com/versity/versitygw/cmd/versitygw@v1.8.0)"
KEY_ID: Final = "test"
SECRET: Final = "test-secret"  # noqa: S105 - of a server on loopback, with data of tests


class S3Server:
    """One versitygw."""

    name: Final = "s3"
    stop_signal: Final = SIGTERM

    def __init__(self, *, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port

    @property
    def data(self) -> Path:
        """The folder of its buckets."""
        return self.folder / "data"

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"http://{LOOPBACK}:{self.port}"

    def prepare(self) -> Program:
        """Return the command."""
        program = shutil.which("versitygw")
        if program is None:
            raise MissingProgram(_MISSING)
        self.data.mkdir(parents=True, exist_ok=True)
        words = ["--access", KEY_ID, "--secret", SECRET, "--port", f"{LOOPBACK}:{self.port}", "posix", str(self.data)]
        return Program(command=[program, *words])

    def answers(self) -> bool:
        """Return whether it answers: strangers are refused by HTTP."""
        return ask(self.port, b"GET / HTTP/1.0\r\n\r\n", 5) == b"HTTP/"
