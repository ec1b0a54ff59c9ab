"""Grafana on loopback with Guildway's dashboards, for whoever looks at a server on their own machine."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from signal import SIGTERM
from typing import Final

from deploy.monitoring.boards.all_boards import FOLDER
from deploy.services.definition import LOOPBACK, MissingProgram, Program, ask

_PROVISIONING: Final = Path(__file__).parent / "grafana" / "provisioning"
_HOMES: Final = (Path("/usr/share/grafana"), Path("/opt/grafana"))
_MISSING: Final = "Grafana is missing: the program grafana or grafana-server (https://grafana.com/grafana/download)"


class GrafanaServer:
    """One Grafana, which anybody of this machine may look at."""

    name: Final = "grafana"
    stop_signal: Final = SIGTERM

    def __init__(self, *, folder: Path, port: int, prometheus: str) -> None:
        """`prometheus` is the address of the Prometheus that it asks."""
        self.folder = folder
        self.port = port
        self._prometheus = prometheus

    @property
    def data(self) -> Path:
        """The folder of its data."""
        return self.folder / "data"

    @property
    def address(self) -> str:
        """The address for browsers."""
        return f"http://{LOOPBACK}:{self.port}"

    def prepare(self) -> Program:
        """Return the command. Settings are variables, as Grafana reads them."""
        self.data.mkdir(exist_ok=True)
        settings = {
            "GF_SERVER_HTTP_ADDR": LOOPBACK,
            "GF_SERVER_HTTP_PORT": str(self.port),
            "GF_PATHS_DATA": str(self.data),
            "GF_PATHS_PROVISIONING": str(_PROVISIONING),
            "GF_AUTH_ANONYMOUS_ENABLED": "true",
            "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GUILDWAY_PROMETHEUS_URL": self._prometheus,
            "GUILDWAY_DASHBOARDS": str(FOLDER),
        }
        words = [f"{name}={value}" for name, value in settings.items()]
        return Program(command=["env", *words, *_find_command()])

    def answers(self) -> bool:
        """Return whether Grafana answers."""
        return b" 200 " in ask(self.port, b"GET /api/health HTTP/1.0\r\n\r\n", 32)


def _find_command() -> Sequence[str]:
    home = next((each for each in _HOMES if each.exists()), None)
    if home is not None:
        if (program := shutil.which("grafana")) is not None:
            return [program, "server", "--homepath", str(home)]
        if (program := shutil.which("grafana-server")) is not None:
            return [program, "--homepath", str(home)]
    raise MissingProgram(_MISSING)
