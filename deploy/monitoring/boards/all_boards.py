"""All dashboards, and the files that they are in."""

from pathlib import Path
from typing import Final

from deploy.monitoring.boards.api import API
from deploy.monitoring.boards.cluster import CLUSTER
from deploy.monitoring.boards.gateway import GATEWAY
from deploy.monitoring.boards.overview import OVERVIEW
from deploy.monitoring.boards.stores import STORES
from deploy.monitoring.boards.voice import VOICE
from deploy.monitoring.panels import Board

BOARDS: Final[tuple[Board, ...]] = (OVERVIEW, GATEWAY, API, CLUSTER, STORES, VOICE)
FOLDER: Final = Path(__file__).parents[1] / "grafana" / "dashboards"


def find_file(board: Board) -> Path:
    """Return the file of a dashboard."""
    return FOLDER / f"{board.name}.json"
