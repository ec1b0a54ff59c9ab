"""A real Prometheus scrapes every process of a cluster: each panel's query returns data."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
import pytest_asyncio

from deploy.monitoring.boards.all_boards import BOARDS
from deploy.monitoring.panels import WINDOW, Where
from deploy.monitoring.prometheus_server import PrometheusServer
from deploy.services.definition import find_free_port
from tests.support.clusters.cluster import Cluster
from tests.support.services import serving
from tests.support.watcher import Watcher, talking

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUERIES: Final = [
    pytest.param(query.expression, id=f"{board.name}: {panel.title} {query.legend}")
    for board in BOARDS
    for panel in board.panels
    if panel.where is not Where.EMBEDDED
    for query in panel.queries
]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def watcher(shared_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watcher]:
    """The Prometheus, while somebody talks."""
    [api, *_] = shared_cluster.apis()
    async with talking(api, shared_cluster.gateway):
        addresses = [entry["addresses"].get("metrics") for entry in shared_cluster.entries().values()]
        targets = [address.removeprefix("http://") for address in addresses if address]
        service = PrometheusServer(
            folder=tmp_path_factory.mktemp("prometheus"), port=find_free_port(), targets=targets, interval="1s"
        )
        with serving(service):
            watcher = Watcher(service.address)
            await watcher.wait_for(f"count(up == 1) == {len(targets)}")
            yield watcher


@pytest.mark.parametrize("query", QUERIES)
async def test_panels_query_returns_data(watcher: Watcher, query: str) -> None:
    assert await watcher.wait_for(query.replace(WINDOW, "5m"))
