"""Prometheus on loopback, with Guildway's rules and the targets of whoever starts it."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from signal import SIGTERM
from typing import Final

from deploy.services.definition import LOOPBACK, MissingProgram, Program, ask

HERE: Final = Path(__file__).parent
RULES: Final = HERE / "rules"
_MISSING: Final = "Prometheus is missing: the program prometheus (Debian package prometheus)"


class PrometheusServer:
    """One Prometheus."""

    name: Final = "prometheus"
    stop_signal: Final = SIGTERM

    def __init__(
        self, *, folder: Path, port: int, targets: Sequence[str], interval: str = "15s", rules: Path = RULES
    ) -> None:
        """`targets` are addresses of metrics, host and port; `rules` is a folder of rules."""
        self.folder = folder
        self.port = port
        self._targets = targets
        self._interval = interval
        self._rules = rules

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return self.folder / "data"

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"http://{LOOPBACK}:{self.port}"

    def prepare(self) -> Program:
        """Write the configuration and return the command."""
        program = shutil.which("prometheus")
        if program is None:
            raise MissingProgram(_MISSING)
        self.data.mkdir(exist_ok=True)
        configuration = self.folder / "prometheus.yml"
        configuration.write_text(self._configure(), encoding="utf-8")
        return Program(
            command=[
                program,
                f"--config.file={configuration}",
                f"--storage.tsdb.path={self.data}",
                f"--web.listen-address={LOOPBACK}:{self.port}",
                "--log.level=warn",
            ]
        )

    def _configure(self) -> str:
        """The shipped configuration, with other targets and intervals."""
        text = (HERE / "prometheus.yml").read_text(encoding="utf-8")
        targets = ", ".join(f'"{target}"' for target in self._targets)
        changes = {
            "interval: 15s": f"interval: {self._interval}",
            "- rules/": f"- {self._rules}/",
            '["127.0.0.1:8082"]': f"[{targets}]",
        }
        for before, after in changes.items():
            assert before in text, before
            text = text.replace(before, after)
        return text

    def answers(self) -> bool:
        """Return whether Prometheus can be asked."""
        return b" 200 " in ask(self.port, b"GET /-/ready HTTP/1.0\r\n\r\n", 32)
