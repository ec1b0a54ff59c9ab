"""The connection to a real OpenSearch, where one can be had."""

from pathlib import Path

from core.runtime.settings.settings import SearchSettings
from core.store.search.opensearch import OpenSearch
from deploy.services.definition import find_free_port
from deploy.services.opensearch_server import OpenSearchServer
from tests.support.services import QUICK_START, serving


async def test_opensearch_is_well_and_is_missed_when_it_has_ended(tmp_path: Path) -> None:
    service = OpenSearchServer(
        folder=tmp_path, port=find_free_port(), transport_port=find_free_port(), java_options=QUICK_START
    )
    with serving(service, is_demanded=False) as process:
        search = OpenSearch.at(SearchSettings(url=service.address, timeout_s=30))
        try:
            assert await search.find_fault() is None
            assert process.stop()
            assert await search.find_fault() == "OpenSearch cannot be reached"
        finally:
            await search.close()
