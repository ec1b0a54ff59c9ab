"""What the tests over a real Redis share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.services.definition import find_free_port
from deploy.services.process import ServiceProcess
from deploy.services.redis_server import RedisServer
from tests.support.services import serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServiceProcess]:
    """A Redis of a test's own, which it may kill."""
    with serving(RedisServer(folder=tmp_path, port=find_free_port())) as process:
        yield process
