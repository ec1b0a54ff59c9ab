"""A server that speaks S3 over a folder: versitygw. A bucket is a folder in its data."""

from collections.abc import Sequence
from pathlib import Path
from signal import SIGTERM
from typing import Final

from deploy.services import versitygw
from deploy.services.definition import LOOPBACK, Program, ask

KEY_ID: Final = "test"
SECRET: Final = "test-secret"  # noqa: S105 - of a server on loopback, with data of tests


class S3Server:
    """One versitygw."""

    name: Final = "s3"
    stop_signal: Final = SIGTERM

    def __init__(self, *, folder: Path, port: int, buckets: Sequence[str] = ()) -> None:
        """`buckets` are there from the start."""
        self.folder = folder
        self.port = port
        self._buckets = buckets

    @property
    def data(self) -> Path:
        """The folder of its buckets."""
        return self.folder / "data"

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"http://{LOOPBACK}:{self.port}"

    def prepare(self) -> Program:
        """Make the buckets and return the command."""
        program = versitygw.find()
        for folder in (self.data, *(self.data / bucket for bucket in self._buckets)):
            folder.mkdir(parents=True, exist_ok=True)
        words = ["--access", KEY_ID, "--secret", SECRET, "--port", f"{LOOPBACK}:{self.port}", "posix", str(self.data)]
        return Program(command=[program, *words])

    def answers(self) -> bool:
        """Return whether it answers: strangers are refused by HTTP."""
        return ask(self.port, b"GET / HTTP/1.0\r\n\r\n", 5) == b"HTTP/"
